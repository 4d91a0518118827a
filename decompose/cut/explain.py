"""Why something in the cut is as it is: the strongest evidence for and against, the alternative and what it would cost."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from decompose.cut import score
from decompose.cut.atoms import atoms
from decompose.cut.coupling import Coupling, coupling
from decompose.cut.coupling import weights as coupling_weights
from decompose.cut.structure import owners_of_code
from decompose.cut.transactions import units_of_work
from decompose.errors import UsageError
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import ContextMap, CutForeignKey, Evidence, Explanation, Ownership
from decompose.model.location import Location
from decompose.model.runtime import Tie
from decompose.model.settings import Config

STRONGEST = 6
"""Pieces of evidence shown on each side."""

_PLACES = 5

_VERBS = {
    "import": "imports", "call": "calls", "inherit": "inherits from", "reference": "refers to", "signal": "signals with",
    "task": "shares tasks with", "template": "shares templates with", "data": "uses table", "tx": "commits together with table",
    "route": "serves routes under", "name": "uses the same words as", "package": "lies in a folder of", "cochange": "changes together with",
    "fk": "refers by key to",
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
    """Explains a context, module, definition, table, ``FK-`` or ``TX-`` id.

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
            return view.transaction(transaction.id)
    for entry in context_map.ownership:
        if entry.table == subject:
            return view.table(entry)
    module = view.module_of.get(subject)
    if module in view.place:
        return view.module(module)
    raise UsageError(f"nothing in the cut is called {subject!r}", hint=_nearest(subject, view))


