"""Why something in the cut is as it is: the strongest evidence for and against, the alternative and what it would cost."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from decompose.cut.atoms import atoms
from decompose.cut.coupling import Coupling, coupling
from decompose.cut.coupling import weights as coupling_weights
from decompose.cut.edited import Edited
from decompose.cut.structure import owners_of_code
from decompose.cut.transactions import units_of_work
from decompose.errors import UsageError
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import ContextMap, ContextTransaction, CutForeignKey, Evidence, Explanation, Ownership
from decompose.model.edits import Merge, Move
from decompose.model.location import Location
from decompose.model.runtime import Tie
from decompose.model.settings import Config

STRONGEST = 6
"""Pieces of evidence shown on each side."""

_PLACES = 5

_LEAST = 0.01
"""Coupling below this is not worth a line."""

_VERBS = {
    "import": "imports", "call": "calls", "inherit": "inherits from", "reference": "refers to", "signal": "signals with",
    "task": "shares tasks with", "template": "shares templates with", "data": "uses table", "tx": "commits together with table",
    "route": "serves routes under", "name": "uses the same words as", "package": "lies in a folder of", "cochange": "changes together with",
    "fk": "refers by key to", "topic": "speaks of", "file": "lies in one file with",
}

_SEEN = {
    ("coverage", "module", "module"): "runs code of", ("coverage", "module", "table"): "runs code that uses table",
    ("coverage", "table", "module"): "is used by running code of", ("span", "module", "module"): "ran together with",
    ("span", "module", "table"): "used when it ran table", ("span", "table", "module"): "was used by the running",
    ("statement", "table", "table"): "is queried together with table", ("trace", "table", "table"): "was written in one unit of work with table",
}  # fmt: skip
"""What was seen at run time, by kind and by what the subject and the other side are."""

_SEEN_NOUNS = {"coverage": "places that ran", "statement": "runs of common statements", "span": "spans", "trace": "units of work that write"}


def explain(graph: CodeGraph, context_map: ContextMap, subject: str, config: Config | None = None) -> Explanation:
    """Explains a context, module, top-level definition, table, ``FK-`` or ``TX-`` id; a path is its module, ``path:line`` what is defined there.

    Raises :class:`UsageError` with the nearest names when there is no such thing.
    """
    view = _View(graph, context_map, config or Config())
    if subject in view.names:
        return view.context(subject)
    for key in context_map.foreign_keys:
        if key.id == subject.upper():
            return view.foreign_key(key)
    for transaction in context_map.transactions:
        if transaction.id == subject.upper():
            return view.transaction(transaction)
    for entry in context_map.ownership:
        if subject in (entry.table, f"TBL-{entry.table}"):
            return view.table(entry)
    subject = view.at_path(subject)
    if subject in view.place:
        return view.module(subject)
    top = view.top_of.get(subject, "")
    if top and view.place.get(view.module_of[top]):
        return view.definition(top)
    if subject in view.module_of:
        raise UsageError(
            f"{subject} belongs to no context: nothing speaks for one",
            hint="put its module into one with `modules` under [contexts.NAME] in decompose.toml",
        )
    raise UsageError(f"nothing in the cut is called {subject!r}", hint=_nearest(subject, view))


def _nearest(subject: str, view: _View) -> str:
    known = [*view.names, *(entry.table for entry in view.map.ownership), *view.place, *view.paths, *set(view.top_of.values())]
    close = difflib.get_close_matches(subject, known, n=3, cutoff=_NEAR)
    called = [each for each in sorted(known) if re.split(r"[._/]", each)[-1].lower() == subject.lower()]
    near = list(dict.fromkeys([*close, *called]))[:3]
    if near:
        return f"did you mean {', '.join(near)}?"
    return (
        "`decompose show contexts` lists the contexts, `show tables` the tables, `show cuts` the FK-... and TX-... ids; "
        "a module, a definition and a path can be explained, too"
    )


_NEAR = 0.7
"""How alike a name must be to be what was meant: a slip of the finger is, a word with some of the same letters is not."""


class _View:
    """One graph and one cut, indexed for questions."""

    def __init__(self, graph: CodeGraph, context_map: ContextMap, config: Config) -> None:
        self.graph = graph
        self.map = context_map
        self.config = config
        self.names = {context.name: context for context in context_map.contexts}
        self.place = {membership.module: membership.context for membership in context_map.memberships}
        self.roles: dict[str, str] = {context.name: context.role for context in context_map.contexts}
        self.module_of = owners_of_code(graph)
        self.owner = {entry.table: entry.owner for entry in context_map.ownership}
        self.seen: dict[str, list[Tie]] = {}
        for tie in graph.runtime.ties:
            self.seen.setdefault(tie.first, []).append(tie)
            self.seen.setdefault(tie.second, []).append(tie)
        self.edited = Edited(graph, context_map, config)
        self.code = {module.id for module in graph.modules if module.role in ("code", "settings")}
        self.top_of = {definition.id: definition.top for definition in graph.definitions}
        self.paths = {module.path: module.id for module in graph.modules}
        self.split = dict(context_map.definitions)

    def at_path(self, subject: str) -> str:
        """The module of a path, the top-level definition at ``path:line`` where there is one; anything else as it is."""
        path, _, line = subject.rpartition(":") if re.search(r":\d+$", subject) else (subject, "", "")
        module = self.paths.get(path.removeprefix("./"))
        if module is None:
            return subject
        inside = (d for d in self.graph.definitions if d.module == module and d.id == d.top and line and d.line <= int(line) <= d.end_line)
        return next((definition.id for definition in inside), module)

    def context_of(self, definition: str) -> str:
        """The context of a definition or module."""
        return self.split.get(self.top_of.get(definition, "")) or self.place.get(self.module_of.get(definition, definition), "")

    def in_code(self, definition: str) -> bool:
        """Whether something is neither test nor migration."""
        return self.module_of.get(definition, definition) in self.code

    def coupling(self) -> Coupling:
        code = sorted(module.id for module in self.graph.modules if module.role == "code")
        seen = self.graph.runtime.strengths
        return coupling(self.graph, atoms(self.graph, code), units_of_work(self.graph), (), self.config.weights, seen)

    def node_context(self, node: str) -> str:
        if node.startswith("table:"):
            return self.owner.get(node[6:], "")
        return self.place.get(node, "")

    # --- contexts ------------------------------------------------------------------------------

    def context(self, name: str) -> Explanation:
        context = self.names[name]
        inside: Counter[str] = Counter()
        outside: dict[str, Counter[str]] = {}
        whole = self.coupling()
        for kind, links in whole.links.items():
            weight = whole.weights[kind]
            for (i, j), strength in links.items():
                here, there = self.node_context(whole.nodes[i]), self.node_context(whole.nodes[j])
                if here == there == name:
                    inside[kind] += weight * strength  # type: ignore[assignment]
                elif name in (here, there) and here and there:
                    other = there if here == name else here
                    outside.setdefault(other, Counter())[kind] += weight * strength  # type: ignore[assignment]
        members = set(context.modules)
        held = [
            Evidence(f"{self._many(kind, name, name)} between its own modules and tables", round(value, 2), self._edge_places(members, members, kind))
            for kind, value in inside.most_common(STRONGEST)
            if value >= _LEAST
        ]
        against = []
        for other, kinds in sorted(outside.items(), key=lambda item: (-sum(item[1].values()), item[0]))[:STRONGEST]:
            if sum(kinds.values()) < _LEAST:
                break
            others = set(self.names[other].modules)
            shown = ", ".join(self._many(k, name, other) for k, v in kinds.most_common(3) if v > 0.0)
            places = _spread([at for k, _ in kinds.most_common(3) for pair in ((members, others), (others, members)) for at in self._edge_places(*pair, k)])
            against.append(Evidence(f"coupled with {other} by {shown}", round(sum(kinds.values()), 2), places))
        domain = {o: sum(k.values()) for o, k in outside.items() if self.roles.get(o) != "shared"}
        alternative = max(sorted(domain), key=lambda other: domain[other], default="")
        return Explanation(
            subject=name,
            kind="context",
            context=name,
            summary=f"{context.role} context of {_count(len(context.modules), 'module')} and {_count(len(context.tables), 'table')}; "
            f"{context.cohesion:.0%} of their coupling stays inside, stability {context.stability:.2f}. {context.description}",
            evidence_for=tuple(held),
            evidence_against=tuple(against),
            alternative=f"merge with {alternative}" if alternative else "",
            cost=self._cost_of_merge(name, alternative) if alternative else (),
        )

    def _cost_of_merge(self, name: str, other: str) -> tuple[str, ...]:
        if not {name, other} <= set(self.edited.contexts):
            return ()
        joined = self.edited.after(Merge(other, name))
        share = sum(context == name for context in joined.place.values()) / len(self.code)
        return (*self._cost(joined), f"the joined context would hold {share:.0%} of the modules")

    def _cost_of_move(self, subject: str, to: str) -> tuple[str, ...]:
        """What moving a module or definition changes; what stands against it where another decision does."""
        if not self.in_code(subject):
            return ()
        try:
            return self._cost(self.edited.after(Move((subject,), to)))
        except UsageError as error:
            return (error.message,)

    def _cost(self, other: Edited) -> tuple[str, ...]:
        """The figures of the map as it is, and as it would be."""
        before, after = self.map.scores, other.scores()
        return (
            f"cut foreign keys {before.cut_foreign_keys} -> {after.cut_foreign_keys}",
            f"cut transactions {before.cut_transactions} -> {after.cut_transactions}",
            f"contested tables {before.contested_tables} -> {after.contested_tables}",
            f"dependencies between contexts {before.inter_context_share:.1%} -> {after.inter_context_share:.1%}",
        )

    def _edge_places(self, sources: Iterable[str], targets: Iterable[str], kind: str) -> tuple[Location, ...]:
        here, there = set(sources), set(targets)
        if kind in _SEEN_NOUNS:
            contexts = {self.place.get(m, "") for m in here}, {self.place.get(m, "") for m in there}
            return tuple(sorted({at for tie in self._between(kind, *contexts) for at in tie.at})[:_PLACES])
        if kind in ("data", "tx"):
            tables = {table for table, owner in self.owner.items() if owner in {self.place.get(m) for m in there}}
            found = [a.at for a in self.graph.accesses if a.table in tables and self.in_code(a.definition) and self.module_of.get(a.definition) in here]
        else:
            found = [
                at
                for edge in self.graph.edges
                if edge.kind == kind
                and self.in_code(edge.src)
                and self.module_of.get(edge.src, edge.src) in here
                and self.module_of.get(edge.dst, edge.dst) in there
                and self.module_of.get(edge.src, edge.src) != self.module_of.get(edge.dst, edge.dst)
                for at in edge.at
            ]
        return _spread(found)

    # --- modules -------------------------------------------------------------------------------

    def module(self, module: str) -> Explanation:
        role = next(each.role for each in self.graph.modules if each.id == module)
        if role != "code":
            return self.follower(module, role)
        context = self.place[module]
        membership = next(entry for entry in self.map.memberships if entry.module == module)
        pulls: dict[tuple[str, str], float] = {}
        whole = self.coupling()
        number = whole.index.get(module, -1)
        for kind, links in whole.links.items():
            for (i, j), strength in links.items():
                if number in (i, j):
                    other = whole.nodes[j if i == number else i]
                    pulls[kind, other] = pulls.get((kind, other), 0.0) + whole.weights[kind] * strength
        words = self._word_contexts(whole, number)
        held, against = [], []
        for (kind, other), weight in sorted(pulls.items(), key=lambda item: (-item[1], item[0])):
            if weight < _LEAST or kind in _SEEN_NOUNS:
                continue
            there = self.node_context(other) or words.get(other, "")
            entry = Evidence(f"{_VERBS[kind]} {_shown(other)}" + (f" ({there})" if there else ""), round(weight, 2), self._places(module, other, kind))
            if there == context:
                held.append(entry)
            elif there:
                against.append(entry)
        self._add_seen(module, whole.weights, context, held, against)
        alternative = membership.alternative
        pinned = " (decided in decompose.toml)" if membership.pinned else ""
        return Explanation(
            subject=module,
            kind="module",
            context=context,
            summary=f"belongs to {context}{pinned}; "
            + (
                "stays a library of the monolith" if self.roles.get(context) == "shared"
                else f"{membership.confidence:.0%} of its coupling stays there"
                + ("" if membership.pinned else f", with most of it in {membership.stability:.0%} of the cuts of perturbed evidence")
            )
            + ("; none of its functions ran while coverage was measured" if module in self.graph.runtime.never_run else ""),
            evidence_for=_with_seen(held),
            evidence_against=_with_seen(against),
            alternative=alternative,
            cost=(*self._cost_of_move(module, alternative), *self._tables_of(module)) if alternative else (),
        )

    def follower(self, module: str, role: str) -> Explanation:
        """A module that takes no part in the cut (a test, a migration, settings) and has its place by the code around it."""
        context = self.place[module]
        found: dict[tuple[str, str, str], list[Location]] = {}
        for edge in self.graph.edges:
            source, target = self.module_of.get(edge.src, edge.src), self.module_of.get(edge.dst, edge.dst)
            if source != target and module in (source, target) and edge.when != "typing":
                other = target if source == module else source
                if self.place.get(other):
                    text = f"{_VERBS[edge.kind]} {other}" if source == module else f"{other} {_VERBS[edge.kind]} it"
                    found.setdefault((self.place[other], text, edge.kind), []).extend(edge.at)
        evidence = [(there, Evidence(f"{text} ({there})", float(len(at)), _spread(at))) for (there, text, _), at in found.items()]
        package = module.rpartition(".")[0]
        beside = Counter(self.place[other] for other in sorted(self.code) if package and other != module and other.startswith(f"{package.removesuffix('.tests')}.") and other in self.place)
        near = [(name, Evidence(f"{count} modules beside it are in {name}", float(count))) for name, count in beside.items()]
        why = {
            "test": "a test: it goes with the code of its package, else with what it imports",
            "migration": "a migration: it goes with the code of its package",
            "settings": "settings: they wire the project together",
        }
        return Explanation(
            subject=module,
            kind="module",
            context=context,
            summary=f"belongs to {context}; {why[role]}",
            evidence_for=_strongest([each for there, each in (*near, *evidence) if there == context]),
            evidence_against=_strongest([each for there, each in (*near, *evidence) if there != context]),
        )

    def _tables_of(self, module: str) -> tuple[str, ...]:
        tables = sorted(t.id for t in self.graph.tables if t.model and self.module_of.get(t.model) == module)
        return (f"takes {', '.join(tables)} along",) if tables else ()

    def _word_contexts(self, whole: Coupling, number: int) -> dict[str, str]:
        """For the word nodes of a module the context that most of a word's modules are in."""
        found: dict[str, str] = {}
        if number < 0:
            return found
        for other in whole.graph[number]:
            node = whole.nodes[other]
            if other >= whole.atoms and not node.startswith("table:"):
                votes = Counter(self.place.get(whole.nodes[m], "") for m in whole.graph[other])
                found[node] = max(sorted(votes), key=lambda name: votes[name])
        return found

    def _places(self, module: str, other: str, kind: str) -> tuple[Location, ...]:
        if other.startswith("table:"):
            table = other[6:]
            if kind == "tx":
                inside = (t.at for t in self.map.transactions if table in t.written and self.module_of.get(t.definition, t.definition) == module)
                return _spread(inside)
            found = [a.at for a in self.graph.accesses if a.table == table and self.module_of.get(a.definition) == module]
            found += [t.at for t in self.graph.tables if t.id == table and self.module_of.get(t.model) == module]
            return _spread(found)
        if kind == "route":
            word = other.partition(":")[2]
            return _spread(r.at for r in self.graph.routes if self.module_of.get(r.handler) == module and word in r.path)
        both = {module, other}
        return _spread(
            at for edge in self.graph.edges
            if edge.kind == kind and {self.module_of.get(edge.src, edge.src), self.module_of.get(edge.dst, edge.dst)} == both
            for at in edge.at
        )

    # --- what was seen at run time -------------------------------------------------------------

    def _between(self, kind: str, here: Collection[str], there: Collection[str]) -> Iterator[Tie]:
        """The ties of a kind with an end in one of the contexts of each side."""
        for tie in self.graph.runtime.ties:
            if tie.kind == kind:
                first, second = self.node_context(tie.first), self.node_context(tie.second)
                if (first in here and second in there) or (second in here and first in there):
                    yield tie

    def _many(self, kind: str, here: str, there: str) -> str:
        """What a kind of evidence is called between two contexts, with the number of what was seen at run time."""
        if kind not in _SEEN_NOUNS:
            return _noun(kind)
        return f"{sum(tie.count for tie in self._between(kind, (here,), (there,))):,} {_SEEN_NOUNS[kind]}"

    def _add_seen(self, subject: str, weights: Mapping[str, float], context: str, held: list[Evidence], against: list[Evidence]) -> None:
        """Adds what was seen of a module or ``table:<id>``, each piece to its side."""
        for tie in self.seen.get(subject, ()):
            other = tie.second if tie.first == subject else tie.first
            there, weight = self.node_context(other), round(weights[tie.kind] * tie.strength, 2)
            verb = _SEEN[tie.kind, _sort(subject), _sort(other)]
            if verb == "runs code of" and tie.first != subject:
                verb = "is run by"
            if there and weights[tie.kind] > 0.0:
                text = f"{verb} {_shown(other)} ({there}), {tie.figures}"
                (held if there == context else against).append(_Seen(text, weight, tie.at))

    # --- definitions ---------------------------------------------------------------------------

    def definition(self, top: str) -> Explanation:
        """One class or function with its methods, by what it uses and what uses it."""
        context = self.context_of(top)
        found: dict[tuple[str, str], list[Location]] = {}
        for text, there, places in self._uses_of(top):
            found.setdefault((text, there), []).extend(places)
        evidence = [(there, Evidence(f"{text} ({there})", float(len(places)), _spread(places))) for (text, there), places in found.items()]
        pulls: Counter[str] = Counter()
        for there, each in evidence:
            pulls[there] += each.weight  # type: ignore[assignment]
        others = {name: weight for name, weight in pulls.items() if name != context and self.roles.get(name) != "shared"}
        alternative = max(sorted(others), key=lambda name: others[name], default="")
        own = sum(pulls.values())
        tables = sorted(table.id for table in self.graph.tables if table.model == top)
        alone = "by itself, its module is elsewhere" if top in self.split else f"with its module {self.module_of[top]}"
        crossing = sum(weight for name, weight in pulls.items() if name != context and self.roles.get(name) != "shared")
        after = sum(weight for name, weight in pulls.items() if name != alternative and self.roles.get(name) != "shared")
        return Explanation(
            subject=top,
            kind="definition",
            context=context,
            summary=f"belongs to {context} {alone}; {pulls[context] / own if own else 1.0:.0%} of the places where it uses or is used are there",
            evidence_for=_strongest([each for there, each in evidence if there == context]),
            evidence_against=_strongest([each for there, each in evidence if there != context]),
            alternative=alternative,
            cost=(
                *self._cost_of_move(top, alternative)[:3],
                f"uses of it across contexts {crossing:.0f} -> {after:.0f}",
                *((f"takes {', '.join(tables)} along",) if tables else ()),
            )
            if alternative
            else (),
        )

    def _uses_of(self, top: str) -> Iterable[tuple[str, str, list[Location]]]:
        """What a definition uses and what uses it: in words, in which context, where. Tests do not count."""
        own = {table.id for table in self.graph.tables if table.model == top}
        for edge in self.graph.edges:
            source, target = self.top_of.get(edge.src, edge.src), self.top_of.get(edge.dst, edge.dst)
            if edge.kind != "import" and source != target and top in (source, target) and (source == top or self.in_code(edge.src)):
                other = target if source == top else source
                text = f"{_VERBS[edge.kind]} {other}" if source == top else f"{other} {_VERBS[edge.kind]} it"
                yield text, self.context_of(other), list(edge.at)
        for access in self.graph.accesses:
            inside = self.top_of.get(access.definition, access.definition) == top
            if not (inside or self.in_code(access.definition)) or inside == (access.table in own):
                continue
            if inside:
                yield f"{access.mode}s table {access.table}", self.owner.get(access.table, ""), [access.at]
            else:
                yield f"{self.module_of.get(access.definition, access.definition)} {access.mode}s its table", self.context_of(access.definition), [access.at]

    # --- data ----------------------------------------------------------------------------------

    def table(self, entry: Ownership) -> Explanation:
        held: list[Evidence] = []
        against: list[Evidence] = []
        users: Counter[str] = Counter()
        for verb, weight, sides in (("writes it", 3.0, entry.writers), ("reads it", 1.0, entry.readers)):
            for context, places in sides:
                users[context] += weight * len(places)  # type: ignore[assignment]
                found = Evidence(f"{context} {verb} in {_places(len(places))}", weight * len(places), _spread(places))
                (held if context == entry.owner else against).append(found)
        declared = next((table for table in self.graph.tables if table.id == entry.table), None)
        if declared is not None and declared.at.path:
            at_home = self.context_of(declared.model) or entry.owner
            (held if at_home == entry.owner else against).append(Evidence(f"declared in {at_home}", 0.0, (declared.at,)))
        self._add_seen(f"table:{entry.table}", coupling_weights(self.config.weights), entry.owner, held, against)
        held += self._keys_of(entry.table, inside=True)
        against += self._keys_of(entry.table, inside=False)
        domain = {name: (name in dict(entry.writers), weight) for name, weight in users.items() if name != entry.owner and self.roles.get(name) != "shared"}
        rival = max(sorted(domain), key=lambda name: domain[name], default="") or self._tied(entry)
        used = {"write": dict(entry.writers), "read": dict(entry.readers)}
        cost: tuple[str, ...] = ()
        if rival:
            own = [f"{_places(len(at))} that {verb} in {entry.owner}" for verb, side in used.items() if (at := side.get(entry.owner))]
            cost = ((f"{' and '.join(own)} become calls of {rival}",) if own else ()) + self._cost(self.edited.after(owners={entry.table: rival}))[:3]
        return Explanation(
            subject=entry.table,
            kind="table",
            context=entry.owner,
            summary=f"owned by {entry.owner or 'nobody'}: {entry.reason}" + ("; contested" if entry.contested else ""),
            evidence_for=_with_seen(held),
            evidence_against=_with_seen(against),
            alternative=rival,
            cost=cost,
        )

    def _tied(self, entry: Ownership) -> str:
        """The context that cut keys and transactions tie a table to most, where no code outside its owner uses it."""
        ties: Counter[str] = Counter()
        for key in self.map.foreign_keys:
            if key.cut and entry.table in (key.src.rpartition(".")[0], key.dst):
                ties.update({key.src_context, key.dst_context} - {entry.owner})
        for unit in self.map.transactions:
            if unit.cut and entry.table in unit.written:
                ties.update(set(unit.writing) - {entry.owner})
        return max(sorted(ties), key=lambda name: ties[name], default="")

    def _keys_of(self, table: str, *, inside: bool) -> Iterable[Evidence]:
        """Foreign keys and transactions of a table that stay in its owner's context, or those that are cut."""
        by_side: dict[tuple[str, str], list[CutForeignKey]] = {}
        for key in self.map.foreign_keys:
            source = key.src.rpartition(".")[0]
            if table in (source, key.dst) and source != key.dst and key.cut != inside and key.src_context and key.dst_context:
                forward = source == table
                by_side.setdefault((key.dst_context if forward else key.src_context, "refers to" if forward else "is referred to by"), []).append(key)
        for (other, verb), keys in sorted(by_side.items()):
            yield Evidence(f"{verb} {other} ({', '.join(key.id for key in keys[:3])}{' ...' if len(keys) > 3 else ''})", float(len(keys)), _spread(key.at for key in keys))
        commits = [unit for unit in self.map.transactions if table in unit.written and unit.cut != inside and len(unit.written) > 1]
        if commits:
            names = sorted({name for unit in commits for name in unit.writing})
            yield Evidence(f"committed with tables of {', '.join(names)} ({', '.join(unit.id for unit in commits[:3])})", 3.0 * len(commits), _spread(unit.at for unit in commits))

    def foreign_key(self, key: CutForeignKey) -> Explanation:
        source = key.src.rpartition(".")[0]
        rule = f", ON DELETE {key.on_delete}" if key.on_delete else ""
        held = [Evidence(f"{key.src} refers to {key.dst}{rule}", 0.0, (key.at,))]
        against: list[Evidence] = []
        for table in dict.fromkeys((source, key.dst)):
            entry = next((each for each in self.map.ownership if each.table == table), None)
            for name, places in entry.writers if entry is not None else ():
                side = held if name == self.owner.get(table) else against
                side.append(Evidence(f"{name} writes {table} in {_places(len(places))}", 3.0 * len(places), _spread(places)))
        by_way: dict[tuple[str, str], list[Location]] = {}
        for site in key.joins:
            by_way.setdefault((site.context, site.how), []).append(site.at)
        against += [Evidence(f"{context} {_WAYS[how]} in {_places(len(at))}", float(len(at)), _spread(at)) for (context, how), at in by_way.items()]
        uses = [at for entry in self.map.ownership if entry.table == key.dst for name, places in entry.readers if name == key.src_context for at in places]
        rest = sorted(set(uses) - {site.at for site in key.joins})
        if key.cut and rest:
            against.append(Evidence(f"{key.src_context} reads {key.dst} otherwise in {_places(len(rest))}", 0.5 * len(rest), _spread(rest)))
        commits = [unit for unit in self.map.transactions if source in unit.written and key.dst in unit.written]
        if commits:
            side = against if key.cut else held
            side.append(Evidence(f"both tables are written in one commit ({', '.join(unit.id for unit in commits[:3])})", 3.0 * len(commits), _spread(unit.at for unit in commits)))
        where = f"crosses from {key.src_context} to {key.dst_context}" if key.cut else f"stays inside {key.src_context or 'no context'}"
        return Explanation(
            subject=key.id,
            kind="foreign-key",
            context=key.src_context,
            summary=f"{key.src} -> {key.dst} {where}",
            evidence_for=(held[0], *_strongest(held[1:])),
            evidence_against=_strongest(against),
            alternative=f"merge {key.src_context} with {key.dst_context}" if key.cut else "",
            cost=(*self._cost_of_merge(key.src_context, key.dst_context), *self._cost_of_moves(key, source)) if key.cut else (),
        )

    def _cost_of_moves(self, key: CutForeignKey, source: str) -> Iterable[str]:
        """What it costs to move one of the key's tables to the other side instead, a line each."""
        for table, target in ((source, key.dst_context), (key.dst, key.src_context)):
            keys, commits = self._cost(self.edited.after(owners={table: target}))[:2]
            yield f"or move {table} to {target}: {keys}, {commits}"

    def transaction(self, transaction: ContextTransaction) -> Explanation:
        by_context: dict[tuple[str, str], list[tuple[str, Location]]] = {}
        for table, mode, at in transaction.places:
            if self.owner.get(table):
                by_context.setdefault((self.owner[table], mode), []).append((table, at))
        written = {name: places for (name, mode), places in by_context.items() if mode == "write"}
        main = max(sorted(written), key=lambda name: len(written[name]), default="")
        home = self.context_of(transaction.definition)
        held: list[Evidence] = []
        against: list[Evidence] = []
        for (name, mode), places in sorted(by_context.items()):
            tables = ", ".join(sorted({table for table, _ in places}))
            weight = (3.0 if mode == "write" else 1.0) * len(places)
            side = held if name == (main or home) or (name not in transaction.writing and mode == "write") else against
            side.append(Evidence(f"{mode}s {tables} of {name} in {_places(len(places))}", weight, _spread(at for _, at in places)))
        state = f"is cut: it writes tables of {', '.join(transaction.writing)}" if transaction.cut else "stays whole" + ("" if written else ": no write was seen in it")
        merge = [name for name in transaction.writing if name != main]
        foreign = {table: main for table in transaction.written if self.owner.get(table) in merge}
        cost: tuple[str, ...] = ()
        if transaction.cut and merge:
            keys, commits = self._cost(self.edited.after(owners=foreign))[:2]
            cost = (*self._cost_of_merge(main, merge[0]), f"or move {', '.join(sorted(foreign))} to {main}: {keys}, {commits}")
        return Explanation(
            subject=transaction.id,
            kind="transaction",
            context=home or main,
            summary=f"{transaction.definition} at {transaction.at} {state}",
            evidence_for=_strongest(held),
            evidence_against=_strongest(against),
            alternative=f"merge {main} with {merge[0]}" if transaction.cut and merge else "",
            cost=cost,
        )


