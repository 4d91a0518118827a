"""The migration plan as Markdown, for reading, commenting and signing in a pull request.

Every claim has its place, every line to decide about an id, and nothing changes between two runs on the same source. What only
people know stands as a question with an empty box. Names come from the target and may hold anything: they pass through
:func:`text` or :func:`code`, never straight into the page.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from decompose.model.contexts import Context, ContextMap, Crud, CutForeignKey
from decompose.model.location import Location
from decompose.model.migration import BoundaryEdge, ContextPlan, Decision, MigrationPlan, Operation
from decompose.report.printable import printable
from decompose.report.text import key_counts

TOP = 10
"""Rows shown at once; longer tables fold the rest away."""

_EVIDENCE = 3
_ARROWS = 24
_LISTED = 40

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&!$])")


def plan_markdown(plan: MigrationPlan) -> str:
    """The whole plan as one GitHub-flavoured Markdown document, ending in a newline."""
    view = _View(plan)
    sections = [
        _header(view),
        _one_page(view),
        _context_map(view),
        _ownership(view),
        _foreign_keys(view),
        _transactions(view),
        _interfaces(view),
        _forgotten(view),
        _order(view),
        _runbooks(view),
        _decisions(view),
        _appendix(view),
    ]
    return "\n\n".join("\n".join(section).strip("\n") for section in sections) + "\n"


# --- text that is safe in Markdown --------------------------------------------------------------


def text(value: str) -> str:
    """``value`` as running text on one line: nothing in it is markup, in a table cell neither."""
    return _SPECIAL.sub(r"\\\1", printable(" ".join(value.split())))


def code(value: str) -> str:
    """``value`` as a code span on one line, also inside a table cell; ``""`` for an empty one."""
    line = printable(" ".join(value.split()))
    if not line:
        return ""
    longest = max((len(run) for run in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}".replace("|", "\\|")


def places(found: Iterable[Location], most: int = _EVIDENCE) -> str:
    """The first places as ``path:line``, with the number of those left out."""
    listed = list(dict.fromkeys(found))
    shown = ", ".join(code(str(at)) for at in listed[:most])
    return shown + (f" and {len(listed) - most} more" if len(listed) > most else "")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table; beyond :data:`TOP` rows the rest is folded. Cells must be escaped already."""
    if not rows:
        return ["None."]
    title = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    if len(rows) <= TOP + 2:
        return [*title, *lines]
    rest = len(rows) - TOP
    return [*title, *lines[:TOP], "", f"<details><summary>{rest} more</summary>", "", *title, *lines[TOP:], "", "</details>"]


def _label(value: str) -> str:
    """``value`` inside a quoted Mermaid label."""
    return re.sub(r"[^\w .,:;/()%+-]", lambda found: f"#{ord(found[0])};", printable(" ".join(value.split())))


def _question(number: str, words: str, owner: str) -> str:
    return f"- [ ] **{number}** {words} _(to be answered by: {owner})_"


# --- the plan, indexed --------------------------------------------------------------------------


class _View:
    def __init__(self, plan: MigrationPlan) -> None:
        self.plan = plan
        self.map: ContextMap = plan.context_map
        self.contexts: dict[str, Context] = {context.name: context for context in self.map.contexts}
        self.domain = [context for context in self.map.contexts if context.role != "shared"]
        self.lines = {module.id: module.lines for module in plan.modules}
        self.roles = {module.id: module.role for module in plan.modules}
        owner = {entry.table: entry.owner for entry in self.map.ownership if entry.owner}
        models = {model: owner[table.id] for table in plan.tables if table.id in owner and table.kind == "entity" for model in (table.model, *table.models) if model}
        self.parts = Counter(context for _, context in self.map.definitions)
        # A definition that is not with its module hides the module in its name.
        self.place = {membership.module: membership.context for membership in self.map.memberships} | dict(self.map.definitions) | models
        self.decided: dict[str, Decision] = {decision.id: decision for decision in plan.decisions}
        self.planned: dict[str, ContextPlan] = {context.name: context for context in plan.contexts}
        self.tables = {entry.id: entry for entry in plan.tables}
        self.open = [decision for decision in plan.decisions if decision.state in ("open", "proposed")]
        self.uses = self._uses()

    def context_of(self, name: str) -> str:
        """The context of a definition, module or table id."""
        while name:
            if name in self.place:
                return self.place[name]
            name = name.rpartition(".")[0]
        return ""

    def is_shared(self, definition: str) -> bool:
        """Whether code is shared or outside every context: seeds, tools, wiring."""
        context = self.contexts.get(self.context_of(definition))
        return context is None or context.role == "shared"

    def _uses(self) -> Mapping[tuple[str, str], int]:
        """Places where one context uses another, tests apart."""
        found: Counter[tuple[str, str]] = Counter()
        for context in self.plan.contexts:
            for edge in context.edges:
                user = self.context_of(edge.source) if edge.direction == "in" else ""
                if user and user != context.name and not edge.test and edge.kind not in ("test", "patch", "fixture"):
                    found[user, context.name] += 1
        return found

    def size(self, context: Context) -> str:
        """Modules of code and their lines; definitions that it has in modules of others."""
        modules = [module for module in context.modules if self.roles.get(module) in ("code", "settings")]
        parts = self.parts[context.name]
        size = f"{len(modules)} / {sum(self.lines.get(each, 0) for each in modules)}"
        return size + (f" and {parts} {'definition' if parts == 1 else 'definitions'}" if parts else "")

    def state(self, identifier: str) -> str:
        decision = self.decided.get(identifier)
        if decision is None:
            return ""
        return decision.state + (f" by {text(decision.by)}" if decision.by else "")


