"""Every edge across a cut, in both directions, with exactly one disposition each.

What is not understood becomes ``decide``: never dropped, never guessed. An edge's id is made from what it is (context, direction,
kind, source, target, text), so it survives reruns and moved lines.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import takewhile

import msgspec

from decompose.errors import ConfigError
from decompose.link.expressions import last_bound
from decompose.model.contexts import ContextTransaction
from decompose.model.facts import Access, ForeignKey, ModelUse
from decompose.model.location import Location, Span
from decompose.model.migration import BoundaryEdge, Disposition, EdgeKind, Entity, Operation
from decompose.model.settings import EdgeDecision
from decompose.model.syntax import Definition, Use
from decompose.planning import shape as shapes
from decompose.planning import statements
from decompose.planning.batches import batches, noted
from decompose.planning.callbacks import Callbacks
from decompose.planning.contract import QUERYING, Catalogue, Obstacle, entities, is_exception
from decompose.planning.declared import declared, is_class, of_told_class, through_heirs
from decompose.planning.index import Index
from decompose.planning.parameters import ParameterUse, parameter_uses
from decompose.planning.placement import Cut, is_plain
from decompose.planning.reach import Mention
from decompose.planning.related import lent
from decompose.planning.sight import ALL, Sight
from decompose.planning.together import GOES_ON, together
from decompose.planning.types import Types
from decompose.planning.wanted import Wanted


class Boundary(msgspec.Struct, frozen=True):
    """The edges of one context, the operations they need and the types these speak of; ``callbacks`` are those of the monolith that it needs."""

    edges: tuple[BoundaryEdge, ...]
    operations: tuple[Operation, ...]
    entities: tuple[Entity, ...]
    callbacks: tuple[Operation, ...] = ()

    @property
    def waiting(self) -> int:
        """How many edges wait for a person."""
        return sum(edge.disposition == "decide" for edge in self.edges)


def boundary(sight: Sight, cut: Cut, decisions: Iterable[EdgeDecision] = (), wanted: Wanted | None = None) -> Boundary:
    """All edges of a context, sorted by place, with a person's decisions and settings of operations applied."""
    types = Types(sight, cut.models)
    wanted = wanted or Wanted(cut.context)
    catalogue = Catalogue(sight, cut, types, wanted)
    survey = _Survey(sight, cut, types, catalogue)
    found = [*survey.edges()]
    edges = tuple(_decided(edge, cut.context, decisions) for edge in _numbered(cut.context, found))
    edges = together(edges, catalogue.operations, survey.continued)
    used = {edge.operation for edge in edges if edge.disposition == "operation" and edge.direction == "in"}
    needed = {edge.operation for edge in edges if edge.disposition == "operation" and edge.direction == "out"}
    caught = {_exception(edge) for edge in edges if edge.kind == "exception" and edge.disposition == "operation"}
    operations = tuple(_declared(catalogue.with_errors(each), caught) for each in catalogue.operations if each.name in used)
    repeated = batches(operations, edges)
    edges = tuple(noted(edge, repeated) for edge in edges)
    named = wanted.applied([*operations, *repeated.values()])
    operations = tuple(sorted(named.values(), key=lambda each: each.name))
    edges = tuple(_renamed(edge, named) for edge in edges)
    raised = {error for operation in operations for error in operation.errors}
    edges = tuple(_raised(edge, raised) for edge in edges)
    blocking = _Blocking(sight, cut, edges)
    operations = tuple(msgspec.structs.replace(each, blocked_by=blocking.edges(each)) for each in operations)
    callbacks = tuple(survey.callbacks.with_errors(each) for each in survey.callbacks.operations if each.name in needed)
    return Boundary(edges, operations, entities(sight, cut, types, operations, catalogue.computed), callbacks)


def open_questions(sight: Sight, cut: Cut, decisions: Sequence[EdgeDecision] = (), wanted: Wanted | None = None) -> int:
    """How many edges of :func:`boundary` wait for a person; for that it is enough to look at what is active."""
    if decisions:
        return boundary(sight, cut, decisions, wanted).waiting
    types = Types(sight, cut.models)
    survey = _Survey(sight, cut, types, Catalogue(sight, cut, types, wanted or Wanted(cut.context)))
    found = [*survey.edges()]
    return sum(edge.disposition == "decide" for edge in together(found, survey.operations, survey.continued))


class _Blocking:
    """The edges to code that stays in the monolith which operations may run into."""

    def __init__(self, sight: Sight, cut: Cut, edges: Iterable[BoundaryEdge]) -> None:
        self._sight = sight
        self._moved = cut.moved
        self._within: dict[str, set[str]] = {}
        self._waiting = Index(
            (sight.reach.unit(edge.source), edge.id)
            for edge in edges
            if edge.direction == "out" and edge.kind in ("call", "construction") and edge.disposition in ("stay", "decide")
        )

    def edges(self, operation: Operation) -> tuple[str, ...]:
        """The ids of the edges that stop an operation, in the edges' order."""
        waiting = {self._sight.reach.unit(operation.target)} if operation.shape == "function" else set()
        seen: set[str] = set()
        while waiting:
            unit = waiting.pop()
            seen.add(unit)
            waiting |= self._used_by(unit) - seen
        return tuple(self._waiting.of(seen - self._sight.program.modules.keys()))

    def _used_by(self, unit: str) -> set[str]:
        known = self._within.get(unit)
        if known is None:
            mentioned = {mention.target_unit for mention in self._sight.reach.mentions(unit)}
            known = self._within[unit] = {each for each in mentioned if each in self._moved}
        return known


_MISSING = re.compile(r"\.(get|latest|earliest)\(")


def _exception(edge: BoundaryEdge) -> str:
    return f"{edge.target}.{edge.text.rpartition('.')[2]}"