_WAYS = {
    "lookup": "filters through it", "preload": "loads both sides at once", "traversal": "follows it", "accessor": "follows it backwards",
    "join": "uses both tables at one place",
}  # fmt: skip


def _spread(found: Iterable[Location]) -> tuple[Location, ...]:
    """The first places, one of each file before a second of any."""
    by_path: dict[str, list[Location]] = {}
    for at in sorted(set(found)):
        by_path.setdefault(at.path, []).append(at)
    ranked = [(rank, at) for places in by_path.values() for rank, at in enumerate(places)]
    return tuple(at for _, at in sorted(ranked)[:_PLACES])


def _strongest(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    return tuple(sorted(evidence, key=lambda e: (-e.weight, e.text))[:STRONGEST])


class _Seen(Evidence, frozen=True):
    """Evidence from run time."""


def _with_seen(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The strongest; what was seen at run time has a place of its own where all of them are stronger."""
    strongest = _strongest(evidence)
    if any(isinstance(e, _Seen) for e in strongest):
        return strongest
    return (*strongest, *_strongest([e for e in evidence if isinstance(e, _Seen)])[:1])


def _sort(node: str) -> str:
    return "table" if node.startswith("table:") else "module"


def _noun(kind: str) -> str:
    return {"data": "table access", "tx": "transactions", "name": "words", "package": "folders", "cochange": "commits"}.get(kind, f"{kind}s")


def _shown(node: str) -> str:
    return node.partition(":")[2] if ":" in node else node


def _places(number: int) -> str:
    return _count(number, "place")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
