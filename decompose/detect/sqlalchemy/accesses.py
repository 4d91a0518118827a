"""Facts from followed chains: accesses, uses of models, transactions, and what could not be followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from decompose.detect.sqlalchemy.chains import Chains
from decompose.detect.sqlalchemy.forms import Forms
from decompose.detect.sqlalchemy.models import Models
from decompose.detect.sqlalchemy.units import Units
from decompose.detect.sqlalchemy.uses import ModelUses
from decompose.detect.sqlalchemy.values import Event, Seen, within
from decompose.link.expressions import source
from decompose.link.program import Program
from decompose.model.facts import Access, Fact, Mode, Transaction, Unresolved
from decompose.model.location import Span
from decompose.model.syntax import ModuleSummary


class Accesses:
    """What the definitions of a program do with mapped tables."""

    def __init__(self, program: Program, models: Models, chains: Chains) -> None:
        self.program = program
        self.models = models
        self.chains = chains
        self.units = Units(program, chains)
        self.uses = ModelUses(program, models, chains, Forms(program, chains.names, models, chains))

    def facts(self) -> Iterator[Fact]:
        """Accesses, model uses, transactions and what could not be followed, module by module."""
        for module in self.program.modules.values():
            for scope in self.chains.scopes[module.name]:
                found = self.chains.seen(scope)
                if found:
                    yield from self._scope_facts(scope, module, found)
            yield from self.units.facts(module)

    def _scope_facts(self, scope: str, module: ModuleSummary, all_seen: list[Seen]) -> Iterator[Fact]:
        program = self.program
        definition = program.definition(scope)
        if definition is not None and definition.kind == "class":
            return
        found: dict[tuple[str, Mode, int], tuple[str, bool]] = {}
        writing: list[tuple[Span, str]] = []
        statements: list[Span] = []
        first, last = 0, 0
        committing = False
        for seen in all_seen:
            line = seen.use.span.line
            writes = [event for event in seen.events if event.mode == "write"]
            replaced = {event.target for event in writes if event.mention}
            writing += [(seen.use.span, event.target) for event in writes]
            if seen.value.kind == "dml":
                writing.append((seen.use.span, seen.value.model))
            given = seen.value.kind == "query" and seen.value.name == "given"
            if seen.states or (not given and (seen.value.kind in ("query", "dml", "rows", "result") or any(not event.mention for event in seen.events))):
                statements.append(seen.use.span)
            for event in seen.events:
                # A column by itself is read only when the statement that it becomes part of is sent, perhaps elsewhere.
                stated = not event.mention or any(within(seen.use.span, each) for each in reversed(statements[-20:]))
                if event.mode == "read" and (event.target in replaced or (event.mention and _inside(seen.use.span, event.target, writing))):
                    continue
                if not stated and (definition is None or line < definition.line):
                    continue  # what a module or a decorator says of a column while it loads sends nothing
                for table, mode, certain in self._touched(event):
                    certain = certain and stated
                    first = first or line
                    via, before = found.get((table, mode, line), (event.via, False))
                    found[table, mode, line] = via, before or certain
            if seen.commits:
                committing, last = True, max(last, seen.use.span.end_line)
                first = first or line
            if seen.missing:
                yield Unresolved("data access", source(seen.use.chain)[:120], seen.missing, program.at(module.name, line))
        yield from self.uses.facts(scope, module, all_seen)
        for (table, mode, line), (via, certain) in found.items():
            yield Access(scope, table, mode, program.at(module.name, line), _via(via), certain)
        if committing and definition is not None:
            yield Transaction(scope, program.at(module.name, min(first, last)), last, "session")

    def _touched(self, event: Event) -> Iterator[tuple[str, Mode, bool]]:
        """Tables with modes, and whether that is certain: the event's own and what happens along with it."""
        if event.along in ("filled", "called"):
            return  # only the callers know what that is
        if event.target.startswith("&"):
            for target in event.target[1:].split("&"):
                yield from self._touched(msgspec.structs.replace(event, target=target))
            return
        for table in (event.target,) if event.via == "core" else self._tables(event.target):
            yield table, event.mode, event.certain
        if event.along:
            for table, joined in self.models.eager(event.target).items():
                yield table, "read", event.certain and joined and event.along == "all"
        if event.deletes:
            for table, mode in self.models.deleted_along(event.target):
                yield table, mode, False

    def _tables(self, target: str) -> Iterator[str]:
        """The tables of a model (those of its parents in joined inheritance too) or the table itself."""
        if target in self.models.tables:
            yield target
        seen: set[str] = set()
        while target in self.models.mapped:
            mapped = self.models.mapped[target]
            if mapped.table not in seen:
                seen.add(mapped.table)
                yield mapped.table
            target = mapped.parent


def _via(text: str) -> Literal["orm", "core"]:
    return "core" if text == "core" else "orm"


def _inside(span: Span, target: str, writing: list[tuple[Span, str]]) -> bool:
    """Whether a mention stands inside a statement that changes the same table: ``delete(User).where(User.id == 1)``."""
    return any(target == each and within(span, outer) for outer, each in reversed(writing[-20:]))