def _declared(operation: Operation, caught: set[str]) -> Operation:
    """The operation with the exceptions of models that callers catch and that it may raise: of a function nobody knows, so all of them."""
    if operation.shape == "chain":
        missing = _MISSING.search(operation.expression)
        caught = {path for path in caught if path.startswith(f"{operation.target}.")} if missing else set()
    elif operation.shape == "draft":
        caught = set()
    return msgspec.structs.replace(operation, errors=tuple(sorted({*operation.errors, *caught})))


def _renamed(edge: BoundaryEdge, named: Mapping[str, Operation]) -> BoundaryEdge:
    """The edge with the names that a person gave its operations."""
    if edge.direction != "in" or edge.operation not in named:
        return edge
    batch = named[edge.batch].name if edge.batch else ""
    return msgspec.structs.replace(edge, operation=named[edge.operation].name, batch=batch)


def _raised(edge: BoundaryEdge, raised: set[str]) -> BoundaryEdge:
    """An exception that no operation raises has no name on the boundary: its clause stays as it is."""
    if edge.kind != "exception" or edge.disposition != "operation" or _exception(edge) in raised:
        return edge
    reason = "no operation of the boundary raises it"
    return msgspec.structs.replace(edge, disposition="stay", proposal="stay", reason=reason, operation="", blocks="retire")


def _numbered(context: str, edges: Iterable[BoundaryEdge]) -> tuple[BoundaryEdge, ...]:
    """Edges with their ids; the same edge at several places is counted in source order."""
    counts: dict[str, int] = {}
    numbered: list[BoundaryEdge] = []
    for edge in sorted(edges, key=lambda each: (each.at, each.direction, each.kind, each.target, each.text, each.span or Span(0, 0, 0, 0))):
        identity = "\0".join((context, edge.direction, edge.kind, edge.source, edge.target, edge.text))
        counts[identity] = counts.get(identity, 0) + 1
        digest = hashlib.blake2b(f"{identity}\0{counts[identity]}".encode(), digest_size=4).hexdigest()
        numbered.append(msgspec.structs.replace(edge, id=f"{context}-{digest}"))
    return tuple(numbered)


def _decided(edge: BoundaryEdge, context: str, decisions: Iterable[EdgeDecision]) -> BoundaryEdge:
    """The edge with the last decision that names it.

    A glob speaks of open edges only (proposal ``decide``), an exact id of any edge, a ``TX-`` id of the edges of that transaction. A choice that an
    exactly named edge does not offer is an error of the configuration.
    """
    for decision in decisions:
        exact = decision.id == edge.id
        if not exact and not (edge.proposal == "decide" and names_edge(decision.id, edge, context)):
            continue
        offered = (edge.proposal, *edge.alternatives)
        choice = next((each for each in offered if each == decision.choice), None)
        if choice is None:
            if not exact:
                continue
            raise ConfigError(
                f"{edge.id} cannot be {decision.choice!r}: {edge.reason}",
                hint=f"choose one of: {', '.join(sorted(set(offered) - {'decide'}))}",
                place=str(edge.at),
            )
        blocks = edge.blocks or ("switch" if choice == "stay" else "")
        edge = msgspec.structs.replace(edge, disposition=choice, decided=True, blocks=blocks)
    return edge


def names_edge(pattern: str, edge: BoundaryEdge, context: str) -> bool:
    """Whether a decision's id or glob names an edge: by id, by ``<context>:<kind>:<source>``, or by its transaction's id."""
    if edge.kind == "transaction" and pattern == edge.text:
        return True
    return fnmatchcase(edge.id, pattern) or fnmatchcase(f"{context}:{edge.kind}:{edge.source}", pattern)


