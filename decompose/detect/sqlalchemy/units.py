"""Units of work that the text encloses: ``with session.begin()``, and the context managers and decorators of the project that commit."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.detect.sqlalchemy.chains import Chains
from decompose.link.expressions import last_name
from decompose.link.program import Program
from decompose.model.facts import Transaction
from decompose.model.syntax import Block, Call, Chain, Definition, Expression, ModuleSummary


class Units:
    """Which blocks and definitions are transactions. Answers on functions are kept."""

    def __init__(self, program: Program, chains: Chains) -> None:
        self.program = program
        self.chains = chains
        self._ending: dict[str, bool] = {}
        self._wrapping: dict[str, bool] = {}

    def facts(self, module: ModuleSummary) -> Iterator[Transaction]:
        """The blocks and decorated functions of a module that are transactions."""
        for block in module.blocks:
            if self._begins(block, module.name) or self._commits(block.manager):
                yield Transaction(block.scope or module.name, self.program.at(module.name, block.line), block.end_line, "block")
        for definition in module.definitions:
            if definition.decorators and any(self._wraps(each) for each in definition.decorators):
                yield Transaction(definition.id, self.program.at(module.name, definition.line), definition.end_line, "decorator")

    def _begins(self, block: Block, module: str) -> bool:
        value = self.chains.value(block.manager, block.scope or module)
        return value.kind == "transaction" or (value.kind == "session" and value.name == "begin")

    def _commits(self, manager: Expression) -> bool:
        """``with session_scope() as session``: a generator of the project that commits after its ``yield``, or a class whose exit does."""
        if not isinstance(manager, Chain) or manager.origin != "global":
            return False
        state, rest = self.program.head(manager)
        if len([step for step in rest if isinstance(step, Call)]) != 1 or not isinstance(rest[0], Call):
            return False
        definition = self.program.definition(state.id)
        if state.kind == "function" and definition is not None:
            return definition.generator and self._ends(definition) and self._resumes(definition)
        if state.kind == "class" and definition is not None:
            members = (self.program.member(state.id, name) for name in ("__exit__", "__aexit__"))
            return any(isinstance(each, Definition) and self._ends(each) for each in members)
        return False

    def _ends(self, definition: Definition) -> bool:
        """Whether a function itself commits or holds a transaction open."""
        known = self._ending.get(definition.id)
        if known is None:
            module = self.program.modules[self.program.module_of(definition.id)]
            known = any(seen.commits for seen in self.chains.seen(definition.id)) or any(
                block.scope == definition.id and self._begins(block, module.name) for block in module.blocks
            )
            self._ending[definition.id] = known
        return known

    def _resumes(self, generator: Definition) -> bool:
        """Whether what a generator commits is what was done at its ``yield``, and not its own preparation."""
        uses = self.chains.uses(generator.id)
        committed = [seen.use.span.line for seen in self.chains.seen(generator.id) if seen.commits]
        handed = [use.span.line for use in uses if use.sink == "return"]
        return not committed or any(last_name(use.chain) == "rollback" for use in uses) or any(line < max(committed) for line in handed)

    def _wraps(self, decorator: Expression) -> bool:
        """Whether a decorator of the project puts what it decorates into a transaction."""
        if not isinstance(decorator, Chain) or decorator.origin != "global":
            return False
        state, rest = self.program.head(decorator)
        if state.kind != "function" or any(isinstance(step, str) for step in rest):
            return False
        known = self._wrapping.get(state.id)
        if known is None:
            known = self._wrapping[state.id] = any(self._ends(each) for each in self._inner(state.id))
        return known

    def _inner(self, function: str) -> Iterator[Definition]:
        """The functions inside a function, to the depth of a decorator that takes arguments."""
        for each in self.program.members(function).values():
            if each.kind != "class":
                yield each
                yield from self.program.members(each.id).values()
