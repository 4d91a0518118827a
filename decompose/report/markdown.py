"""The migration plan as Markdown, for reading, commenting and signing in a pull request.

Every claim has its place, every line to decide about an id, and nothing changes between two runs on the same source. What only
people know stands as a question with an empty box and whoever can answer it. What is, stands here; what has to be done, in
:mod:`decompose.report.undertaking`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from decompose.model.contexts import Crud, CutForeignKey, Scores
from decompose.model.location import Location
from decompose.model.lock import PlanLock
from decompose.model.migration import BoundaryEdge, ContextPlan, Decision, Entity, MigrationPlan, Operation
from decompose.model.target import Target
from decompose.report import undertaking
from decompose.report.markup import TOP, code, counts, label, places, table, text
from decompose.report.planview import PlanView, Question, counted, told
from decompose.report.text import about_others, key_counts, plural

_ARROWS = 24
_LISTED = 40
_CROSSINGS = 200
"""Uses across the cut that are listed; all of them are in the plan as JSON."""


def plan_markdown(plan: MigrationPlan, target: Target | None = None, lock: PlanLock | None = None) -> str:
    """The whole plan as one GitHub-flavoured Markdown document, ending in a newline.

    ``target`` says where services run, ``lock`` what is signed.
    """
    return _document(PlanView(plan, target or Target(), lock))


def questions(plan: MigrationPlan, target: Target | None = None, lock: PlanLock | None = None) -> tuple[Question, ...]:
    """What the document asks of people, by number."""
    view = PlanView(plan, target or Target(), lock)
    _document(view)
    return _by_number(view)


def _by_number(view: PlanView) -> tuple[Question, ...]:
    return tuple(sorted(view.questions, key=lambda asked: (not asked.number[2:].isdigit(), asked.number)))


def _document(view: PlanView) -> str:
    sections = (
        ("The decision on one page", _one_page),
        ("Context map", _context_map),
        ("Data ownership", _ownership),
        ("Foreign keys across contexts", _foreign_keys),
        ("Transactions across contexts", _transactions),
        ("Interfaces per context", _interfaces),
        ("Events", undertaking.events),
        ("What is easily forgotten", _forgotten),
        ("Effort and risk per context", undertaking.effort),
        ("Order of extraction", _order),
        ("Where the services run", undertaking.target),
        ("Steps per service", _runbooks),
        ("What proves a step", undertaking.validation),
        ("What to watch", undertaking.observability),
        ("Who decides and who runs it", undertaking.people),
        ("Decisions, questions and signatures", _decisions),
    )
    pages = [_header(view), *([f"## {number}. {title}", "", *section(view)] for number, (title, section) in enumerate(sections, start=1)), _appendix(view)]
    return "\n\n".join("\n".join(page).strip("\n") for page in pages) + "\n"


# --- sections -----------------------------------------------------------------------------------


def _header(view: PlanView) -> list[str]:
    plan = view.plan
    rows = [
        ("source digest", code(plan.digest)),
        ("decisions digest", code(plan.config_digest)),
        ("for programs", "`.decompose/plan.json`, of which this page is a reading"),
        ("made by", f"decompose {text(plan.version)}" if plan.version else "decompose"),
        ("frameworks", text(", ".join(plan.project.frameworks)) or "none recognised"),
        ("modules", f"{len(plan.modules)}, {sum(view.lines.values())} lines"),
        ("tables", str(len(plan.tables))),
        ("not read", plural(len(plan.failed), "file")),
        ("not followed", plural(len(plan.unresolved), "reference")),
        ("tables without a writer in the code", str(sum(not entry.writers for entry in view.map.ownership))),
        ("decisions", counted(plan.decisions)),
        ("signed", _signed(view)),
    ]
    return [f"# Migration plan of {text(plan.project.name)}", "", "| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)]


def _signed(view: PlanView) -> str:
    if view.lock is None:
        return "nothing yet: `decompose plan --accept`"
    people = sorted({each.by for each in view.lock.accepted})
    return f"{len(view.lock.accepted)} parts, by {text(', '.join(people))}"


_CROSSED = {"D201": "import", "D207": "call", "D203": "table read", "D202": "table write", "D204": "key", "D205": "transaction"}


def _crossed(view: PlanView) -> str:
    """Uses across the cut by kind: a use that is made at many places counts once."""
    kinds = Counter[str](each.rule for each in view.plan.crossings)
    return ", ".join(plural(kinds[rule], noun) for rule, noun in _CROSSED.items() if kinds[rule]) or "none"


def _one_page(view: PlanView) -> list[str]:
    figures = view.map.scores
    first = next((context for context in view.plan.contexts if context.rank == 1), None)
    lines = []
    lines.append(f"**{text(view.map.advice)}**" if view.map.advice else f"The code falls into {figures.contexts} contexts that hold together.")
    lines += [
        "",
        "| figure | value |",
        "| --- | ---: |",
        f"| contexts | {figures.contexts} |",
        f"| modules that have a context | {figures.coverage:.0%} |",
        f"| largest context's share of the modules | {figures.largest_share:.0%} |",
        f"| dependencies that cross contexts | {figures.inter_context_share:.0%} |",
        f"| uses across the cut | {_crossed(view)} |",
        f"| keys cut | {', '.join(key_counts(key for key in view.map.foreign_keys if key.cut))}, of {len(view.map.foreign_keys)} |",
        f"| transactions cut | {figures.cut_transactions} of {len(view.map.transactions)} |",
        f"| tables with several writing contexts | {figures.contested_tables} of {len(view.map.ownership)} |",
        f"| modularity | {figures.modularity:.2f} |",
        f"| stability (5 % of the evidence left out) | {figures.stability:.2f} |",
        f"| sizes of the extractions | {undertaking.sizes(view)} |",
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
        view.ask("Q-01", "What is to get better by splitting, and how will it be measured?", "product"),
        view.ask("Q-02", "Would modules with enforced boundaries inside one deployment be enough?", "architecture"),
        view.ask("Q-03", "Can a team deploy and run a service on its own today: pipeline, monitoring, on-call?", "operations"),
        view.ask("Q-04", "Which other programs use the database directly (reports, exports, integrations)?", "data"),
    ]
    return lines


def _risks(view: PlanView) -> list[str]:
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


def _context_map(view: PlanView) -> list[str]:
    relations = _relations(view)
    strongest = sorted(relations, key=lambda pair: (-sum(relations[pair]), pair))[:_ARROWS]
    left_out = len(relations) - len(strongest)
    lines = [f"The cut is {'signed by ' + view.signed('map') if view.signed('map') else 'not signed'}.", "", "Arrows run from user to used: places of use, cut foreign keys (FK), cut transactions (TX)."]
    lines += [f"The {_ARROWS} strongest of {len(relations)}; all are in the table below." if left_out else "", "", "```mermaid", "flowchart LR"]
    numbers = {context.name: f"c{number}" for number, context in enumerate(view.domain)}
    for context in view.domain:
        shape = ("{{", "}}") if context.role == "hub" else ("[", "]")
        lines.append(f'    {numbers[context.name]}{shape[0]}"{label(context.name)}"{shape[1]}')
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
            _instability(relations, context.name) if context.role != "shared" else "",
            context.readiness,
            text(context.team),
        ]
        for context in view.map.contexts
    ]
    head = ["context", "role", "what it holds", "modules / lines of code", "tables", "cohesion", "own data", "exclusivity", "stability", "instability", "readiness", "team"]
    lines += table(head, rows)
    head = ["user", "used", "places of use", "cut foreign keys", "cut transactions", "relation"]
    lines += ["", "### Relations", "", *table(head, [[code(a), code(b), *(str(n) for n in relations[a, b]), _kind(relations, a, b)] for a, b in relations])]
    lines += ["", "Own data: share of the table accesses in a context's code that go to its own tables. Exclusivity: share of the accesses to its tables that it makes itself (below 33 % weak, above 66 % strong). Instability: places where it uses others, of all places on its edge; 0 is used only, 1 uses only.", ""]
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
        lines += ["", view.ask("Q-05", f"Which team owns {', '.join(code(name) for name in missing)}?", "engineering management")]
    return lines


def _relations(view: PlanView) -> dict[tuple[str, str], tuple[int, int, int]]:
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


def _kind(relations: dict[tuple[str, str], tuple[int, int, int]], user: str, used: str) -> str:
    """What two contexts are to one another: the sides of a commit are partners, users of one another can only change together."""
    if relations[user, used][2] or relations.get((used, user), (0, 0, 0))[2]:
        return "partners: they commit together"
    return "mutual" if (used, user) in relations else "upstream is " + code(used)


def _instability(relations: dict[tuple[str, str], tuple[int, int, int]], name: str) -> str:
    out = sum(sum(found) for (user, _), found in relations.items() if user == name)
    inward = sum(sum(found) for (_, used), found in relations.items() if used == name)
    return f"{out / (out + inward):.2f}" if out + inward else ""


def _relation(counts: tuple[int, int, int]) -> str:
    return ", ".join(f"{count} {noun}" for count, noun in zip(counts, ("uses", "FK", "TX"), strict=True) if count)


def _changes(view: PlanView) -> list[str]:
    """What differs from the map that was accepted before."""
    if not view.map.changes and not view.map.kept:
        return []
    lines = ["### Changes since the accepted map", ""]
    if not view.map.changes:
        return [*lines, "None.", ""]
    rows = [[each.kind, code(each.subject), code(each.source) or "new", code(each.target) or "gone", text(each.reason)] for each in view.map.changes]
    return [*lines, *table(["what", "name", "from", "to", "because"], rows), ""]


def _ownership(view: PlanView) -> list[str]:
    lines = ["One writing context per table. Places are those outside tests and migrations.", *_standing(view, "table"), ""]
    rows: list[list[str]] = []
    common: list[list[str]] = []
    for entry in sorted(view.map.ownership, key=lambda entry: (not entry.contested, entry.owner, entry.table)):
        evidence = [at for _, found in entry.writers for at in found[:2]] or [at for _, found in entry.readers for at in found[:1]]
        declared = view.tables.get(entry.table)
        identifier = f"TBL-{entry.table}"
        owner = view.contexts.get(entry.owner)
        (common if owner is None or owner.role == "shared" else rows).append(
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
    head = ["table", "owner", "writers (places)", "readers (places)", "why", "evidence", "decision"]
    lines += table(head, rows)
    if common:
        lines += ["", "### Tables of shared code and of nobody", "", "The column *why* says what becomes of each.", "", *table(head, common)]
    lines += ["", "### Who creates (C), reads (R), updates (U) and deletes (D) what", "", *_matrix(view)]
    lines += [
        "",
        "### Questions",
        "",
        view.ask("Q-06", "How often is each shared table read and written, and when is the peak? (`pg_stat_statements`)", "database administration"),
    ]
    return lines


def _matrix(view: PlanView) -> list[str]:
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


def _foreign_keys(view: PlanView) -> list[str]:
    cut = [key for key in view.map.foreign_keys if key.cut]
    lines = [f"Of {len(view.map.foreign_keys)} keys are cut: {', '.join(key_counts(cut))}.", *_standing(view, "foreign-key"), ""]
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


def _standing(view: PlanView, kind: str) -> list[str]:
    found = view.standing(kind)
    return ["", found] if found else []


def _joined(key: CutForeignKey) -> str:
    """The places that go through a key, by what they do."""
    by_kind: dict[str, list[Location]] = {}
    for site in key.joins:
        by_kind.setdefault(site.how, []).append(site.at)
    return "<br>".join(f"{how} ({len(at)}): {places(at)}" for how, at in sorted(by_kind.items()))


def _key_of(view: PlanView, name: str) -> str:
    declared = view.tables.get(name)
    return next((column.name for column in declared.columns if column.primary_key), "id") if declared else "id"


def _sql(name: str) -> str:
    """A possibly qualified name, quoted for SQL. Backticks are doubled away, for they would end the code block."""
    return ".".join('"' + " ".join(part.replace('"', '""').replace("```", "").split()) + '"' for part in name.split("."))


def _transactions(view: PlanView) -> list[str]:
    cut = [transaction for transaction in view.map.transactions if transaction.cut]
    lines = [f"{len(cut)} of {len(view.map.transactions)} transactions write tables of more than one context.", *_standing(view, "transaction"), ""]
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
                f"{len(transaction.writing)} of {len(transaction.contexts)}",
                written,
                ", ".join(code(item) for item in ordered[:6]) + (f" and {len(ordered) - 6} more" if len(ordered) > 6 else ""),
                f"{text(decision.proposal)}: {text(decision.reason)}" if decision else "",
                "; ".join(f"{text(a.choice)} ({text(a.cost)})" for a in decision.alternatives[:2]) if decision else "",
                view.state(transaction.id),
            ]
        )
    lines += table(["id", "where", "contexts that it writes in", "writes", "writes seen", "proposal", "instead", "state"], rows)
    if cut:
        lines += ["", view.ask("Q-07", "Which rule must hold at every moment in each of these, and for how long may it be broken?", "domain experts")]
    return lines


def _interfaces(view: PlanView) -> list[str]:
    lines: list[str] = []
    if not view.plan.contexts:
        return ["None."]
    for context in sorted(view.plan.contexts, key=lambda plan: plan.name):
        inward = [edge.disposition for edge in context.edges if edge.direction == "in" and not edge.test]
        outward = [edge.disposition for edge in context.edges if edge.direction == "out" and not edge.test]
        lines += [
            f"### {text(context.name)}",
            "",
            f"Uses from outside: {counts(inward)}. Uses of the outside: {counts(outward)}.",
            "",
            *table(
                ["operation", "kind", "parameters", "returns", "waits, then", "uses", "from"],
                [_operation(operation) for operation in context.operations],
            ),
        ]
        if context.entities:
            lines += ["", *table(["type", "of", "fields"], [_type(entity) for entity in context.entities])]
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


def _type(entity: Entity) -> list[str]:
    fields = ", ".join(f"{field.name}: {field.type}{'?' if field.nullable else ''}" for field in entity.fields)
    return [code(entity.name), code(entity.model), code(fields)]


def _operation(operation: Operation) -> list[str]:
    parameters = ", ".join(f"{p.name}: {p.type}" + ("?" if p.nullable else "") for p in operation.parameters)
    returns = operation.returns + (" or none" if operation.optional else "")
    return [
        code(operation.name),
        operation.kind + ("" if operation.kind == "query" or operation.idempotent else ", not repeatable"),
        code(parameters),
        code(returns),
        f"{operation.timeout:g} s, {text(operation.fallback) or 'raise'}",
        str(operation.uses),
        places(operation.at),
    ]


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


def _forgotten(view: PlanView) -> list[str]:
    """What crosses a cut without an import: the list that people forget."""
    rows = [row for context in sorted(view.plan.contexts, key=lambda plan: plan.name) for row in _easily_forgotten(context)]
    lines = [*table(["context", "what", "which", "where"], rows), ""]
    lines += [
        view.ask("Q-08", "Which scheduled jobs, imports, exports and scripts outside this repository touch these contexts?", "operations"),
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
    for path in context.files:
        yield [name, "file", code(path), ""]
    for task in context.sent:
        yield [name, "task sent to the monolith", f"{code(task.name)}{f', queue {code(task.queue)}' if task.queue else ''}", places([task.at])]
    for setting in context.left_settings:
        yield [name, "setting of the monolith that the service needs its own of", code(setting.name), places([setting.at])]
    for title, kinds in _FORGOTTEN:
        found = [edge for edge in context.edges if edge.kind in kinds]
        if found:
            yield [name, title, f"{len(found)}: {counts(edge.disposition for edge in found)}", places(edge.at for edge in found)]


def _order(view: PlanView) -> list[str]:
    lines = [_FORMULA, ""]
    ranked = sorted((context for context in view.plan.contexts if context.rank), key=lambda context: context.rank)
    wave = waves(view, ranked)
    rows = [
        [str(c.rank), str(wave[c.name]), code(c.name), f"{c.score:.1f}", text("; ".join(c.reasons)), ", ".join(code(name) for name in c.depends_on) or "nothing"]
        for c in ranked
    ]
    lines += table(["rank", "wave", "context", "score", "terms", "calls out to"], rows)
    lines += ["", "Contexts of one wave do not use one another and commit nothing together: they can be extracted side by side."]
    left = [context for context in view.plan.contexts if not context.rank]
    shared = [context for context in view.map.contexts if context.role == "shared"]
    if left or shared:
        lines += ["", "### Not worth extracting", ""]
        lines += [f"- {code(context.name)}: {text('; '.join(context.reasons))}" for context in left]
        lines += [f"- {code(c.name)}: shared kernel, stays a library" for c in shared if c.name not in view.planned]
    return [*lines, *_alternatives(view)]


def waves(view: PlanView, ranked: list[ContextPlan]) -> dict[str, int]:
    """The wave of each context: behind all earlier ones that use it or that it uses."""
    relations = _relations(view)
    found: dict[str, int] = {}
    for context in ranked:
        tied = [other for other in found if {(other, context.name), (context.name, other)} & relations.keys()]
        found[context.name] = 1 + max((found[other] for other in tied), default=0)
    return found


def _alternatives(view: PlanView) -> list[str]:
    """Other cuts beside this one, by the same figures."""
    if not view.map.others:
        return []
    rows = [_figures("this plan", view.map.scores), *(_figures(each.kind, each.scores) for each in view.map.others)]
    head = ["cut", "contexts", "largest share", "dependencies across", "keys cut", "transactions cut", "contested tables", "modularity", "stability"]
    return ["", "### Other cuts", "", *table(head, rows), "", *(f"- {text(line)}" for line in about_others(view.map)), "", "Their contexts: `decompose show alternatives`; another number of them: `decompose plan --contexts N`."]


def _figures(name: str, scores: Scores) -> list[str]:
    shares = (f"{scores.largest_share:.0%}", f"{scores.inter_context_share:.0%}")
    cut = (str(scores.cut_foreign_keys), str(scores.cut_transactions), str(scores.contested_tables))
    return [name, str(scores.contexts), *shares, *cut, f"{scores.modularity:.2f}", f"{scores.stability:.2f}"]


def _runbooks(view: PlanView) -> list[str]:
    lines = ["Each step ships alone. The last one from which the way back loses nothing is marked.", ""]
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
        lines += ["", view.ask(f"Q-{context.name}", "Who takes these steps, when, and who may stop them?", "team lead"), ""]
    return lines if len(lines) > 2 else ["None."]


_HOW_TO_DECIDE = (
    "Change one with `[[decisions]]` in `decompose.toml` (`id`, `choice`, `reason`, `by`) or on the page that `decompose review` opens; sign with "
    "`decompose plan --accept ID`; leave one as it is with `decompose plan --waive ID --reason TEXT --until DATE`. Uses of single contexts are in the appendix."
)


def _decisions(view: PlanView) -> list[str]:
    lines = [_HOW_TO_DECIDE, ""]
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
                told(decision),
                places(decision.evidence),
            ]
            for decision in found
        ]
        lines += [f"### {kind.capitalize()} ({len(found)})", "", *table(["id", "subject", "proposal", "instead, at what cost", "state", "evidence"], rows), ""]
    asked = [[question.number, question.words, question.owner] for question in _by_number(view)]
    lines += ["### Questions that the code does not answer", "", *table(["id", "question", "to be answered by"], asked), ""]
    lines += ["### Signatures", "", *_signatures(view), "", "| role | name | date | accepted sections |", "| --- | --- | --- | --- |"]
    lines += [f"| {role} | | | |" for role in ("architect", "team lead", "data owner", "operations")]
    return lines


def _signatures(view: PlanView) -> list[str]:
    """What plan.lock holds, and which of it no longer says what this plan says is told by `decompose diff plan.lock`."""
    if view.lock is None:
        return ["Nothing is signed: `decompose plan --accept` writes `plan.lock`."]
    rows = [[code(each.id), text(each.subject), text(each.choice), text(each.by), each.on] for each in view.lock.accepted]
    return [*table(["part", "what was read", "choice", "by", "on"], rows), "", "What differs from it since: `decompose diff plan.lock`."]


def _appendix(view: PlanView) -> list[str]:
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
    return [*lines, *_loops(view), *_crossings(view)]


def _loops(view: PlanView) -> list[str]:
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


def _crossings(view: PlanView) -> list[str]:
    """Every use of one context by another, without lines in its words: what `decompose check` knows when the plan is signed."""
    if not view.plan.crossings:
        return []
    rows = [[each.rule, code(each.source), code(each.target), text(" → ".join(dict.fromkeys(each.contexts))), places([each.at, *each.places])] for each in view.plan.crossings]
    left = len(rows) - _CROSSINGS
    lines = ["", "### All uses across the cut", "", *table(["rule", "from", "to", "contexts", "where"], rows[:_CROSSINGS])]
    return [*lines, *(["", f"{left} more are in the saved plan; one by one: `decompose show boundary CONTEXT`."] if left > 0 else [])]


def _waiting(edge: BoundaryEdge) -> list[str]:
    return [code(edge.id), f"{edge.direction} {edge.kind}", code(edge.source), code(edge.target), text(edge.reason), places([edge.at])]
