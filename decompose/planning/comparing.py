"""Two plans, or a plan and what was signed, compared by what they say and not by the lines where it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import msgspec

from decompose.model.changes import ChangeKind, PlanChange, PlanDiff
from decompose.model.location import Location
from decompose.model.lock import PlanLock, Rule, SignedMap
from decompose.model.migration import MigrationPlan
from decompose.planning.signing import MAP, parts, signed_map

KINDS: Mapping[Rule, ChangeKind] = {
    "D201": "import", "D202": "write", "D203": "read", "D204": "foreign-key", "D205": "transaction", "D206": "unassigned", "D207": "call",
}  # fmt: skip


class Snapshot(msgspec.Struct, frozen=True):
    """What of a plan is compared. ``choices`` maps what was decided about, in words, to the treatment; ``edges`` an edge's id to its subject and
    disposition, ``None`` where only a signature is known."""

    map: SignedMap
    known: frozenset[str]
    choices: dict[str, str]
    edges: dict[str, tuple[str, str]] | None = None
    places: dict[str, Location] = {}


def of_plan(plan: MigrationPlan) -> Snapshot:
    edges: dict[str, tuple[str, str]] = {edge.id: (f"{edge.source} -> {edge.target}: {edge.text}", edge.disposition) for each in plan.contexts for edge in each.edges if not edge.test}
    places = {crossing.key: crossing.at for crossing in plan.crossings} | {edge.id: edge.at for each in plan.contexts for edge in each.edges}
    choices = {part.subject: part.choice for part in parts(plan) if part.id != MAP}
    return Snapshot(signed_map(plan.context_map), frozenset(crossing.key for crossing in plan.crossings), choices, edges, places)


def of_lock(lock: PlanLock) -> Snapshot:
    return Snapshot(lock.map, frozenset(lock.known), {each.subject: each.choice for each in lock.accepted if each.id != MAP})


def compared(before: Snapshot, after: Snapshot, name: str) -> PlanDiff:
    """The differences of ``after`` from ``before``, which ``name`` names: the cut, then data, then what crosses it, then decisions."""
    changes = (*_cut(before.map, after.map), *_crossing(before, after), *_choices(before, after), *_edges(before, after))
    return PlanDiff(name, tuple(_counts(before, after)), changes)


def _counts(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, int, int]]:
    old, new = (Counter(KINDS[key[:4]] for key in each.known) for each in (before, after))  # type: ignore[index]
    yield "contexts", len(before.map.contexts), len(after.map.contexts)
    for kind in KINDS.values():
        yield kind, old[kind], new[kind]


# --- the cut ------------------------------------------------------------------------------------


def _cut(before: SignedMap, after: SignedMap) -> Iterator[PlanChange]:
    for name in sorted(before.contexts.keys() ^ after.contexts.keys()):
        yield PlanChange("context", name, name if name in before.contexts else "", name if name in after.contexts else "")
    modules = [{module: name for name, context in each.contexts.items() for module in context.modules} for each in (before, after)]
    tables = [{table: name for name, context in each.contexts.items() for table in context.tables} for each in (before, after)]
    yield from _moved("module", *modules)
    yield from _moved("definition", before.definitions, after.definitions)
    yield from _moved("table", *tables)


def _moved(kind: ChangeKind, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[PlanChange]:
    for subject in sorted(before.keys() | after.keys()):
        if before.get(subject) != after.get(subject):
            yield PlanChange(kind, subject, before.get(subject, ""), after.get(subject, ""))


# --- what crosses it ----------------------------------------------------------------------------


def _crossing(before: Snapshot, after: Snapshot) -> Iterator[PlanChange]:
    for rule, kind in KINDS.items():
        for key in sorted(before.known ^ after.known):
            if key.startswith(rule):
                subject = key.removeprefix(f"{rule} ")
                yield PlanChange(kind, subject, "there" if key in before.known else "", "there" if key in after.known else "", after.places.get(key))


def _choices(before: Snapshot, after: Snapshot) -> Iterator[PlanChange]:
    """Treatments that changed. What is new or gone is told as key, transaction or table."""
    for subject in sorted(before.choices.keys() & after.choices.keys()):
        old, new = before.choices[subject], after.choices[subject]
        if old != new:
            yield PlanChange("boundary" if subject.startswith("boundary of ") else "decision", subject, old, new)


def _edges(before: Snapshot, after: Snapshot) -> Iterator[PlanChange]:
    """Uses of a boundary one by one, between two plans."""
    if before.edges is None or after.edges is None:
        return
    for id in sorted(before.edges.keys() | after.edges.keys()):
        old, new = before.edges.get(id, ("", "")), after.edges.get(id, ("", ""))
        if old[1] != new[1]:
            yield PlanChange("edge", f"{id}  {new[0] or old[0]}", old[1], new[1], after.places.get(id))