class _Survey:
    """Collects the edges of one cut."""

    def __init__(self, sight: Sight, cut: Cut, types: Types, catalogue: Catalogue) -> None:
        self._sight = sight
        self._cut = cut
        self._types = types
        self._catalogue = catalogue
        self._whole = sight.seen == ALL
        self._followed: set[tuple[str, str, str]] = set()

    def edges(self) -> Iterator[BoundaryEdge]:
        """Those into the context, those out of it, and those of the objects that its functions are given."""
        yield from self.inward()
        yield from self.outward()
        yield from self.given_objects()

    @cached_property
    def _given(self) -> tuple[ParameterUse, ...]:
        """What functions of the boundary do with objects that they are given; known once all uses from outside are."""
        return tuple(parameter_uses(self._sight, self._catalogue.operations))

    @cached_property
    def callbacks(self) -> Callbacks:
        """The operations of the monolith that moved code needs."""
        return Callbacks(self._sight, self._cut, self._types, self._given)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What the edges that were found so far are calls of."""
        return self._catalogue.operations

    @cached_property
    def continued(self) -> dict[Location, list[Location]]:
        """Where queries of the context's rows go on that a variable holds, by the place where it got them."""
        found: dict[Location, list[Location]] = {}
        for use in self._sight.uses_of.of(self._cut.models):
            if use.head == "continuation":
                found.setdefault(Location(use.at.path, use.head_line), []).append(use.at)
        return found

    @cached_property
    def _keyed(self) -> frozenset[Location]:
        """Where foreign keys to the context's tables are declared."""
        return frozenset(key.at for key in self._sight.keys_to.of(self._cut.tables))

    def _left_out(self, source: str) -> bool:
        """Whether code never has an edge that waits, when only these are looked for."""
        return not self._whole and self._sight.passive(source) != ""

    def _moved(self, id: str) -> bool:
        return self._sight.reach.unit(id) in self._cut.moved

    def _within(self, unit: str) -> bool:
        """Whether code is on the context's side: it moves, or stands around moved definitions in a module of another context."""
        return unit in self._cut.moved or unit in self._cut.bodies

    # --- uses of the context from outside ------------------------------------------------------

    def inward(self) -> Iterator[BoundaryEdge]:
        yield from self._model_uses()
        yield from self._mentions()
        yield from self._hidden_accesses()
        yield from self._foreign_keys_in()
        yield from self._signals_in()
        yield from self._routes()
        yield from self._tasks_in()
        yield from self._strings()
        yield from self._transactions()

    def _model_uses(self) -> Iterator[BoundaryEdge]:
        for use in sorted(self._sight.uses_of.of(self._cut.models), key=self._plainness):
            if not self._within(self._sight.reach.unit(use.definition)) and not self._left_out(use.definition):
                edge = self._passive(use.definition, use.model, use.at, use.shape, use.span) or self._model_use(use)
                if edge is not None:
                    yield edge

    def _plainness(self, use: ModelUse) -> tuple[int, str, Location]:
        """The order in which uses become operations: the plainest gets the plain name, wherever it stands."""
        followed = use.head == "accessor" and self._is_statement(use.model)  # told once, at its first line
        return (0, "", use.at) if followed else (len(use.shape), use.shape, use.at)

    def _passive(self, source: str, target: str, at: Location, text: str, span: Span | None) -> BoundaryEdge | None:
        """The edge of code that is not rewritten whatever it does: tests, migrations, admin, commands. ``None`` for other code."""
        passive = self._sight.passive(source)
        if not passive:
            return None
        make = _Make(source, target, at, text, span)
        match passive:
            case "test":
                return make("in", "test", "stay", "tests run unchanged; verification routes their rows to the service", test=True)
            case "migration":
                return make("in", "orm", "stay", "a migration describes the past and is not run again")
            case "admin":
                return make("in", "admin", "stay", "the admin works on the monolith's table until the data is split", blocks="split")
            case "command":
                return make("in", "orm", "stay", "a command works on the monolith's table until the data is split", blocks="split")

    def _model_use(self, use: ModelUse) -> BoundaryEdge | None:
        make = _Make(use.definition, use.model, use.at, use.shape, use.span, use.loop)
        if use.result == "exception":
            return make("in", "exception", "operation", "the boundary raises an exception of this name", operation=f"{use.model.rpartition('.')[2]}{use.shape}")
        if use.sink == "annotation":
            return make("in", "annotation", "stay", "an annotation does not run", blocks="retire")
        if f"{self._sight.program.module_of(use.definition)}.{use.model.rpartition('.')[2]}" in self._sight.patched:
            return make("in", "orm", "stay", "a test replaces the model's name in this module: sealed code would not see that", blocks="switch")
        if use.head in ("continuation", "instance"):
            return self._instance_use(use)
        if self._is_statement(use.model) and use.head == "accessor":
            return self._relationship(use)
        if use.head == "accessor" and self._given_by_owner(use):
            return None
        found_role = declared(self._sight, use)
        if found_role is not None:
            if found_role.role in ("relation", "sender"):
                return None
            kind: EdgeKind = "orm" if use.shape and found_role.role == "option" else "import"
            return make("in", kind, "stay", found_role.reason, blocks=found_role.blocks)
        if not use.shape:
            return make("in", "import", "decide", "the model class itself is passed on: the code may do anything with it", alternatives=("stay",), blocks="switch")
        if use.head == "accessor" and use.sink in ("store", "delete") and "." not in use.shape:
            return make("in", "accessor", "decide", "a row is hung on another here: write its foreign key instead", alternatives=("stay",), blocks="switch")
        found = self._catalogue.chain(use)
        kind = "accessor" if use.head == "accessor" else "construction" if use.shape.startswith(("(", f"{use.model.rpartition('.')[2]}(")) else "orm"
        if not isinstance(found, Obstacle) and not self._in_function(use.definition):
            found = Obstacle("evaluated while the module loads, before a boundary may be called: move it into a function")
        if isinstance(found, Obstacle):
            return make("in", kind, "decide", found.reason, alternatives=("stay",), blocks="switch")
        return self._attributes(use) or make("in", kind, "operation", "named from its shape", operation=found.name, alternatives=("stay",))

    def _is_statement(self, model: str) -> bool:
        """Whether rows of a model are asked for with SQLAlchemy's statements."""
        return self._sight.model_tables[model].origin == statements.ORIGIN

    def _relationship(self, use: ModelUse) -> BoundaryEdge | None:
        """A row of another context leads to rows of this one: told once for each unit and relationship."""
        name = use.shape.partition(".")[0].partition("(")[0].partition("[")[0]
        key = (self._sight.reach.unit(use.definition), use.owner, name)
        if key in self._followed:
            return None
        self._followed.add(key)
        reason = f"the relationship {use.owner.rpartition('.')[2]}.{name} leads here: after the split to the monolith's copy of the table, which then lags behind"
        make = _Make(use.definition, use.model, use.at, f"{use.owner.rpartition('.')[2]}.{name}", use.span)
        if use.sink in ("store", "delete"):
            return make("in", "accessor", "decide", f"a row is hung on another here over {name}: write its foreign key instead", alternatives=("stay",), blocks="switch")
        return make("in", "accessor", "replica", reason, alternatives=("stay",), blocks="retire")

    def _in_function(self, id: str) -> bool:
        """Whether code runs when something is called, not while a module or class body is executed."""
        definition = self._sight.program.definition(id)
        return definition is not None and definition.kind != "class"

    def _given_by_owner(self, use: ModelUse) -> bool:
        """Whether the rows come from a method of another model, whose own body has the edge."""
        name = use.shape.partition("(")[0].partition(".")[0]
        method = self._sight.program.member(use.owner, name) if use.owner else None
        return isinstance(method, Definition) and "." not in use.shape

    def _instance_use(self, use: ModelUse) -> BoundaryEdge | None:
        """A row that the caller holds: its own columns are part of the contract, everything else is a call or a question."""
        make = _Make(use.definition, use.model, use.at, use.shape, use.span, use.loop)
        if use.obstacle and use.shape and self._is_statement(use.model):
            return make("in", "orm", "decide", use.obstacle, alternatives=("stay",), blocks="switch")
        try:
            found = shapes.parts(use.shape)
        except ValueError:
            return make("in", "orm", "decide", "the expression has a form that is not followed", alternatives=("stay",), blocks="switch")
        if use.sink == "store" and self._is_statement(use.model) and not self._sent_later(use):
            reason = "the session stores this by itself at the next commit, over the boundary nobody does: make it a function of the context"
            return make("in", "orm", "decide", reason, alternatives=("stay",), blocks="switch")
        calls = [part for part in found if part.arguments is not None and part.name != "[]"]
        if not calls or self._is_column(use.model, found[0]) or self._goes_further(use) or self._leaves(use.model, found[0]):
            return self._attributes(use)
        first = calls[0]
        if of_told_class(self._sight, use):
            reason = "on a row of the class's own, which is told its model: on the monolith's table until the data is split"
            return make("in", "orm", "stay", reason, blocks="split")
        if not use.certain:
            reason = f"whether {first.text()} is called on a row of the context is not certain: annotate what holds it"
            return make("in", "orm", "decide", reason, alternatives=("stay",), blocks="switch")
        if use.result == "queryset" or first.name in QUERYING:
            reason = f"{GOES_ON} continues here with {first.text()}: write it as one expression"
            return make("in", "orm", "decide", reason, alternatives=("stay",), blocks="switch")
        if len(calls) == 1 and first.name and found[0] == first:
            method = self._catalogue.method(use, first.name)
            if isinstance(method, Operation):
                return make("in", "orm", "operation", "named from its shape", operation=method.name, alternatives=("stay",))
            return make("in", "orm", "decide", method.reason, alternatives=("stay",), blocks="switch")
        return make("in", "orm", "decide", f"{first.text()} on a row of the context is not followed", alternatives=("stay",), blocks="switch")

    def _goes_further(self, use: ModelUse) -> bool:
        """Whether the same expression goes on over a relation to other rows of the context, which is an edge of its own."""
        return any(each.span == use.span and each.head == "accessor" and each.owner == use.model for each in self._own_uses_at(use.at))

    def _own_uses_at(self, at: Location) -> list[ModelUse]:
        return [each for each in self._sight.uses_at(at) if each.model in self._cut.models]

    def _leaves(self, model: str, part: shapes.Part) -> bool:
        """Whether an expression on a row goes on at a row of the monolith: what is called there is the monolith's own."""
        key = self._types.relation(self._sight.model_tables[model].id, part.name) if part.arguments is None else None
        return key is not None and self._types.gives_row(key, part.name) and key.target_model not in self._cut.models and lent(self._sight, key)

    def _sent_later(self, use: ModelUse) -> bool:
        """Whether a function hands the row on which it sets something to an operation afterwards: ``save()``, ``session.add(row)``."""
        for each in self._sight.uses_in.of((self._sight.reach.unit(use.definition),)):
            if each.definition == use.definition and each.model == use.model and each.at.line > use.at.line and each.mode == "write" and each.sink != "store":
                return True
        return False

    def _is_column(self, model: str, part: shapes.Part) -> bool:
        """Whether an expression on a row starts with a plain value of its own: what is done with that stays where it is."""
        table = self._sight.model_tables[model]
        relation = self._types.relation(table.id, part.name)
        plain = any(part.name in (column.field, column.name) for column in table.columns)
        return part.arguments is None and plain and (relation is None or not self._types.gives_row(relation, part.name))

    def _attributes(self, use: ModelUse) -> BoundaryEdge | None:
        """Reading or setting columns of a row needs no edge; going on over a relation does."""
        table = self._sight.model_tables[use.model]
        columns = {name for column in table.columns for name in (column.field, column.name)} | {"pk"}
        for attribute in (*use.attributes, *self._computed(use)):
            name, _, further = attribute.partition(".")
            key = self._types.relation(table.id, name)
            if key is not None and self._types.gives_row(key, name) and (further or use.sink != "store") and not self._reaches(key, use):
                reason = f"goes on from a row of the context over {name}: the row carries {key.column} only"
                return _Make(use.definition, use.model, use.at, attribute, use.span, use.loop)(
                    "in", "orm", "decide", reason, alternatives=("stay",), blocks="switch"
                )
            if name not in columns and isinstance(self._sight.program.member(use.model, name), Definition) and not self._carried(use, name):
                return _Make(use.definition, use.model, use.at, attribute, use.span, use.loop)(
                    "in", "orm", "decide", f"{name} is computed by the model from more than its columns, or its type is not known: annotate it, or call a function",
                    alternatives=("stay",), blocks="switch",
                )  # fmt: skip
        return None

    def _carried(self, use: ModelUse, name: str) -> bool:
        """Whether a row brings along what its model computes. Not where its columns are changed: it would show what was before."""
        unit = self._sight.reach.unit(use.definition)
        changes = any(each.sink == "store" and each.model == use.model for each in self._sight.uses_in.of((unit,)))
        return not changes and self._catalogue.carries(use.model, name)

    def _reaches(self, key: ForeignKey, use: ModelUse) -> bool:
        """Whether a row's relation leads on without a question: to a row of the monolith by its key, or by an edge of its own."""
        if key.target_model in self._cut.models:
            return self._goes_further(use)
        return lent(self._sight, key)

    def _computed(self, use: ModelUse) -> Iterator[str]:
        """A property of the model that the expression ends in: no column, so a row does not carry it."""
        if self._is_statement(use.model):
            return  # the attributes say it
        found = shapes.parts(use.shape)
        last = found[-1] if found else None
        if last is not None and last.arguments is None and (use.result != "manager" or len(found) > 1):
            member = self._sight.program.member(use.model, last.name)
            if isinstance(member, Definition) and self._sight.program.is_property(member):
                yield last.name

    def _mentions(self) -> Iterator[BoundaryEdge]:
        """Functions, classes and constants of the context that other code names."""
        reach, moved = self._sight.reach, self._cut.moved
        imported: dict[str, dict[str, Location]] = {}
        for edge in self._sight.imports_of.of({self._sight.program.module_of(unit) for unit in moved} - self._cut.bodies):
            imported.setdefault(edge.src, {})[edge.dst] = edge.at[0]
        named: dict[str, set[str]] = {}
        for mention in reach.mentions_of(moved, self._sight.seen):
            if not self._within(mention.source_unit):
                # The name may have come by another way than an import of the context's module: a package that passes it on, a string.
                module = self._sight.program.module_of(mention.source_unit)
                named.setdefault(module, set()).add(self._sight.program.module_of(mention.target))
                if not self._left_out(mention.source):
                    found = self._mention(mention)
                    if found is not None:
                        yield found
        if self._whole:
            for module in sorted(imported):
                yield from self._unused_imports(module, imported[module], named.get(module, set()))

    def _unused_imports(self, module: str, imported: Mapping[str, Location], named: Collection[str]) -> Iterator[BoundaryEdge]:
        """Imports of modules of the context that nothing in the importing module names; ``named`` are the modules of moved units it names."""
        reach = self._sight.reach
        if any(unit in self._cut.moved for unit in (module, *reach.units(module))):
            return  # the import is there for moved code
        known = {*named, *(target for target in reach.modules_named_in(module) if target in imported)}
        for target in sorted(imported.keys() - known):
            if any(each.startswith(target + ".") for each in known) or self._sight.program.modules[target].is_package:
                continue
            make = _Make(module, target, imported[target], f"import {target}", None)
            if self._sight.roles.get(module) == "test":
                yield make("in", "test", "stay", "tests run unchanged", test=True)
            elif self._imports_names(module, target):
                yield make("in", "import", "stay", "imported and not used in a way that is followed; the module stays importable", blocks="retire")
            else:
                yield make("in", "side-effect", "stay", "imported for its side effect; the module stays in the monolith until it retires", blocks="retire")

    def _imports_names(self, module: str, target: str) -> bool:
        return any(each.module == target and each.name for each in self._sight.program.modules[module].imports)

    def _mention(self, mention: Mention) -> BoundaryEdge | None:
        program = self._sight.program
        target = mention.target
        if _held(mention):
            return None
        if mention.kind == "module" or self._sight.model_table(mention.target_unit) is not None:
            return None  # model classes are seen through their uses, which say what is done with them
        if self._spoken_for(mention):
            return None
        text = target.rpartition(".")[2]
        make = _Make(mention.source, target, mention.at, text, mention.use.span, mention.use.loop)
        passive = self._passive(mention.source, target, mention.at, text, mention.use.span)
        if passive is not None:
            return passive
        if mention.use.sink == "annotation":
            return make("in", "annotation", "stay", "an annotation does not run", blocks="retire")
        if mention.kind == "binding":
            if target in self._sight.signals:
                return make("in", "signal", "event", "the signal becomes an event", blocks="switch", alternatives=("stay",))
            if program.module_of(mention.source) == mention.target_unit:
                return None  # another context's code in the same module, of which both copies have what is outside definitions
            return make("in", "import", "shared-kernel", "a constant: both sides keep it")
        unit = mention.target_unit
        if self._is_hung(mention):
            return None  # the route's own edge says what becomes of it
        if target in self._sight.tasks:
            if not mention.called:
                return None  # the task's own edge
            return self._function(mention, make)
        definition = program.definition(target)
        if self._plain_method(mention):
            return None if mention.kind == "class" else self._function(mention, make)
        if mention.kind == "class" or (definition is not None and definition.kind == "method"):
            return self._class(mention, unit, make)
        return self._function(mention, make)

    def _is_hung(self, mention: Mention) -> bool:
        """Whether a view is named to be hung into the URL configuration."""
        routes = self._sight.routes_in.of({mention.target_unit})
        return any(mention.at.path in (route.at.path, route.mount.path if route.mount is not None else "") for route in routes)

    def _spoken_for(self, mention: Mention) -> bool:
        """Whether another edge is about the same expression: a manager's method on a model, an inherited method of a class outside."""
        program = self._sight.program
        definition = program.definition(mention.target)
        if definition is None or definition.kind != "method":
            return False
        use = self._sight.model_use(mention.at.path, mention.use.span)
        if use is not None and use.model in self._cut.models:
            return True
        heir = program.definition(mention.use.chain.root) if mention.use.chain.origin in ("self", "cls", "super") else None
        return heir is not None and mention.target_unit in program.ancestors(heir.id)

    def _plain_method(self, mention: Mention) -> bool:
        """Whether this is a static or class method of a service class, ``OrderService.place(...)``, or the class in such a call."""
        names = _written(mention.use).split(".")
        name = mention.target_unit.rpartition(".")[2]
        method = f"{mention.target_unit}.{names[-1]}" if names[-2:-1] == [name] else mention.target
        definition = self._sight.program.definition(method)
        return definition is not None and definition.kind == "method" and is_plain(definition)

    def _class(self, mention: Mention, unit: str, make: _Make) -> BoundaryEdge:
        program = self._sight.program
        if is_exception(program, unit):
            return make("in", "exception", "shared-kernel", "an exception type: both sides know it by name")
        if mention.use.sink == "base" and self._sight.reach.touches(unit):
            return make("in", "inherit", "decide", "a class outside inherits from a class of the context", alternatives=("stay",), blocks="switch")
        if not self._sight.reach.touches(unit):
            return make("in", "import", "shared-kernel", "touches no data: both sides keep it")
        if is_class(self._sight, mention.source):
            reason = f"named by the class {mention.source.rpartition('.')[2]}, which runs it in the monolith: on its table until the data is split"
            return make("in", "import", "stay", reason, blocks="split")
        reason = "an object of this class works on the context's data and cannot cross the boundary: use a function of the context"
        return make("in", "construction", "decide", reason, alternatives=("stay",), blocks="switch")

    def _function(self, mention: Mention, make: _Make) -> BoundaryEdge:
        definition = self._sight.program.definition(mention.target)
        written = _written(mention.use)
        if written != mention.target and written in self._sight.patched:
            return make("in", "call", "stay", "a test replaces the name that is called here: sealed code would not see that", blocks="switch")
        if not self._sight.reach.touches(mention.target):
            return make("in", "call", "shared-kernel", "touches no data: both sides keep it")
        if definition is None or (definition.parent and not is_plain(definition)):
            return make("in", "call", "decide", "a nested function cannot be called over the boundary", alternatives=("stay",), blocks="switch")
        found = self._catalogue.function(definition, mention.at)
        if isinstance(found, Obstacle):
            return make("in", "call", "decide", found.reason, alternatives=("stay",), blocks="switch")
        return make("in", "call", "operation", "called over the boundary under the same name", operation=found.name, alternatives=("stay",))

    def _hidden_accesses(self) -> Iterator[BoundaryEdge]:
        """Reads and writes of the context's tables that do not go through its models: joins and SQL."""
        sight, cut = self._sight, self._cut
        named = {(sight.reach.unit(use.definition), sight.model_tables[use.model].id) for use in sight.uses_of.of(cut.models)}
        seen: set[tuple[str, str, str]] = set()
        for access in sight.accesses_of.of(cut.tables):
            unit = sight.reach.unit(access.definition)
            key = (unit, access.table, access.mode)
            if self._within(unit) or key in seen or self._left_out(access.definition):
                continue
            if key[:2] in named and not self._joined(access.at):
                continue
            if access.via == "orm" and (unit in cut.shared or through_heirs(sight, access)):
                continue  # a class that extends it says so, with an edge of its own
            seen.add(key)
            text = f"{access.mode} {access.table}"
            passive = self._passive(access.definition, access.table, access.at, text, None)
            if passive is not None:
                yield passive
                continue
            make = _Make(access.definition, access.table, access.at, text, None)
            if access.via == "sql":
                yield make("in", "sql", "decide", "SQL text names a table of the context", alternatives=("stay", "replica"), blocks="split")
            elif access.mode == "read":
                reason = "read along with another context's rows: after the split from the monolith's copy of the table, which then lags behind"
                yield make("in", "orm", "replica", reason, alternatives=("stay",), blocks="retire")
            elif self._comes_along(access):
                reason = "changed along with rows of another context over their relationships: on the monolith's table until the data is split"
                yield make("in", "accessor", "stay", reason, alternatives=("event",), blocks="split")
            elif is_class(sight, access.definition):
                reason = "the framework writes the rows that this class is about: on the monolith's table until the data is split"
                yield make("in", "orm", "stay", reason, blocks="split")
            else:
                reason = "written by no expression on its model: by the framework, or along with another context's rows; let the context write it"
                yield make("in", "orm", "decide", reason, alternatives=("stay", "event"), blocks="split")

    def _comes_along(self, access: Access) -> bool:
        """Whether rows are loaded or deleted with rows of another context, as SQLAlchemy's relationships say: the statement names none of them."""
        if self._sight.tables[access.table].origin != statements.ORIGIN or access.via != "orm":
            return False
        uses = self._sight.uses_at(access.at)
        return bool(uses) and not any(model in self._cut.models for use in uses for model in (use.model, *use.joins))

    def _joined(self, at: Location) -> bool:
        """Whether a line queries models of others only, by their columns."""
        uses = self._sight.uses_at(at)
        if any(model in self._cut.models for use in uses for model in use.joins):
            return True
        return any(use.keywords for use in uses) and not any(use.model in self._cut.models for use in uses)

    def _foreign_keys_in(self) -> Iterator[BoundaryEdge]:
        for key in self._sight.keys_to.of(self._cut.tables):
            text = f"{key.table}.{key.column} -> {key.target}"
            if key.table not in self._cut.tables:
                cascade = f", deletion ({key.on_delete}) becomes an event" if key.on_delete == "CASCADE" else ""
                make = _Make(key.model or key.table, key.target, key.at, text, None)
                yield make(
                    "in", "foreign-key", "replica", f"the monolith keeps the keys; the constraint goes when the data is split{cascade}",
                    alternatives=("stay",), blocks="split",
                )  # fmt: skip

    def _signals_in(self) -> Iterator[BoundaryEdge]:
        for each in self._sight.graph.subscriptions:
            text = f"{each.signal.rpartition('.')[2]} of {each.sender.rpartition('.')[2] or 'any sender'}"
            handler_in, sender_in = self._moved(each.handler), each.sender in self._cut.models
            if handler_in and not sender_in and each.sender:
                yield _Make(each.sender, each.handler, each.at, text, None)(
                    "in", "signal", "event", "the handler runs in the monolith until the event is published there", blocks="switch", alternatives=("stay",)
                )
            elif sender_in and not handler_in and not self._sight.is_test(each.handler):
                yield _Make(each.handler, each.sender, each.at, text, None)(
                    "in", "signal", "event", "code outside listens to a model of the context: subscribe it to the event", blocks="switch", alternatives=("stay",)
                )

    def _routes(self) -> Iterator[BoundaryEdge]:
        for route in self._sight.routes_in.of(self._cut.moved):
            text = f"{' '.join(route.methods) or 'ANY'} {route.path}"
            make = _Make(route.name or route.path, route.handler, route.at, text, None)
            if route.is_url:
                yield make("in", "route", "proxy-route", "in mode remote the monolith hands requests for the route on to the service, with the caller's identity")
            else:
                yield make("in", "route", "stay", "all fields of the schema share one URL: the field stays in the monolith and calls the context")

    def _tasks_in(self) -> Iterator[BoundaryEdge]:
        for send in self._sight.graph.task_sends:
            target = self._sight.task_of.get(send.task)
            if target is None:
                continue
            make = _Make(send.definition, target, send.at, f"{send.task}.{send.how}", None)
            if self._moved(target) and not self._moved(send.definition):
                if self._sight.is_test(send.definition):
                    yield make("in", "test", "stay", "tests run unchanged", test=True)
                else:
                    yield make("in", "task", "event", "the task keeps its name; its queue is routed to the service's worker")
            elif self._moved(send.definition) and not self._moved(target):
                yield make("out", "task", "event", "sent by name through the broker; the worker of the monolith runs it")

    def _strings(self) -> Iterator[BoundaryEdge]:
        for string in self._sight.strings_to.of(self._cut.moved | self._cut.tables):
            target_moved = self._moved(string.target) if self._sight.program.module_of(string.target) else string.target in self._cut.tables
            if not target_moved or self._moved(string.definition) or self._left_out(string.definition):
                continue
            make = _Make(string.definition, string.target, string.at, string.text, None)
            if string.kind in ("patch", "fixture"):
                reason = "tests run unchanged" if string.kind == "fixture" else "replaces a name in the monolith's process, which a service does not see"
                yield make("in", "patch" if string.kind == "patch" else "fixture", "stay", reason, test=True)
                continue
            passive = self._passive(string.definition, string.target, string.at, string.text, None)
            if passive is not None:
                yield passive
                continue
            match string.kind:
                case "url":
                    yield make("in", "url", "stay", "URL names stay in the monolith; the load balancer moves the route")
                case "template":
                    yield make("in", "template", "stay", "pages stay in the monolith")
                case "dotted" if self._sight.in_code(string.definition):
                    reason = "loads the monolith's copy by its name: that works on the monolith's tables until the data is split"
                    yield make("in", "import", "stay", reason, blocks="split")
                case "dotted":
                    yield make("in", "settings", "stay", "the setting keeps naming the monolith's copy", blocks="retire")
                case "model":
                    # Foreign keys, and models that are asked for by their label, have edges of their own that say more.
                    if self._sight.model_table(string.definition) is not None and string.at not in self._keyed:
                        reason = "a relationship with a model of the context: it works on the monolith's table until the data is split"
                        yield make("in", "accessor", "stay", reason, blocks="split")
                case "sql":
                    yield make("in", "sql", "decide", "SQL text names a table of the context", alternatives=("stay", "replica"), blocks="split")

    def _transactions(self) -> Iterator[BoundaryEdge]:
        """Units of work that write on both sides of the cut: a local rollback would leave the other side's rows behind."""
        for each in self._sight.transactions_of.of((self._cut.context,)):
            if self._sight.is_test(each.definition):
                continue
            others = ", ".join(sorted(self._sight.writing(each) - {self._cut.context}))
            direction = "out" if self._moved(each.definition) else "in"
            make = _Make(each.definition, self._cut.context, each.at, each.id, None)
            if self._only_along(each):
                reason = f"rows of the context go, or change, along with rows of {others} that refer to them: an event of the same transaction once the data is split"
                yield make(direction, "transaction", "event", reason, alternatives=("stay",), blocks="split")
                continue
            reason = f"one transaction writes here and in {others}: merge back, move the write, saga, outbox or accept"
            yield make(direction, "transaction", "decide", reason, alternatives=("stay", "event"), blocks="switch")

    def _only_along(self, transaction: ContextTransaction) -> bool:
        """Whether a transaction writes the context's rows only as cascades of rows of others that they refer to."""
        places: dict[Location, set[str]] = {}
        for table, mode, at in transaction.places:
            if mode == "write":
                places.setdefault(at, set()).add(table)
        for at, tables in places.items():
            for table in tables & self._cut.tables:
                referred = {key.target for key in self._sight.keys_from.of((table,))}
                certain = any(access.at == at and access.mode == "write" and access.certain for access in self._sight.accesses_of.of((table,)))
                if certain or not referred & (tables - self._cut.tables):
                    return False
        return True

    # --- uses of the outside from the context --------------------------------------------------

    def outward(self) -> Iterator[BoundaryEdge]:
        seen: set[tuple[str, str, str]] = set()
        for mention in self._cut.outward:
            edge = self._outward(mention)
            if edge is not None and (edge.source, edge.target, edge.kind) not in seen:
                seen.add((edge.source, edge.target, edge.kind))
                yield edge
        for row in self.callbacks.rows:
            if (row.source, row.method, "call") not in seen:
                seen.add((row.source, row.method, "call"))
                yield self._of_row(_Make(row.source, row.method, row.at, row.method.rpartition(".")[2], row.use.span), row.source, row.model, row.method)
        yield from self._outward_writes()
        for key in self._sight.keys_from.of(self._cut.tables):
            if key.target not in self._cut.tables:
                text = f"{key.table}.{key.column} -> {key.target}"
                yield _Make(key.model or key.table, key.target, key.at, text, None)(
                    "out", "foreign-key", "replica", "the service keeps a shadow row with the key and the columns in use", alternatives=("stay",)
                )
        yield from self._anywhere()

    def _anywhere(self) -> Iterator[BoundaryEdge]:
        """Generic relations of the context's models: what they lead to may be anywhere."""
        labels = {table.label: table for table in map(self._sight.tables.get, sorted(self._cut.tables)) if table is not None and table.label}
        for each in self._sight.graph.unresolved:
            label, _, name = each.text.removesuffix(GENERIC).rpartition(".")
            if each.kind == "relation" and each.text.endswith(GENERIC) and label in labels:
                reason = "a generic relation: its rows may point at any table, and the service has those of the context and shadows only"
                yield _Make(labels[label].model, f"{labels[label].model}.{name}", each.at, name + GENERIC, None)(
                    "out", "accessor", "decide", reason, alternatives=("stay",), blocks="switch"
                )

    def given_objects(self) -> Iterator[BoundaryEdge]:
        """Methods of other contexts' models that functions call on objects they are given."""
        seen: set[tuple[str, str]] = set()
        for use in self._given:
            if use.method and (use.function, use.method) not in seen:
                seen.add((use.function, use.method))
                yield self._of_row(_Make(use.function, use.method, use.at, use.path[0], None), use.function, use.model, use.method)

    def _of_row(self, make: _Make, source: str, model: str, method: str) -> BoundaryEdge:
        """The edge of a method that moved code calls on a row of the monolith."""
        reason = f"{method.rpartition('.')[2]}() is a method of another context's model, which the shadow row does not have"
        return self._callback(make, source, self.callbacks.method(model, method), reason)

    def _callback(self, make: _Make, source: str, found: Operation | Obstacle, reason: str) -> BoundaryEdge:
        """The edge of a call to code that stays: an operation of the monolith where it can be described."""
        if isinstance(found, Obstacle):
            return make("out", "call", "decide", f"{reason}: {found.reason}", alternatives=("stay",), blocks="switch")
        reason = "called in the monolith, which serves it under its own boundary"
        if found.kind == "command" and source in self._committing:
            reason += "; here within a transaction: what it did stays when that is rolled back"
        return make("out", "call", "operation", reason, operation=found.name, alternatives=("stay",))

    @cached_property
    def _committing(self) -> frozenset[str]:
        """Definitions that are or hold a transaction."""
        return frozenset(each.definition for each in self._sight.context_map.transactions)

    def _outward(self, mention: Mention) -> BoundaryEdge | None:
        text = mention.target.rpartition(".")[2]
        make = _Make(mention.source, mention.target, mention.at, text, mention.use.span)
        if mention.kind == "module" or (mention.kind == "binding" and mention.target_unit != self._sight.program.module_of(mention.target)):
            return None  # a name in a class: the class is mentioned as well
        if self._sight.model_table(mention.target) is not None:
            return make("out", "import", "replica", "a model of another context: the service keeps shadow rows with the columns in use")
        if mention.target in self._sight.tasks:
            return make("out", "task", "event", "sent by name through the broker; the worker of the monolith runs it")
        model = self._sight.model_table(mention.target_unit)
        if model is not None:
            reason = f"{text} is a method of another context's model"
            return self._callback(make, mention.source, self.callbacks.method(mention.target_unit, mention.target), reason)
        if self._sight.roles.get(self._sight.program.module_of(mention.target)) == "settings":
            return make("out", "settings", "shared-kernel", "a setting: the service has its own value")
        reason = "moved code calls code of another context that works on its data: the service needs an operation of the monolith for it"
        definition = self._sight.program.definition(mention.target)
        if mention.kind == "class" or (definition is not None and definition.kind == "method"):
            # A method comes with its class: the class is what moved code imports.
            make = _Make(mention.source, mention.target_unit, mention.at, mention.target_unit.rpartition(".")[2], mention.use.span)
            return make("out", "construction", "decide", reason, alternatives=("stay",), blocks="switch")
        return self._callback(make, mention.source, self.callbacks.function(mention.target), reason)

    def _outward_writes(self) -> Iterator[BoundaryEdge]:
        """Writes and queries of moved code on other contexts' tables."""
        for access in self._sight.sql_in.of(self._cut.moved):
            owner = self._sight.owner.get(access.table, "")
            if owner not in ("", self._cut.context):
                reason = f"SQL text of moved code names {access.table}, which {owner} owns: the service's database holds replicas only"
                yield _Make(access.definition, access.table, access.at, f"{access.mode} {access.table}", None)(
                    "out", "sql", "decide", reason, alternatives=("stay", "replica"), blocks="switch"
                )
        for use in self._sight.uses_in.of(self._cut.moved):
            if use.model in self._cut.models:
                continue
            table = self._sight.model_table(use.model)
            if table is None or table.id in self._cut.tables or use.mode == "none":
                continue
            make = _Make(use.definition, use.model, use.at, use.shape, use.span, use.loop)
            if use.mode == "write":
                reason = f"moved code writes {table.id}, which {self._sight.owner.get(table.id) or 'nobody'} owns"
                yield make("out", "orm", "decide", reason, alternatives=("stay",), blocks="switch")
            elif use.head == "class":
                # Only Django's signals tell of changes.
                fed = "event" if "django" in self._sight.graph.frameworks else "copy"
                reason = f"moved code reads {table.id}: the service's shadow rows have the columns in use, and are as fresh as the last {fed}"
                yield make("out", "orm", "replica", reason, alternatives=("stay",))