# --- sections -----------------------------------------------------------------------------------


def _header(view: _View) -> list[str]:
    plan = view.plan
    rows = [
        ("source digest", code(plan.digest)),
        ("decisions digest", code(plan.config_digest)),
        ("made by", f"decompose {text(plan.version)}" if plan.version else "decompose"),
        ("frameworks", text(", ".join(plan.project.frameworks)) or "none recognised"),
        ("modules", f"{len(plan.modules)}, {sum(view.lines.values())} lines"),
        ("tables", str(len(plan.tables))),
        ("not read", f"{len(plan.failed)} files"),
        ("not followed", f"{len(plan.unresolved)} references"),
        ("decisions", f"{len(view.open)} open or proposed, {len(plan.decisions) - len(view.open)} accepted or waived"),
    ]
    return [f"# Migration plan of {text(plan.project.name)}", "", "| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)]


def _one_page(view: _View) -> list[str]:
    figures = view.map.scores
    first = next((context for context in view.plan.contexts if context.rank == 1), None)
    lines = ["## 1. The decision on one page", ""]
    lines.append(f"**{text(view.map.advice)}**" if view.map.advice else f"The code falls into {figures.contexts} contexts that hold together.")
    lines += [
        "",
        "| figure | value |",
        "| --- | ---: |",
        f"| contexts | {figures.contexts} |",
        f"| modules that have a context | {figures.coverage:.0%} |",
        f"| largest context's share of the modules | {figures.largest_share:.0%} |",
        f"| dependencies that cross contexts | {figures.inter_context_share:.0%} |",
        f"| keys cut | {', '.join(key_counts(key for key in view.map.foreign_keys if key.cut))}, of {len(view.map.foreign_keys)} |",
        f"| transactions cut | {figures.cut_transactions} of {len(view.map.transactions)} |",
        f"| tables with several writing contexts | {figures.contested_tables} of {len(view.map.ownership)} |",
        f"| modularity | {figures.modularity:.2f} |",
        f"| stability (5 % of the evidence left out) | {figures.stability:.2f} |",
        "",
    ]
    if first is not None:
        lines += [f"**First:** {code(first.name)} (score {first.score:.1f}): {text('; '.join(first.reasons))}.", ""]
    risks = _risks(view)
    if risks:
        lines += ["**Largest risks:**", "", *risks, ""]
    lines += [
        "**Before anything is split** (only people can say):",
        "",
        _question("Q-01", "What is to get better by splitting, and how will it be measured?", "product"),
        _question("Q-02", "Would modules with enforced boundaries inside one deployment be enough?", "architecture"),
        _question("Q-03", "Can a team deploy and run a service on its own today: pipeline, monitoring, on-call?", "operations"),
        _question("Q-04", "Which other programs use the database directly (reports, exports, integrations)?", "data"),
    ]
    return lines


def _risks(view: _View) -> list[str]:
    found = [
        (len(each.writing) * (0.5 if view.is_shared(each.definition) else 3.0), f"{each.id}: {code(each.definition)} commits in {len(each.writing)} contexts ({places([each.at])})")
        for each in view.map.transactions
        if each.cut
    ]
    for entry in view.map.ownership:
        if entry.contested:
            writers = ", ".join(text(name) for name, _ in entry.writers)
            found.append((2.0 * len(entry.writers), f"TBL-{text(entry.table)}: written by {writers}"))
    for context in view.plan.contexts:
        waiting = [edge for edge in context.edges if edge.disposition == "decide"]
        if waiting:
            found.append((0.2 * len(waiting), f"{code(context.name)}: {len(waiting)} uses that a person must decide, the first at {places([waiting[0].at])}"))
    cascades = Counter(key.dst for key in view.map.foreign_keys if key.cut and "CASCADE" in key.on_delete)
    for target, count in cascades.items():
        found.append((float(count), f"{code(target)}: {count} cut foreign keys delete rows in other contexts with it"))
    return [f"{number}. {line}" for number, (_, line) in enumerate(sorted(found, key=lambda risk: (-risk[0], risk[1]))[:5], start=1)]


def _context_map(view: _View) -> list[str]:
    relations = _relations(view)
    strongest = sorted(relations, key=lambda pair: (-sum(relations[pair]), pair))[:_ARROWS]
    left_out = len(relations) - len(strongest)
    lines = ["## 2. Context map", "", "Arrows run from user to used: places of use, cut foreign keys (FK), cut transactions (TX)."]
    lines += [f"The {_ARROWS} strongest of {len(relations)}; all are in the table below." if left_out else "", "", "```mermaid", "flowchart LR"]
    numbers = {context.name: f"c{number}" for number, context in enumerate(view.domain)}
    for context in view.domain:
        shape = ("{{", "}}") if context.role == "hub" else ("[", "]")
        lines.append(f'    {numbers[context.name]}{shape[0]}"{_label(context.name)}"{shape[1]}')
    for user, used in sorted(strongest):
        lines.append(f'    {numbers[user]} -->|"{_relation(relations[user, used])}"| {numbers[used]}')
    lines += ["```", ""]
    rows = [
        [
            code(context.name),
            context.role,
            text(context.description),
            view.size(context),
            str(len(context.tables)),
            f"{context.cohesion:.2f}" if context.role != "shared" else "",
            f"{context.own_data:.0%}",
            f"{context.exclusivity:.0%}",
            f"{context.stability:.2f}",
            context.readiness,
            text(context.team),
        ]
        for context in view.map.contexts
    ]
    head = ["context", "role", "what it holds", "modules / lines", "tables", "cohesion", "own data", "exclusivity", "stability", "readiness", "team"]
    lines += table(head, rows)
    head = ["user", "used", "places of use", "cut foreign keys", "cut transactions"]
    lines += ["", "### Relations", "", *table(head, [[code(a), code(b), *(str(n) for n in relations[a, b])] for a, b in relations])]
    lines += ["", "Own data: share of the table accesses in a context's code that go to its own tables. Exclusivity: share of the accesses to its tables that it makes itself (below 33 % weak, above 66 % strong).", ""]
    lines += _changes(view)
    lines += ["### Weakest memberships", ""]
    weak = sorted(
        (m for m in view.map.memberships if m.alternative and not m.pinned and m.confidence < 0.5 and not view.is_shared(m.module) and view.roles.get(m.module) == "code"),
        key=lambda m: (m.confidence, m.module),
    )
    lines += table(
        ["module", "context", "coupling that stays there", "next best"],
        [[code(m.module), code(m.context), f"{m.confidence:.0%}", code(m.alternative)] for m in weak[: 3 * TOP]],
    )
    if view.map.unassigned:
        lines += ["", f"Without a context, for want of any evidence: {', '.join(code(m) for m in view.map.unassigned)}."]
    missing = [context.name for context in view.domain if not context.team]
    if missing:
        lines += ["", _question("Q-05", f"Which team owns {', '.join(code(name) for name in missing)}?", "engineering management")]
    return lines


def _relations(view: _View) -> dict[tuple[str, str], tuple[int, int, int]]:
    """For each pair of domain contexts the places of use, cut foreign keys and cut transactions from the first to the second."""
    keys = Counter((key.src_context, key.dst_context) for key in view.map.foreign_keys if key.cut)
    commits: Counter[tuple[str, str]] = Counter()
    for transaction in view.map.transactions:
        if transaction.cut:
            home = view.context_of(transaction.definition)
            user = home if home in transaction.writing else transaction.writing[0]
            commits.update((user, other) for other in transaction.writing if other != user)
    names = {context.name for context in view.domain}
    pairs = sorted(pair for pair in {*view.uses, *keys, *commits} if set(pair) <= names)
    return {pair: (view.uses.get(pair, 0), keys[pair], commits[pair]) for pair in pairs}


def _relation(counts: tuple[int, int, int]) -> str:
    return ", ".join(f"{count} {noun}" for count, noun in zip(counts, ("uses", "FK", "TX"), strict=True) if count)


def _changes(view: _View) -> list[str]:
    """What differs from the map that was accepted before."""
    if not view.map.changes and not view.map.kept:
        return []
    lines = ["### Changes since the accepted map", ""]
    if not view.map.changes:
        return [*lines, "None.", ""]
    rows = [[each.kind, code(each.subject), code(each.source) or "new", code(each.target) or "gone", text(each.reason)] for each in view.map.changes]
    return [*lines, *table(["what", "name", "from", "to", "because"], rows), ""]


def _ownership(view: _View) -> list[str]:
    lines = ["## 3. Data ownership", "", "One writing context per table. Places are those outside tests and migrations.", ""]
    rows = []
    for entry in sorted(view.map.ownership, key=lambda entry: (not entry.contested, entry.owner, entry.table)):
        evidence = [at for _, found in entry.writers for at in found[:2]] or [at for _, found in entry.readers for at in found[:1]]
        declared = view.tables.get(entry.table)
        identifier = f"TBL-{entry.table}"
        rows.append(
            [
                code(entry.table) + (" **contested**" if entry.contested else ""),
                code(entry.owner) or "nobody",
                ", ".join(f"{text(name)} ({len(found)})" for name, found in entry.writers) or "none seen",
                ", ".join(f"{text(name)} ({len(found)})" for name, found in entry.readers) or "none seen",
                text(entry.reason),
                places([*([declared.at] if declared is not None and declared.at.path else []), *evidence]),
                f"{text(identifier)}: {view.state(identifier)}" if identifier in view.decided else "",
            ]
        )
    lines += table(["table", "owner", "writers (places)", "readers (places)", "why", "evidence", "decision"], rows)
    lines += ["", "### Who creates (C), reads (R), updates (U) and deletes (D) what", "", *_matrix(view)]
    lines += [
        "",
        "### Questions",
        "",
        _question("Q-06", "How often is each shared table read and written, and when is the peak? (`pg_stat_statements`)", "database administration"),
    ]
    return lines


def _matrix(view: _View) -> list[str]:
    names = [context.name for context in view.map.contexts]
    cells = {(cell.table, cell.context): cell for cell in view.map.crud}
    rows = []
    for entry in view.map.ownership:
        users = {name for name in names if (entry.table, name) in cells}
        if len(users - {entry.owner}) == 0:
            continue
        shown = {name: _cell(cells[entry.table, name]) for name in users}
        rows.append([code(entry.table), *(f"**{shown[name]}**" if name in users and name == entry.owner else shown.get(name, "") for name in names)])
    alone = len(view.map.ownership) - len(rows)
    note = f"Places in the code; W writes in a way that the text does not tell. Owner in bold. {alone} tables used by their owner alone are left out."
    return [*table(["table", *(text(name) for name in names)], rows), "", note]


def _cell(cell: Crud) -> str:
    counts = (("C", cell.create), ("R", cell.read), ("U", cell.update), ("D", cell.delete), ("W", cell.write))
    return " ".join(f"{letter}{count}" for letter, count in counts if count)


def _foreign_keys(view: _View) -> list[str]:
    cut = [key for key in view.map.foreign_keys if key.cut]
    lines = ["## 4. Foreign keys across contexts", "", f"Of {len(view.map.foreign_keys)} keys are cut: {', '.join(key_counts(cut))}.", ""]
    rows = []
    for key in cut:
        decision = view.decided.get(key.id)
        rows.append(
            [
                key.id,
                key.kind,
                f"{code(key.src)} → {code(key.dst)}",
                f"{text(key.src_context)} → {text(key.dst_context)}",
                text(key.on_delete) or "not declared",
                places([key.at]),
                _joined(key) or "none seen",
                f"{text(decision.proposal)}: {text(decision.reason)}" if decision else "",
                view.state(key.id),
            ]
        )
    lines += table(["id", "kind", "key", "contexts", "on delete", "declared", "gone through at", "treatment", "state"], rows)
    if cut:
        lines += ["", "### Integrity checks that replace the constraints", "", "```sql"]
        for key in cut:
            source, _, column = key.src.rpartition(".")
            declared = view.tables.get(source)
            if declared is not None and declared.columns and column not in {found.name for found in declared.columns}:
                lines.append(f"-- {key.id}: a join table, checked by the keys on both of its sides")
                continue
            lines.append(f"-- {key.id}: rows that refer to nothing")
            lines.append(f"SELECT count(*) FROM {_sql(source)} s WHERE s.{_sql(column)} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {_sql(key.dst)} t WHERE t.{_sql(_key_of(view, key.dst))} = s.{_sql(column)});")
        lines += ["```"]
    return lines


def _joined(key: CutForeignKey) -> str:
    """The places that go through a key, by what they do."""
    by_kind: dict[str, list[Location]] = {}
    for site in key.joins:
        by_kind.setdefault(site.how, []).append(site.at)
    return "<br>".join(f"{how} ({len(at)}): {places(at)}" for how, at in sorted(by_kind.items()))


def _key_of(view: _View, name: str) -> str:
    declared = view.tables.get(name)
    return next((column.name for column in declared.columns if column.primary_key), "id") if declared else "id"


def _sql(name: str) -> str:
    """A possibly qualified name, quoted for SQL. Backticks are doubled away, for they would end the code block."""
    return ".".join('"' + " ".join(part.replace('"', '""').replace("```", "").split()) + '"' for part in name.split("."))


def _transactions(view: _View) -> list[str]:
    cut = [transaction for transaction in view.map.transactions if transaction.cut]
    lines = ["## 5. Transactions across contexts", "", f"{len(cut)} of {len(view.map.transactions)} transactions write tables of more than one context.", ""]
    owner = {entry.table: entry.owner for entry in view.map.ownership}
    rows = []
    for transaction in cut:
        decision = view.decided.get(transaction.id)
        written = "; ".join(
            f"{text(context)}: {', '.join(code(t) for t in transaction.written if owner.get(t) == context)}" for context in transaction.writing
        )
        ordered = list(dict.fromkeys(f"{name} at {at}" for name, mode, at in transaction.places if mode == "write"))
        rows.append(
            [
                transaction.id,
                f"{code(transaction.definition)} {places([transaction.at])}",
                written,
                ", ".join(code(item) for item in ordered[:6]) + (f" and {len(ordered) - 6} more" if len(ordered) > 6 else ""),
                f"{text(decision.proposal)}: {text(decision.reason)}" if decision else "",
                "; ".join(f"{text(a.choice)} ({text(a.cost)})" for a in decision.alternatives[:2]) if decision else "",
                view.state(transaction.id),
            ]
        )
    lines += table(["id", "where", "writes", "writes seen", "proposal", "instead", "state"], rows)
    if cut:
        lines += ["", _question("Q-07", "Which rule must hold at every moment in each of these, and for how long may it be broken?", "domain experts")]
    return lines


def _interfaces(view: _View) -> list[str]:
    lines = ["## 6. Interfaces per context", ""]
    if not view.plan.contexts:
        return [*lines, "None."]
    for context in sorted(view.plan.contexts, key=lambda plan: plan.name):
        inward = [edge.disposition for edge in context.edges if edge.direction == "in" and not edge.test]
        outward = [edge.disposition for edge in context.edges if edge.direction == "out" and not edge.test]
        lines += [
            f"### {text(context.name)}",
            "",
            f"Uses from outside: {_counts(inward)}. Uses of the outside: {_counts(outward)}.",
            "",
            *table(
                ["operation", "kind", "parameters", "returns", "uses", "from"],
                [_operation(operation) for operation in context.operations],
            ),
        ]
        if context.routes:
            lines += [
                "",
                *table(
                    ["method", "path", "handler", "declared"],
                    [[", ".join(r.methods), code(r.path), code(r.handler), places([r.at])] for r in context.routes],
                ),
            ]
        if context.replicas:
            shadows = "; ".join(f"{code(r.label or r.model)} ({', '.join(code(f.name) for f in r.fields) or 'key only'})" for r in context.replicas)
            lines += ["", f"Shadow rows kept: {shadows}."]
        if context.depends_on:
            lines += ["", f"Calls out to: {', '.join(code(name) for name in context.depends_on)}."]
        lines.append("")
    return lines


def _operation(operation: Operation) -> list[str]:
    parameters = ", ".join(f"{p.name}: {p.type}" + ("?" if p.nullable else "") for p in operation.parameters)
    returns = operation.returns + (" or none" if operation.optional else "")
    return [
        code(operation.name),
        operation.kind + ("" if operation.kind == "query" or operation.idempotent else ", not repeatable"),
        code(parameters),
        code(returns),
        str(operation.uses),
        places(operation.at),
    ]


def _counts(names: Iterable[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(Counter(names).items())) or "none"


_FORMULA = (
    "score = 10 × cohesion + 2 ln(1 + routes and tasks) + ln(1 + test modules)"
    " − 2 ln(1 + uses from outside) − ln(1 + uses of the outside)"
    " − cut foreign keys − 3 × cut transactions − 2 × contested tables − 0.5 × open questions"
)

_FORGOTTEN: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("signals", ("signal",)),
    ("tasks sent", ("task",)),
    ("templates", ("template",)),
    ("URL names", ("url",)),
    ("SQL text", ("sql",)),
    ("admin", ("admin",)),
    ("settings", ("settings",)),
    ("fixtures", ("fixture",)),
    ("patched names in tests", ("patch",)),
)


def _forgotten(view: _View) -> list[str]:
    """What crosses a cut without an import: the list that people forget."""
    lines = ["## 7. What is easily forgotten", ""]
    rows = [row for context in sorted(view.plan.contexts, key=lambda plan: plan.name) for row in _easily_forgotten(context)]
    lines += table(["context", "what", "which", "where"], rows)
    lines += [
        "",
        _question("Q-08", "Which scheduled jobs, imports, exports and scripts outside this repository touch these contexts?", "operations"),
    ]
    return lines


def _easily_forgotten(context: ContextPlan) -> Iterator[list[str]]:
    name = code(context.name)
    for task in context.tasks:
        queue = f", queue {code(task.queue)}" if task.queue else ""
        yield [name, "task", f"{code(task.name)} keeps its name{queue}", places([task.at])]
    for schedule in context.schedules:
        yield [name, "schedule", f"{code(schedule.task)} at {code(schedule.when)}", places([schedule.at])]
    for subscription in context.subscriptions:
        sender = f" of {code(subscription.sender)}" if subscription.sender else ""
        yield [name, "signal handler", f"{code(subscription.handler)} on {code(subscription.signal)}{sender}", places([subscription.at])]
    for variable in context.environment:
        default = f" (default {code(variable.default)})" if variable.default else ""
        yield [name, "environment", code(variable.name) + default, places([variable.at])]
    for external in context.externals:
        yield [name, f"outside: {text(external.kind)}", code(external.text), places([external.at])]
    for title, kinds in _FORGOTTEN:
        found = [edge for edge in context.edges if edge.kind in kinds]
        if found:
            yield [name, title, f"{len(found)}: {_counts(edge.disposition for edge in found)}", places(edge.at for edge in found)]


def _order(view: _View) -> list[str]:
    lines = [
        "## 8. Order of extraction",
        "",
        _FORMULA,
        "",
    ]
    ranked = sorted((context for context in view.plan.contexts if context.rank), key=lambda context: context.rank)
    rows = [
        [str(c.rank), code(c.name), f"{c.score:.1f}", text("; ".join(c.reasons)), ", ".join(code(name) for name in c.depends_on) or "nothing"]
        for c in ranked
    ]
    lines += table(["rank", "context", "score", "terms", "calls out to"], rows)
    left = [context for context in view.plan.contexts if not context.rank]
    shared = [context for context in view.map.contexts if context.role == "shared"]
    if left or shared:
        lines += ["", "### Not worth extracting", ""]
        lines += [f"- {code(context.name)}: {text('; '.join(context.reasons))}" for context in left]
        lines += [f"- {code(c.name)}: shared kernel, stays a library" for c in shared if c.name not in view.planned]
    return lines


def _runbooks(view: _View) -> list[str]:
    lines = ["## 9. Steps per service", "", "Each step ships alone. The last one from which the way back loses nothing is marked.", ""]
    for context in view.plan.contexts:
        if not context.rank or not context.steps:
            continue
        lines += [f"### {context.rank}. {text(context.name)}", ""]
        rows = []
        for step in context.steps:
            waits = f"<br>waits for {', '.join(code(edge) for edge in step.blocked_by[:5])}" if step.blocked_by else ""
            if len(step.blocked_by) > 5:
                waits += f" and {len(step.blocked_by) - 5} more"
            mark = " **(last safe point)**" if step.last_safe else ""
            rows.append([code(step.id), text(step.title) + mark + waits, code(step.command), text(step.proof), text(step.reverse)])
        lines += table(["step", "what changes", "command", "proof", "way back"], rows)
        lines += ["", _question(f"Q-{context.name}", "Who takes these steps, when, and who may stop them?", "team lead"), ""]
    return lines if len(lines) > 4 else [*lines, "None."]


def _decisions(view: _View) -> list[str]:
    lines = ["## 10. Decisions", "", "Accept or change one with `[[decisions]]` in `decompose.toml`: `id`, `choice`, `reason`, `by`. Uses of single contexts are in the appendix.", ""]
    by_kind: dict[str, list[Decision]] = {}
    for decision in view.plan.decisions:
        if decision.kind != "edge":
            by_kind.setdefault(decision.kind, []).append(decision)
    for kind, found in sorted(by_kind.items()):
        rows = [
            [
                code(decision.id),
                text(decision.subject),
                f"{text(decision.proposal)}: {text(decision.reason)}",
                "; ".join(f"{text(a.choice)}: {text(a.cost)}" for a in decision.alternatives),
                decision.state + (f" by {text(decision.by)}" if decision.by else ""),
                places(decision.evidence),
            ]
            for decision in found
        ]
        lines += [f"### {kind.capitalize()} ({len(found)})", "", *table(["id", "subject", "proposal", "instead, at what cost", "state", "evidence"], rows), ""]
    lines += ["### Sign-off", "", "| role | name | date | accepted sections |", "| --- | --- | --- | --- |"]
    lines += [f"| {role} | | | |" for role in ("architect", "team lead", "data owner", "operations")]
    return lines


def _appendix(view: _View) -> list[str]:
    lines = ["## Appendix: what the analysis could not see", ""]
    if view.plan.failed:
        lines += ["### Files not read", "", *table(["file", "cause"], [[code(f"{f.path}:{f.line}"), text(f.reason)] for f in view.plan.failed]), ""]
    counts = Counter((entry.kind, entry.reason) for entry in view.plan.unresolved)
    first: dict[tuple[str, str], list[Location]] = {}
    for entry in view.plan.unresolved:
        first.setdefault((entry.kind, entry.reason), []).append(entry.at)
    rows = [[text(kind), text(reason), str(count), places(first[kind, reason])] for (kind, reason), count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    lines += ["### References not followed", "", *table(["kind", "reason", "count", "where"], rows), ""]
    lines += ["### Uses that a person must decide"]
    for context in sorted(view.plan.contexts, key=lambda plan: plan.name):
        waiting = [edge for edge in context.edges if edge.disposition == "decide"]
        if waiting:
            lines += ["", f"#### {text(context.name)} ({len(waiting)})", ""]
            lines += table(["id", "kind", "from", "to", "why", "where"], [_waiting(edge) for edge in waiting[:_LISTED]])
            if len(waiting) > _LISTED:
                lines += ["", f"{len(waiting) - _LISTED} more are in the saved plan."]
    return [*lines, *_loops(view)]


def _loops(view: _View) -> list[str]:
    """Calls that a loop makes once for each turn: over a network each of them costs its time."""
    lines: list[str] = []
    for context in sorted(view.plan.contexts, key=lambda plan: plan.name):
        looped = [edge for edge in context.edges if edge.loop and edge.disposition == "operation" and edge.kind != "exception"]
        if looped:
            rows = [[code(edge.id), code(edge.operation), f"line {edge.loop}", code(edge.batch) if edge.batch else "", places([edge.at])] for edge in looped]
            lines += ["", f"#### {text(context.name)} ({len(looped)})", "", *table(["id", "operation", "loop", "all in one call", "where"], rows[:_LISTED])]
            if len(looped) > _LISTED:
                lines += ["", f"{len(looped) - _LISTED} more are in the saved plan."]
    return ["", "### Calls in loops", *lines] if lines else []


def _waiting(edge: BoundaryEdge) -> list[str]:
    return [code(edge.id), f"{edge.direction} {edge.kind}", code(edge.source), code(edge.target), text(edge.reason), places([edge.at])]
