"""What a cut leaves to decide about data: foreign keys and transactions across it, tables that several contexts write.

Each has an id (``FK-``, ``TX-``, ``TBL-<table>``), a proposal with its reason and the other treatments with what they cost. A person's
``[[decisions]]`` name one by id, by a glob over ids, or by a glob over ``<context>:<kind>:<source>``, which does not move when other
keys are added: ``orders:foreign-key:orders_order.customer_id``, ``orders:transaction:shop.orders.services.place``,
``orders:table:orders_order``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import msgspec

from decompose.cut.territory import Territories
from decompose.errors import ConfigError
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import ContextMap, ContextTransaction, CutForeignKey, Ownership
from decompose.model.location import Location
from decompose.model.migration import Alternative, Decision
from decompose.model.settings import Config, EdgeDecision

KEY_TREATMENTS = {
    "reference-by-key": "keep the column without the constraint, ask the owner's API for the rest",
    "replica": "keep a read-only copy of the columns in use, fed by the owner's events",
    "soft-delete-contract": "as reference-by-key, and the owner announces deletions so that the rows here follow",
    "reference-data": "a table that nobody changes at run time: ship a copy with each release",
    "merge-contexts": "keep both tables in one context",
}
COMMIT_TREATMENTS = {
    "outbox": "commit here, record an event in the same commit, the other context applies it later",
    "saga": "one local commit per context, with a compensation for each",
    "move-write": "let the context that owns the table do this write, before or after the commit",
    "accept-eventual": "two commits in a row; a reconciliation query finds what fell between",
    "merge-contexts": "keep the tables in one context",
}
TABLE_TREATMENTS = {
    "single-writer": "all writes go through the owner's API",
    "move-ownership": "another writer becomes the owner",
    "split-table": "each writer gets its own columns in a table of its own",
    "merge-contexts": "keep the writers in one context",
}
_MANY_READS = 4
"""Places that read through a key from which a copy pays off against asking each time."""

_MANY_COMMITS = 3
"""Transactions shared by two contexts from which they look like one."""


def decisions(graph: CodeGraph, context_map: ContextMap, config: Config) -> tuple[Decision, ...]:
    """Decisions about cut foreign keys, cut transactions and contested tables, in the order of their ids.

    Raises :class:`ConfigError` when a decision names one of them exactly and chooses a treatment it does not have.
    """
    view = _View(graph, context_map, config)
    found = [
        *((view.foreign_key(key), f"{key.src_context}:foreign-key:{key.src}", KEY_TREATMENTS) for key in context_map.foreign_keys if key.cut),
        *(
            (view.transaction(each), f"{view.context_of(each.definition)}:transaction:{each.definition}", COMMIT_TREATMENTS)
            for each in context_map.transactions
            if each.cut
        ),
        *((view.table(entry), f"{entry.owner}:table:{entry.table}", TABLE_TREATMENTS) for entry in context_map.ownership if entry.contested),
    ]
    return tuple(_decided(decision, name, treatments, config.decisions) for decision, name, treatments in found)


def _decided(decision: Decision, name: str, treatments: dict[str, str], chosen: Iterable[EdgeDecision]) -> Decision:
    """The decision as a person has it; the last one that names it counts."""
    for choice in chosen:
        exact = choice.id in (decision.id, name)
        if not exact and not fnmatchcase(decision.id, choice.id) and not fnmatchcase(name, choice.id):
            continue
        if choice.choice in treatments:
            rest = {a.choice: a.cost for a in decision.alternatives}
            rest.setdefault(decision.proposal, decision.reason)
            decision = msgspec.structs.replace(
                decision,
                state="accepted",
                by=choice.by,
                proposal=choice.choice,
                reason=choice.reason or treatments[choice.choice],
                alternatives=tuple(Alternative(c, rest[c]) for c in treatments if c in rest and c != choice.choice),
            )
        elif exact:
            raise ConfigError(
                f"{choice.id} cannot be {choice.choice!r}",
                hint=f"choose one of: {', '.join(treatments)}",
                place=str(decision.evidence[0]) if decision.evidence else "",
            )
    return decision


class _View:
    def __init__(self, graph: CodeGraph, context_map: ContextMap, config: Config) -> None:
        self.graph = graph
        self.map = context_map
        self.config = config
        self.territories = Territories(graph, context_map)
        self.roles: dict[str, str] = {context.name: context.role for context in context_map.contexts}
        self.size = sum(1 for module in graph.modules if module.role in ("code", "settings"))
        self.entry = {entry.table: entry for entry in context_map.ownership}

    def context_of(self, definition: str) -> str:
        return self.territories.context_of(definition)

    def places(self, context: str, table: str, mode: str) -> tuple[Location, ...]:
        entry = self.entry.get(table)
        sides = () if entry is None else entry.writers if mode == "write" else entry.readers
        return next((places for name, places in sides if name == context), ())

    # --- foreign keys --------------------------------------------------------------------------

    def foreign_key(self, key: CutForeignKey) -> Decision:
        reads = tuple(sorted({*self.places(key.src_context, key.dst, "read"), *(site.at for site in key.joins if site.context == key.src_context)}))
        shown = tuple(dict.fromkeys((*(site.at for site in key.joins), *reads)))
        proposal, reason = self._key_proposal(key, reads)
        costs = {
            "reference-by-key": f"{_places(len(reads))} in {key.src_context} that read {key.dst} become calls",
            "replica": f"an event consumer and a table more in {key.src_context}; {key.dst} is seen some seconds late",
            "soft-delete-contract": f"{key.dst_context} announces each deletion of {key.dst}, {key.src_context} handles it",
            "reference-data": f"changes to {key.dst} reach {key.src_context} with a release only",
            "merge-contexts": self._merge_cost({key.src_context, key.dst_context}),
        }
        rule = f", ON DELETE {key.on_delete}" if key.on_delete else ""
        return Decision(
            id=key.id,
            kind="foreign-key",
            subject=f"{key.src} -> {key.dst}{rule}",
            contexts=_both(key.src_context, key.dst_context),
            evidence=(key.at, *shown[:5]),
            proposal=proposal,
            reason=reason,
            alternatives=tuple(Alternative(choice, costs[choice]) for choice in KEY_TREATMENTS if choice != proposal),
        )

    def _key_proposal(self, key: CutForeignKey, reads: Sequence[Location]) -> tuple[str, str]:
        target = self.entry.get(key.dst)
        if target is not None and (target.reason.startswith("reference table") or not target.writers):
            return "reference-data", f"no code that was seen writes {key.dst}"
        if "CASCADE" in key.on_delete:
            return "soft-delete-contract", f"today rows of {key.src.rpartition('.')[0]} are deleted with their row of {key.dst}; nothing does so across services"
        if len(reads) >= _MANY_READS:
            return "replica", f"{key.src_context} reads {key.dst} in {_places(len(reads))}: a call for each would be slow and fragile"
        if reads:
            return "reference-by-key", f"{key.src_context} reads {key.dst} in {_places(len(reads))} only"
        return "reference-by-key", f"{key.src_context} keeps the key and reads nothing behind it"

    def _merge_cost(self, pair: set[str]) -> str:
        share = sum(self.territories.sizes.get(name, 0) for name in pair) / (self.size or 1)
        keys = sum(1 for k in self.map.foreign_keys if k.cut and {k.src_context, k.dst_context} <= pair)
        commits = sum(1 for t in self.map.transactions if t.cut and set(t.writing) <= pair)
        return f"one context with {share:.0%} of the modules; saves {_number(keys, 'cut key')} and {_number(commits, 'cut transaction')}"

    # --- transactions --------------------------------------------------------------------------

    def transaction(self, transaction: ContextTransaction) -> Decision:
        written: dict[str, list[str]] = {}
        for table in transaction.written:
            entry = self.entry.get(table)
            if entry is not None and entry.owner in transaction.writing:
                written.setdefault(entry.owner, []).append(table)
        home = self.context_of(transaction.definition)
        others = {name: tables for name, tables in written.items() if name != home}
        proposal, reason = self._commit_proposal(transaction, home, others)
        shown = "; ".join(f"{name}: {', '.join(tables)}" for name, tables in sorted(written.items()))
        foreign = sum(len(tables) for tables in others.values())
        costs = {
            "outbox": f"{_number(foreign, 'table')} of {', '.join(sorted(others))} follow seconds later; consumers must be idempotent",
            "saga": f"{_number(len(written), 'local commit')} with a compensation each, and a state to keep",
            "move-write": f"{home or 'the caller'} calls {', '.join(sorted(others))} instead of writing; a failure between the two needs an answer",
            "accept-eventual": "a reconciliation job, and somebody who reads its report",
            "merge-contexts": self._merge_cost(set(transaction.writing)),
        }
        places = [at for _, mode, at in transaction.places if mode == "write"]
        return Decision(
            id=transaction.id,
            kind="transaction",
            subject=f"{transaction.definition} writes {shown}",
            contexts=transaction.writing,
            evidence=(transaction.at, *list(dict.fromkeys(places))[:8]),
            proposal=proposal,
            reason=reason,
            alternatives=tuple(Alternative(choice, costs[choice]) for choice in COMMIT_TREATMENTS if choice != proposal),
        )

    def _commit_proposal(self, transaction: ContextTransaction, home: str, others: dict[str, list[str]]) -> tuple[str, str]:
        pair = set(transaction.writing)
        together = [t.id for t in self.map.transactions if t.cut and set(t.writing) == pair]
        if len(pair) == 2 and len(together) >= _MANY_COMMITS and "hub" not in {self.roles.get(name) for name in pair}:
            return "merge-contexts", f"{' and '.join(sorted(pair))} commit together in {', '.join(together)}: they behave as one context"
        if len(pair) > 2:
            return "saga", f"{len(pair)} contexts take part: somebody must know how far it got"
        if home not in pair:
            return "move-write", f"{home or 'its module'} owns none of the tables: it orchestrates, and can call the owners one by one"
        other = next(iter(sorted(others)), "")
        return "outbox", f"{home} owns the rest; what it writes in {other} ({', '.join(others.get(other, ()))}) can follow its own commit"

    # --- tables --------------------------------------------------------------------------------

    def table(self, entry: Ownership) -> Decision:
        writers = [name for name, _ in entry.writers if self.roles.get(name) != "shared"]
        others = [name for name in writers if name != entry.owner]
        count = sum(len(places) for name, places in entry.writers if name in others)
        costs = {
            "single-writer": f"{_places(count)} that write in {', '.join(others)} become calls",
            "move-ownership": f"{_places(len(self.places(entry.owner, entry.table, 'write')))} in {entry.owner} become calls instead",
            "split-table": "a migration that moves columns, and a join less in every report",
            "merge-contexts": self._merge_cost(set(writers)),
        }
        return Decision(
            id=f"TBL-{entry.table}",
            kind="table",
            subject=f"{entry.table} is written by {', '.join(writers)}",
            contexts=tuple(writers),
            evidence=tuple(at for name, places in entry.writers if name in writers for at in places[:4]),
            proposal="single-writer",
            reason=f"{entry.owner} owns it ({entry.reason}); {_places(count)} elsewhere write it",
            alternatives=tuple(Alternative(choice, costs[choice]) for choice in TABLE_TREATMENTS if choice != "single-writer"),
        )


def _both(first: str, second: str) -> tuple[str, ...]:
    return tuple(sorted({first, second}))


def _places(number: int) -> str:
    return _number(number, "place")


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