def _nearest(subject: str, view: _View) -> str:
    known = [*view.names, *(entry.table for entry in view.map.ownership), *view.place]
    close = difflib.get_close_matches(subject, known, n=3, cutoff=0.5)
    return f"did you mean {', '.join(close)}?" if close else "give a context, module, table, FK-... or TX-... id"


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
            if value > 0.0
        ]
        against = []
        for other, kinds in sorted(outside.items(), key=lambda item: (-sum(item[1].values()), item[0]))[:STRONGEST]:
            kind, _ = kinds.most_common(1)[0]
            others = set(self.names[other].modules)
            shown = ", ".join(self._many(k, name, other) for k, v in kinds.most_common(3) if v > 0.0)
            against.append(Evidence(f"coupled with {other} by {shown}", round(sum(kinds.values()), 2), self._edge_places(members, others, kind)))
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
        pair = {name, other}
        keys = sum(1 for key in self.map.foreign_keys if key.cut and {key.src_context, key.dst_context} == pair)
        commits = sum(1 for t in self.map.transactions if t.cut and set(t.writing) == pair)
        joined = {module: (name if context == other else context) for module, context in self.place.items()}
        counted = [m.id for m in self.graph.modules if m.role in ("code", "settings")]
        largest = sum(1 for module in counted if joined.get(module) == name) / len(counted) if counted else 0.0
        return (
            f"cut foreign keys {self.map.scores.cut_foreign_keys} -> {self.map.scores.cut_foreign_keys - keys}",
            f"cut transactions {self.map.scores.cut_transactions} -> {self.map.scores.cut_transactions - commits}",
            self._crossing_change(joined),
            f"the joined context would hold {largest:.0%} of the modules",
        )

    def _crossing_change(self, place: dict[str, str]) -> str:
        between, whole = score.crossing(score.dependencies(self.graph), place, self.roles)
        share = between / whole if whole else 0.0
        return f"dependencies between contexts {self.map.scores.inter_context_share:.1%} -> {share:.1%}"

    def _edge_places(self, sources: Iterable[str], targets: Iterable[str], kind: str) -> tuple[Location, ...]:
        here, there = set(sources), set(targets)
        if kind in _SEEN_NOUNS:
            contexts = {self.place.get(m, "") for m in here}, {self.place.get(m, "") for m in there}
            return tuple(sorted({at for tie in self._between(kind, *contexts) for at in tie.at})[:_PLACES])
        if kind in ("data", "tx"):
            tables = {table for table, owner in self.owner.items() if owner in {self.place.get(m) for m in there}}
            found = [a.at for a in self.graph.accesses if a.table in tables and self.module_of.get(a.definition) in here]
        else:
            found = [
                at
                for edge in self.graph.edges
                if edge.kind == kind
                and self.module_of.get(edge.src, edge.src) in here
                and self.module_of.get(edge.dst, edge.dst) in there
                and self.module_of.get(edge.src, edge.src) != self.module_of.get(edge.dst, edge.dst)
                for at in edge.at
            ]
        return tuple(sorted(set(found))[:_PLACES])

    # --- modules -------------------------------------------------------------------------------

    def module(self, module: str) -> Explanation:
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
            if weight <= 0.0 or kind in _SEEN_NOUNS:
                continue
            there = self.node_context(other) or words.get(other, "")
            entry = Evidence(f"{_VERBS[kind]} {_shown(other)}" + (f" ({there})" if there else ""), round(weight, 2), self._places(module, other, kind))
            if there == context:
                held.append(entry)
            elif there:
                against.append(entry)
        self._add_seen(module, whole.weights, context, held, against)
        alternative = membership.alternative
        moved = {**self.place, module: alternative} if alternative else self.place
        pinned = " (decided in decompose.toml)" if membership.pinned else ""
        return Explanation(
            subject=module,
            kind="module",
            context=context,
            summary=f"belongs to {context}{pinned}; {membership.confidence:.0%} of its coupling stays there"
            + ("; none of its functions ran while coverage was measured" if module in self.graph.runtime.never_run else ""),
            evidence_for=_with_seen(held),
            evidence_against=_with_seen(against),
            alternative=alternative,
            cost=(self._crossing_change(moved), *self._tables_of(module, alternative)) if alternative else (),
        )

    def _tables_of(self, module: str, alternative: str) -> tuple[str, ...]:
        tables = sorted(t.id for t in self.graph.tables if t.model and self.module_of.get(t.model) == module)
        if not tables:
            return ()
        changed = sum(
            1 for key in self.map.foreign_keys
            if key.src.rpartition(".")[0] in tables and key.dst not in tables and key.dst_context and (key.dst_context != alternative) != key.cut
        )
        return (f"takes {', '.join(tables)} along; {changed} foreign keys change sides of the cut",)

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
                return tuple(sorted(inside)[:_PLACES])
            found = [a.at for a in self.graph.accesses if a.table == table and self.module_of.get(a.definition) == module]
            found += [t.at for t in self.graph.tables if t.id == table and self.module_of.get(t.model) == module]
            return tuple(sorted(set(found))[:_PLACES])
        if kind == "route":
            word = other.partition(":")[2]
            return tuple(sorted(r.at for r in self.graph.routes if self.module_of.get(r.handler) == module and word in r.path)[:_PLACES])
        both = {module, other}
        return tuple(
            sorted(
                at for edge in self.graph.edges
                if edge.kind == kind and {self.module_of.get(edge.src, edge.src), self.module_of.get(edge.dst, edge.dst)} == both
                for at in edge.at
            )[:_PLACES]
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

    # --- data ----------------------------------------------------------------------------------

    def table(self, entry: Ownership) -> Explanation:
        held: list[Evidence] = []
        against: list[Evidence] = []
        for verb, sides in (("writes it", entry.writers), ("reads it", entry.readers)):
            for context, places in sides:
                found = Evidence(f"{context} {verb} in {_places(len(places))}", float(len(places)) * (3.0 if verb == "writes it" else 1.0), places[:_PLACES])
                (held if context == entry.owner else against).append(found)
        declared = next((table for table in self.graph.tables if table.id == entry.table), None)
        if declared is not None and self.place.get(self.module_of.get(declared.model, "")) == entry.owner:
            held.append(Evidence(f"declared in {entry.owner}", 0.0, (declared.at,)))
        self._add_seen(f"table:{entry.table}", coupling_weights(self.config.weights), entry.owner, held, against)
        rival = next((context for context, _ in sorted(entry.writers, key=lambda w: (-len(w[1]), w[0])) if context != entry.owner), "")
        own = sum(len(written) for context, written in entry.writers if context == entry.owner)
        return Explanation(
            subject=entry.table,
            kind="table",
            context=entry.owner,
            summary=f"owned by {entry.owner or 'nobody'}: {entry.reason}" + ("; contested" if entry.contested else ""),
            evidence_for=_with_seen(held),
            evidence_against=_with_seen(against),
            alternative=rival,
            cost=(f"{_places(own)} that write in {entry.owner} become calls of {rival}",) if rival else (),
        )

    def foreign_key(self, key: CutForeignKey) -> Explanation:
        declared = Evidence(f"{key.src} refers to {key.dst}" + (f", ON DELETE {key.on_delete}" if key.on_delete else ""), 0.0, (key.at,))
        uses = tuple(
            sorted(
                {a.at for a in self.graph.accesses if a.table == key.dst and self.place.get(self.module_of.get(a.definition, "")) == key.src_context}
            )
        )
        crossing = Evidence(f"{key.src_context} uses {key.dst} in {_places(len(uses))}", float(len(uses)), uses[:_PLACES])
        where = f"crosses from {key.src_context} to {key.dst_context}" if key.cut else f"stays inside {key.src_context or 'no context'}"
        return Explanation(
            subject=key.id,
            kind="foreign-key",
            context=key.src_context,
            summary=f"{key.src} -> {key.dst} {where}",
            evidence_for=(declared,),
            evidence_against=(crossing,) if key.cut and uses else (),
            alternative=f"merge {key.src_context} with {key.dst_context}" if key.cut else "",
            cost=self._cost_of_merge(key.src_context, key.dst_context) if key.cut else (),
        )

    def transaction(self, identifier: str) -> Explanation:
        transaction = next(t for t in self.map.transactions if t.id == identifier)
        by_context: dict[str, list[Location]] = {}
        for table, mode, at in transaction.places:
            if mode == "write" and self.owner.get(table):
                by_context.setdefault(self.owner[table], []).append(at)
        main = max(sorted(by_context), key=lambda name: len(by_context[name]), default="")
        found = [
            Evidence(f"writes tables of {name} in {_places(len(places))}", float(len(places)), tuple(sorted(places)[:_PLACES]))
            for name, places in sorted(by_context.items())
        ]
        state = f"is cut: it writes tables of {', '.join(transaction.writing)}" if transaction.cut else "stays whole"
        merge = [name for name in transaction.writing if name != main]
        return Explanation(
            subject=identifier,
            kind="transaction",
            context=self.place.get(self.module_of.get(transaction.definition, transaction.definition), main),
            summary=f"{transaction.definition} at {transaction.at} {state}",
            evidence_for=_strongest([e for e in found if e.text.startswith(f"writes tables of {main} ")]),
            evidence_against=_strongest([e for e in found if not e.text.startswith(f"writes tables of {main} ")]),
            alternative=f"merge {main} with {merge[0]}" if merge else "",
            cost=self._cost_of_merge(main, merge[0]) if merge else (),
        )


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
