"""Signing a plan: what a signature covers, what it says about a plan made later, and what is still unsigned.

A signature covers what a person decides about, not the lines where it stands: the cut and who owns which table, the treatment of a foreign
key, a transaction or a contested table, the disposition of each use of a context and its operations. So a plan made anew from a source in which a
comment moved is signed as the one before, and one that differs in any of this is not.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal

import msgspec

from decompose.errors import FileError, NotReady, RefusedInput, UsageError
from decompose.model.contexts import ContextMap
from decompose.model.lock import PlanLock, Signature, SignedContext, SignedMap
from decompose.model.migration import ContextPlan, Decision, MigrationPlan
from decompose.model.settings import Waiver

LOCK = "plan.lock"
MAP = "map"
"""The id of the cut itself."""


class Part(msgspec.Struct, frozen=True):
    """What can be accepted on its own: fields as in :class:`Signature`. ``contexts`` are those whose extraction rests on it."""

    id: str
    subject: str
    choice: str
    hash: str
    contexts: tuple[str, ...]
    open: bool = False


class Standing(msgspec.Struct, frozen=True):
    """A part with what people said about it: ``signed``; ``drifted`` from the signature that is given; ``waived`` by ``by`` until ``until``; ``waits`` for a choice; or ``unsigned``."""

    part: Part
    state: Literal["signed", "drifted", "waived", "waits", "unsigned"]
    signature: Signature | None = None
    by: str = ""
    until: str = ""


# --- what is signed -----------------------------------------------------------------------------


def parts(migration: MigrationPlan) -> tuple[Part, ...]:
    """The cut, every decision, and the boundary of every context."""
    names = tuple(context.name for context in migration.contexts)
    signed = signed_map(migration.context_map)
    tables = sum(len(context.tables) for context in signed.contexts.values())
    cut = Part(MAP, f"{len(signed.contexts)} contexts, {tables} tables", "as proposed", _hash(signed), names)
    decided = (_decision(each) for each in migration.decisions if each.kind != "edge")
    return (cut, *decided, *(_boundary(each) for each in sorted(migration.contexts, key=lambda each: each.name)))


def signed_map(context_map: ContextMap) -> SignedMap:
    """The cut as it is signed: sorted, and without any figure."""
    owned: dict[str, list[str]] = {}
    for entry in context_map.ownership:
        owned.setdefault(entry.owner, []).append(entry.table)
    contexts = {
        each.name: SignedContext(each.role, tuple(sorted(each.modules)), tuple(sorted(owned.get(each.name, ()))), each.team)
        for each in sorted(context_map.contexts, key=lambda each: each.name)
    }
    return SignedMap(contexts, dict(sorted(context_map.definitions)))


def _decision(decision: Decision) -> Part:
    covered = (decision.kind, decision.subject, decision.contexts, decision.proposal)
    return Part(decision.id, decision.subject, decision.proposal, _hash(covered), decision.contexts, open=decision.state == "open")


def _boundary(context: ContextPlan) -> Part:
    edges = sorted((edge.id, edge.disposition) for edge in context.edges if not edge.test)
    operations = sorted((each.name, each.shape, each.kind, each.target, each.expression, each.returns, msgspec.to_builtins(each.parameters)) for each in context.operations)
    waiting = sum(edge.disposition == "decide" for edge in context.edges)
    choice = f"{_number(len(edges), 'edge')}, {_number(len(operations), 'operation')}"
    return Part(context.name, f"boundary of {context.name}", choice, _hash((edges, operations)), (context.name,), open=waiting > 0)


def plan_hash(found: Iterable[Part]) -> str:
    """What stands for the whole plan: the hash over those of its parts, whatever their ids."""
    return _hash(sorted(part.hash for part in found))


def _hash(value: Any) -> str:
    return hashlib.blake2b(msgspec.json.encode(value, order="sorted"), digest_size=16).hexdigest()


# --- signing ------------------------------------------------------------------------------------


def accept(migration: MigrationPlan, lock: PlanLock | None, ids: Collection[str], *, by: str, on: str, known: Collection[str]) -> PlanLock:
    """The lock after ``by`` accepted the parts that ``ids`` name (ids or globs over them), all of them when it names none.

    What was accepted before and says the same keeps its signature; what no longer is in the plan loses it. Raises :class:`UsageError` for an id that
    names nothing, :class:`NotReady` for one that waits for a choice.
    """
    found = parts(migration)
    chosen = _chosen(found, ids)
    before = {each.hash: each for each in lock.accepted} if lock is not None else {}
    signatures = []
    for part in found:
        kept = before.get(part.hash)
        if kept is not None:
            signatures.append(msgspec.structs.replace(kept, id=part.id))
        elif part.id in chosen:
            signatures.append(Signature(part.id, part.subject, part.choice, part.hash, by, on))
    taken = MAP in chosen or lock is None
    return PlanLock(
        hash=plan_hash(found),
        accepted=tuple(signatures),
        map=signed_map(migration.context_map) if taken or lock is None else lock.map,
        known=tuple(sorted(known)) if taken or lock is None else lock.known,
        unread=tuple(sorted({each.path for each in migration.failed})) if taken or lock is None else lock.unread,
    )


def _chosen(found: Collection[Part], ids: Collection[str]) -> set[str]:
    if not ids:
        return {part.id for part in found if not part.open}
    chosen: set[str] = set()
    for id in ids:
        named = [part for part in found if fnmatchcase(part.id, id)]
        if not named:
            raise UsageError(f"nothing in the plan is called {id!r}", hint=what_there_is(id, (part.id for part in found)))
        waiting = [part for part in named if part.open]
        if waiting and len(named) == 1:
            raise NotReady(
                f"{id} cannot be accepted: it waits for a choice",
                hint=f"see `decompose show boundary {id}` or `decompose explain {id}`, and write the choice into decompose.toml",
            )
        chosen |= {part.id for part in named if not part.open}
    return chosen


def waivable(migration: MigrationPlan, id: str) -> None:
    """Raises :class:`UsageError` for an id, or a glob, that fits no decision of the plan."""
    known = [each.id for each in migration.decisions]
    if not any(fnmatchcase(each, id) for each in known):
        raise UsageError(f"no decision of the plan is called {id!r}, so there is nothing to waive", hint=what_there_is(id, known))


_NAMED = 8
"""Ids that are listed before they are only counted."""
_NUMBERED = re.compile(r"[A-Z]+-|.+-(?=[0-9a-f]{8}$)")
"""What ids of one sort begin with: of foreign keys and the like, and of the edges of one boundary."""


def what_there_is(id: str, known: Iterable[str]) -> str:
    """The ids nearest to one that is none, then what sorts there are, and how many of each."""
    ids = sorted(set(known))
    near = difflib.get_close_matches(id, ids, n=3, cutoff=0.5) or difflib.get_close_matches(id.upper(), ids, n=3, cutoff=0.5)
    counts: dict[str, int] = {}
    for each in ids:
        if begin := _NUMBERED.match(each):
            counts[begin[0]] = counts.get(begin[0], 0) + 1
    named = [each for each in ids if not _NUMBERED.match(each) and each != MAP]
    groups = [MAP] if MAP in ids else []
    groups += [*named[:_NAMED], *([f"{len(named) - _NAMED:,} more names"] if len(named) > _NAMED else [])]
    groups += [f"{begin}* ({count:,})" for begin, count in sorted(counts.items())]
    told = f"there are {', '.join(groups)}" if groups else "the plan has none"
    return f"did you mean {', '.join(near)}? {told}" if near else told


# --- the file -----------------------------------------------------------------------------------


def write_lock(lock: PlanLock) -> bytes:
    """The lock as it is kept: indented JSON, an entry a line, the same bytes for the same content."""
    return msgspec.json.format(msgspec.json.encode(lock, order="sorted"), indent=1) + b"\n"


def read_lock(content: bytes, place: str) -> PlanLock:
    """The lock that ``content`` holds. Raises :class:`FileError` for a damaged one, :class:`RefusedInput` where the map is not the signed one."""
    try:
        lock = msgspec.json.decode(content, type=PlanLock)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileError(f"not a plan.lock, or one of another version: {error}", place=place, hint="take it from your version control, or sign again with `decompose plan --accept`") from error
    signed = next((each for each in lock.accepted if each.id == MAP), None)
    if signed is not None and signed.hash != _hash(lock.map):
        raise RefusedInput(
            f"the map is not the one that {signed.by} accepted: somebody edited it here",
            place=place,
            hint="take it from your version control; the map is edited in decompose.toml, and signed with `decompose plan --accept`",
        )
    return lock


# --- what a lock says about a plan --------------------------------------------------------------


def with_states(decisions: Iterable[Decision], lock: PlanLock | None, waivers: Iterable[Waiver]) -> tuple[Decision, ...]:
    """Decisions with what people said about them: accepted by somebody, or waived until a day."""
    accepted: Mapping[str, Signature] = {each.hash: each for each in lock.accepted} if lock is not None else {}
    return tuple(_with_state(each, accepted, tuple(waivers)) for each in decisions)


def _with_state(decision: Decision, accepted: Mapping[str, Signature], waivers: Iterable[Waiver]) -> Decision:
    signature = accepted.get(_decision(decision).hash)
    if signature is not None and decision.state == "proposed":
        decision = msgspec.structs.replace(decision, state="accepted", by=f"{signature.by}, {signature.on}")
    for waiver in waivers:
        if fnmatchcase(decision.id, waiver.id):
            decision = msgspec.structs.replace(decision, state="waived", by=waiver.by, until=waiver.until, reason=waiver.reason)
    return decision


def standing(migration: MigrationPlan, lock: PlanLock | None) -> Iterator[Standing]:
    """Every part of the plan with what people said about it."""
    accepted = lock.accepted if lock is not None else ()
    signed, named = {each.hash: each for each in accepted}, {each.id: each for each in accepted}
    waived = {each.id: each for each in migration.decisions if each.state == "waived"}
    for part in parts(migration):
        if part.hash in signed:
            yield Standing(part, "signed", signed[part.hash])
        elif part.id in waived:
            yield Standing(part, "waived", by=waived[part.id].by, until=waived[part.id].until)
        elif part.open:
            yield Standing(part, "waits")
        else:
            yield Standing(part, "drifted" if part.id in named else "unsigned", named.get(part.id))


def unsigned(migration: MigrationPlan, lock: PlanLock, context: str = "", *, today: str = "") -> Iterator[str]:
    """What of the plan nobody has accepted, in words; of one context when it is named. A waiver stands for a signature until its day is over."""
    for each in standing(migration, lock):
        part, signed = each.part, each.signature
        if each.state == "signed" or (context and context not in part.contexts):
            continue
        if each.state == "waived":
            if today and each.until and each.until < today:
                yield f"{part.id} was waived until {each.until}"
        elif part.open:
            yield f"{part.id} waits for choices ({part.subject}): decompose show boundary {part.id}"
        elif signed is None:
            yield f"nobody has accepted {part.id} ({part.subject})"
        elif part.id == MAP:
            told = "; ".join(cut_changes(lock.map, signed_map(migration.context_map)))
            yield f"the cut is not the one that {signed.by} accepted" + (f": {told}" if told else "")
        else:
            yield f"{part.id} is {part.choice} now ({part.subject}), {signed.by} accepted {signed.choice}"


_SHOWN = 3
"""Names that are told of one sort of change."""


def cut_changes(before: SignedMap, now: SignedMap) -> Iterator[str]:
    """What differs between two cuts, in words: ``3 modules are new in catalog: a, b, c``."""
    for name in sorted(before.contexts.keys() - now.contexts.keys()):
        yield f"the context {name} is gone"
    for name in sorted(now.contexts.keys() - before.contexts.keys()):
        yield f"the context {name} is new"
    for noun, was, is_ in (
        ("module", _placed(before, "modules"), _placed(now, "modules")),
        ("table", _placed(before, "tables"), _placed(now, "tables")),
        ("definition", before.definitions, now.definitions),
    ):
        yield from _placements(noun, was, is_)
    for name in sorted(before.contexts.keys() & now.contexts.keys()):
        old, new = before.contexts[name], now.contexts[name]
        if old.role != new.role:
            yield f"{name} is {new.role} now, was {old.role}"
        if old.team != new.team:
            yield f"the team of {name} is {new.team or 'not named'} now, was {old.team or 'not named'}"


def _placed(signed: SignedMap, what: Literal["modules", "tables"]) -> dict[str, str]:
    return {each: name for name, context in signed.contexts.items() for each in getattr(context, what)}


def _placements(noun: str, was: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    """Names that came, went or moved, those of one context together."""
    groups: dict[str, list[str]] = {}
    for name in sorted(now.keys() | was.keys()):
        here, there = was.get(name, ""), now.get(name, "")
        if here != there:
            groups.setdefault(f"new in {there}" if not here else f"gone from {here}" if not there else f"in {there} and no longer in {here}", []).append(name)
    for what, names in groups.items():
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        yield f"{_number(len(names), noun)} {'is' if len(names) == 1 else 'are'} {what}: {', '.join(names[:_SHOWN])}{more}"


def _number(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
