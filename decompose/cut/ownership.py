"""Data ownership: one writing context per table, and what crosses because of it.

The owner is the context with the strongest claim. A place that writes counts :data:`WRITE`, twice that inside a
transaction, a place that reads :data:`READ`, an uncertain one half, the declaration as much as a write. The table's home (the context that declares it)
keeps it unless another context's claim is more than :data:`MARGIN` times its own: so a tie, or a near one, goes to the home.
Shared code never owns a table that a domain context writes, and tests and migrations claim nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from decompose.cut.globs import matches
from decompose.cut.structure import owners_of_code
from decompose.cut.transactions import UnitOfWork
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import CutForeignKey, KeyKind, Ownership
from decompose.model.facts import ForeignKey, Table
from decompose.model.location import Location
from decompose.model.settings import Config

WRITE = 3.0
READ = 1.0
MARGIN = 3.0

DECIDED_MODEL = "decided: its model was put here in decompose.toml"
"""The reason of a table that goes with a model that a person placed by itself."""

Places = dict[str, list[Location]]


def ownership(
    graph: CodeGraph,
    place: Mapping[str, str],
    home: Mapping[str, str],
    roles: Mapping[str, str],
    units: Sequence[UnitOfWork],
    config: Config,
    decided: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Ownership, ...]:
    """The owner of every table, with all writers and readers.

    ``place`` maps a module or definition to its context, ``home`` a table to the context of its declaration, ``roles`` a
    context to its role, ``decided`` a table to the context that a person put its model into.
    """
    code = {module.id for module in graph.modules if module.role in ("code", "settings")}
    module_of = owners_of_code(graph)
    writers: dict[str, Places] = {}
    readers: dict[str, Places] = {}
    committed = {(at, table) for unit in units for table, mode, at in unit.places if mode == "write"}
    claims: dict[str, dict[str, float]] = {}
    for access in graph.accesses:
        module = module_of.get(access.definition, access.definition)
        context = place.get(access.definition) or place.get(module, "")
        if module in code and context:
            side = writers if access.mode == "write" else readers
            side.setdefault(access.table, {}).setdefault(context, []).append(access.at)
            claim = WRITE * (2.0 if (access.at, access.table) in committed else 1.0) if access.mode == "write" else READ
            weighed = claims.setdefault(access.table, {})
            weighed[context] = weighed.get(context, 0.0) + (claim if access.certain else claim / 2)
    extending: dict[str, set[str]] = {}
    for key in graph.foreign_keys:
        if key.kind == "one-to-one" and home.get(key.table):
            extending.setdefault(key.target, set()).add(home[key.table])
    found: dict[str, Ownership] = {}
    for table in graph.tables:
        found[table.id] = _owned(
            table,
            home.get(table.id, ""),
            writers.get(table.id, {}),
            readers.get(table.id, {}),
            claims.get(table.id, {}),
            roles,
            extending.get(table.id, set()),
            config,
            decided.get(table.id, ""),
        )
    for table_id, parent in _joins(graph.tables, graph.foreign_keys).items():
        entry, owner = found[table_id], found[parent].owner if parent in found else ""
        pinned = owner_decided(table_id, config)
        if owner and not pinned:
            found[table_id] = Ownership(
                table=table_id,
                owner=owner,
                contested=False,
                writers=entry.writers,
                readers=entry.readers,
                reason=f"join table of {parent}: goes with it",
            )
    return tuple(found[table_id] for table_id in sorted(found))


def _owned(
    table: Table,
    home: str,
    writers: Places,
    readers: Places,
    claims: Mapping[str, float],
    roles: Mapping[str, str],
    extending: set[str],
    config: Config,
    decided: str,
) -> Ownership:
    domain = sorted(context for context in writers if roles.get(context) != "shared")
    reference = any(matches(pattern, table.id) for pattern in config.reference_tables)
    pinned = owner_decided(table.id, config)
    if pinned:
        owner, reason = pinned, "decided: `owns` in decompose.toml"
    elif decided:
        owner, reason = decided, DECIDED_MODEL
    elif table.kind == "framework":
        owner, reason = _of_framework(claims, extending, roles)
    else:
        owner, reason = _claimed(claims, home, domain, roles)
    if reference:
        reason = f"reference table: {owner or 'nobody'} writes it, others keep a read-only copy"
    return Ownership(
        table=table.id,
        owner=owner,
        contested=len(domain) > 1 and not reference,
        writers=_sorted(writers),
        readers=_sorted(readers),
        reason=reason,
    )


def _claimed(claims: Mapping[str, float], home: str, writing: Sequence[str], roles: Mapping[str, str]) -> tuple[str, str]:
    """The owner of an ordinary table and the reason; ``writing`` are the domain contexts that write it."""
    rival = _strongest({context: claims[context] for context in writing if context != home}, "")
    if roles.get(home) == "shared":
        if rival:
            return rival, "declared in shared code; the strongest writer owns it"
        return home, "technical table of shared code: each service gets one of its own"
    own = claims.get(home, 0.0) + WRITE
    if rival and claims[rival] > MARGIN * own:
        stronger = claims[rival] / own
        return rival, f"written and read here with {stronger:.1f} times the weight of {home or 'its declaring module'} (a write counts 3, a read 1)"
    if home:
        written = home in writing
        return home, "declared and written here" if written else "declared here" if writing else "declared here; no writer was seen"
    return _strongest(claims, ""), "the only one to use it"


def _of_framework(claims: Mapping[str, float], extending: set[str], roles: Mapping[str, str]) -> tuple[str, str]:
    """A library's table goes with the context that extends it one to one; the rest stays with the shared code."""
    if extending:
        owner = _strongest({context: claims.get(context, 0.0) for context in extending}, "")
        return owner, f"framework table that {owner} extends one to one: others keep the key and ask there"
    shared = next((context for context in sorted(roles) if roles[context] == "shared"), "")
    return shared or _strongest(claims, ""), "framework table: each service runs the library's code on one of its own"


