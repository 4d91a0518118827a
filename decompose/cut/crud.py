"""Who creates, reads, updates and deletes the rows of which table, and how much of a context's data is its own.

With ``a(c, t)`` the number of places in the code of context ``c`` that access table ``t``, and ``T(c)`` the tables that ``c`` owns::

    own data(c)    = sum over t in T(c) of a(c, t)  /  sum over all t of a(c, t)
    exclusivity(c) = sum over t in T(c) of a(c, t)  /  sum over t in T(c) and all contexts d of a(d, t)

The first says how much of its data a context has to ask others for, the second how much others ask it. Tools that watch a running program call a
resource exclusive when one domain alone uses it, and count such resources (vFunction, "Explanation of Resources"); here accesses are
counted, so that one read from outside does not weigh as much as a hundred. Both are 1 for a context without any access.

A place creates, updates or deletes where the text says so: by the method (``create``, ``delete``), by the statement's first word, or by where
the saved object comes from (made a few lines above, or read). Where it does not, the place counts as a write.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Literal

from decompose.cut.structure import owners_of_code
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import Crud
from decompose.model.facts import ModelUse
from decompose.model.location import Location

Verb = Literal["create", "read", "update", "delete", "write"]

_VERBS: Mapping[str, Verb] = {
    "create": "create", "acreate": "create", "bulk_create": "create", "abulk_create": "create", "get_or_create": "create", "aget_or_create": "create",
    "create_user": "create", "create_superuser": "create", "insert": "create", "insert_many": "create", "add_all": "create",
    "bulk_insert_mappings": "create", "update": "update", "aupdate": "update", "bulk_update": "update", "abulk_update": "update",
    "bulk_update_mappings": "update", "delete": "delete", "adelete": "delete", "delete_instance": "delete",
}  # fmt: skip
"""Methods and functions by what they do to rows. ``get_or_create`` writes nothing but a new row; ``update_or_create`` may do either."""

_SAVES = frozenset({"save", "asave"})
_CALLED = re.compile(r"(\w+)\(")
_STATEMENT = re.compile(r"\b(insert|replace|update|delete|truncate)\b(?!\s*\()", re.IGNORECASE)
_STATEMENTS: Mapping[str, Verb] = {"insert": "create", "update": "update", "delete": "delete", "truncate": "delete"}
_STEPS = 6
"""Uses of one variable followed backwards to where its object comes from."""


def crud(graph: CodeGraph, place: Mapping[str, str]) -> tuple[Crud, ...]:
    """The matrix, sorted by context and table; ``place`` maps modules and definitions to contexts. A place counts once for each verb."""
    code = {module.id for module in graph.modules if module.role in ("code", "settings")}
    module_of = owners_of_code(graph)
    verbs = _Verbs(graph)
    seen: set[tuple[str, str, Verb, Location]] = set()
    for access in graph.accesses:
        module = module_of.get(access.definition, access.definition)
        context = place.get(access.definition) or place.get(module, "")
        if module in code and context:
            verb: Verb = "read" if access.mode == "read" else verbs.of(access.at, access.table)
            seen.add((context, access.table, verb, access.at))
    counts = Counter((context, table, verb) for context, table, verb, _ in seen)
    pairs = sorted({(context, table) for context, table, _ in counts})
    return tuple(
        Crud(context, table, *(counts[context, table, verb] for verb in ("create", "read", "update", "delete", "write"))) for context, table in pairs
    )


def own_tables(matrix: Iterable[Crud], owner: Mapping[str, str]) -> tuple[dict[str, float], dict[str, float]]:
    """Own data and exclusivity of every context that accesses a table or owns one that is accessed."""
    own: Counter[str] = Counter()
    made: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for cell in matrix:
        count = cell.read + cell.writes
        made[cell.context] += count
        met[owner.get(cell.table, "")] += count
        if owner.get(cell.table) == cell.context:
            own[cell.context] += count
    return {name: round(own[name] / count, 4) for name, count in made.items()}, {name: round(own[name] / count, 4) for name, count in met.items() if name}


class _Verbs:
    """What a place does to a table, looked up by the place."""

    def __init__(self, graph: CodeGraph) -> None:
        self._table = {model: table.id for table in graph.tables for model in (*table.models, table.model) if model}
        self._uses: dict[Location, list[ModelUse]] = {}
        for use in graph.model_uses:
            self._uses.setdefault(use.at, []).append(use)
        self._statements: dict[tuple[Location, str], str] = {}
        for string in graph.strings:
            if string.kind == "sql":
                self._statements[string.at, string.target] = string.text

    def of(self, at: Location, table: str) -> Verb:
        """``write`` unless all that writes the table at a place does the same."""
        statement = self._statements.get((at, table))
        if statement is not None:
            words = {word.lower() for word in _STATEMENT.findall(statement)}
            return _STATEMENTS.get(words.pop(), "write") if len(words) == 1 else "write"
        found = {self._verb(use) for use in self._uses.get(at, ()) if use.mode == "write" and self._table.get(use.model) == table}
        return found.pop() if len(found) == 1 else "write"

    def _verb(self, use: ModelUse) -> Verb:
        called = _CALLED.findall(use.shape)
        known = [_VERBS[name] for name in called if name in _VERBS]
        if known:
            return known[-1] if called[-1] in _VERBS or len(known) == 1 else "write"
        if (called and called[-1] in _SAVES) or not called:
            return self._kept(use)
        return "write"

    def _kept(self, use: ModelUse) -> Verb:
        """What saving an object, or setting a column of it, does: depends on where the object comes from."""
        if use.head == "accessor":
            return "update"
        for _ in range(_STEPS):
            if use.head != "continuation" or not use.head_line:
                break
            before = [each for each in self._uses.get(Location(use.at.path, use.head_line), ()) if each.model == use.model and each is not use]
            if len(before) != 1:
                return "write"
            use = before[0]
        if use.head == "class":
            # An object that is read, or made by a method that saves it, has a row; one that is constructed gets it by being saved.
            return "create" if use.shape.startswith("(") else "update" if use.mode != "none" else "write"
        return "write"