def _held(mention: Mention) -> bool:
    """Whether an expression only goes on from a variable: where that got its value, the name was written."""
    steps = mention.use.chain.steps
    start = last_bound(mention.use.chain)
    return start > 0 and mention.target.rpartition(".")[2] not in steps[start:]


def _written(use: Use) -> str:
    """The dotted name at the beginning of an expression, as it stands in the text with its import looked through."""
    steps = takewhile(lambda step: isinstance(step, str), use.chain.steps)
    return ".".join((use.chain.root, *map(str, steps)))


GENERIC = " = GenericForeignKey"
"""How the text of an unresolved relation ends that may lead to any model."""


class _Make:
    """Makes edges of one use: everything but what becomes of it is known."""

    def __init__(self, source: str, target: str, at: Location, text: str, span: Span | None, loop: int = 0) -> None:
        self._known = (source, target, at, text, span)
        self._loop = loop

    def __call__(
        self,
        direction: str,
        kind: EdgeKind,
        disposition: Disposition,
        reason: str,
        *,
        operation: str = "",
        alternatives: tuple[Disposition, ...] = (),
        blocks: str = "",
        test: bool = False,
    ) -> BoundaryEdge:
        source, target, at, text, span = self._known
        return BoundaryEdge(
            id="",
            direction="in" if direction == "in" else "out",
            kind=kind,
            source=source,
            target=target,
            at=at,
            text=text,
            disposition=disposition,
            proposal=disposition,
            reason=reason,
            span=span,
            operation=operation,
            alternatives=alternatives,
            blocks=blocks,
            test=test,
            loop=self._loop,
        )