def _strongest(claims: Mapping[str, float], fallback: str) -> str:
    return min(claims, key=lambda context: (-claims[context], context)) if claims else fallback


def owner_decided(table: str, config: Config) -> str:
    """The context whose pattern fits a table, the most specific one; two that fit alike were refused (see :mod:`decompose.cut.decided`)."""
    fitting = [(len(pattern), c.name) for c in config.contexts for pattern in c.owns if matches(pattern, table)]
    return max(fitting)[1] if fitting else ""


def _sorted(places: Places) -> tuple[tuple[str, tuple[Location, ...]], ...]:
    return tuple((context, tuple(sorted(set(places[context])))) for context in sorted(places))


def _joins(tables: Iterable[Table], keys: Iterable[ForeignKey]) -> dict[str, str]:
    """The declaring side's table for every join table."""
    joins = {table.id for table in tables if table.kind == "join"}
    return {key.through: key.table for key in keys if key.through in joins and key.kind == "many-to-many"}


def foreign_keys(graph: CodeGraph, owner: Mapping[str, str], shared: Collection[str] = ()) -> tuple[CutForeignKey, ...]:
    """All foreign keys with ids ``FK-001`` and up, counted in the order of ``(table, column, target)``.

    A many-to-many relation counts once: as a key of the side that declares it, or as the keys of the model that it goes through. Two keys are never one id, and an edit that
    adds no foreign key renumbers none. A key to a table of a ``shared`` context is not cut: each service has that table.
    """
    columns = {(key.table, key.target) for key in graph.foreign_keys if key.kind != "many-to-many"}
    counted = (key for key in graph.foreign_keys if key.kind != "many-to-many" or (key.through, key.target) not in columns)
    keys = sorted(counted, key=lambda k: (k.table, k.column or k.field, k.target, k.at))
    kind_of = _KeyKinds(graph)
    found = []
    for number, key in enumerate(keys, start=1):
        source, target = owner.get(key.table, ""), owner.get(key.target, "")
        found.append(
            CutForeignKey(
                id=f"FK-{number:03}",
                src=f"{key.table}.{key.column or key.field}",
                dst=key.target,
                on_delete=key.on_delete,
                at=key.at,
                src_context=source,
                dst_context=target,
                cut=bool(source and target and source != target and target not in shared),
                kind=kind_of(key),
            )
        )
    return tuple(found)


class _KeyKinds:
    """Tells what kind of key each foreign key is."""

    def __init__(self, graph: CodeGraph) -> None:
        self._primary = {(table.id, column.name) for table in graph.tables for column in table.columns if column.primary_key}
        self._bases: dict[str, list[str]] = {}
        for edge in graph.edges:
            if edge.kind == "inherit":
                self._bases.setdefault(edge.src, []).append(edge.dst)

    def __call__(self, key: ForeignKey) -> KeyKind:
        if key.kind == "many-to-many":
            return "many-to-many"
        if (key.table, key.column) in self._primary and self._inherits(key.model, key.target_model):
            return "inheritance"
        return "one-to-one" if key.kind == "one-to-one" else "foreign-key"

    def _inherits(self, model: str, parent: str) -> bool:
        seen: set[str] = set()
        waiting = list(self._bases.get(model, ())) if parent else []
        while waiting:
            base = waiting.pop()
            if base == parent:
                return True
            if base not in seen:
                seen.add(base)
                waiting += self._bases.get(base, ())
        return False
