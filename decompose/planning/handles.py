"""Parameters that carry nothing over a boundary: a session of SQLAlchemy, of which each process has its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from decompose.link.program import State
from decompose.model.location import Span
from decompose.model.syntax import Chain, Definition, ModuleSummary, Parameter, Use
from decompose.planning.sight import Sight

_PACKAGES = frozenset({"sqlalchemy", "sqlmodel", "flask_sqlalchemy", "flask_sqlalchemy_lite"})
_CLASSES = frozenset({"Session", "AsyncSession", "scoped_session", "async_scoped_session"})
_NAMES = frozenset({"session", "db", "db_session", "dbsession", "sess", "async_session", "async_db", "database_session"})
_METHODS = frozenset({
    "add", "add_all", "begin", "begin_nested", "commit", "connection", "delete", "execute", "exec", "flush", "get", "merge", "query", "refresh",
    "rollback", "scalar", "scalars", "stream", "stream_scalars",
})  # fmt: skip
_DEPTH = 4
"""Functions that hand a session on to one another before one is asked."""


class Handles:
    """Tells sessions from other parameters."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._aliases: dict[str, bool] = {}

    def is_session(self, symbol: str) -> bool:
        """Whether a dotted name is SQLAlchemy's session, a class of the project's own like it, or another name for either."""
        package, _, last = symbol.partition(".")
        if package in _PACKAGES and last.rpartition(".")[2] in _CLASSES:
            return True
        if self._sight.program.resolve(symbol).kind == "binding":
            return self._alias(symbol)
        ancestors = self._sight.program.ancestors(symbol) if self._sight.program.definition(symbol) is not None else ()
        return any(each.partition(".")[0] in _PACKAGES and each.rpartition(".")[2] in _CLASSES for each in ancestors)

    def _alias(self, binding: str) -> bool:
        """``DbSession = Annotated[Session, Depends(get_db)]``."""
        known = self._aliases.get(binding)
        if known is None:
            self._aliases[binding] = False
            module = self._sight.program.modules.get(self._sight.program.module_of(binding))
            names = _named_in_value(module, binding.rpartition(".")[2]) if module is not None else ()
            known = self._aliases[binding] = any(self.is_session(self._sight.program.head(each.chain)[0].id) for each in names)
        return known

    def used_as_session(self, definition: Definition, parameter: Parameter, depth: int = 0) -> bool:
        """Whether a parameter without an annotation is named as sessions are and does what they do, or is handed on to one that is."""
        if parameter.annotation or parameter.name not in _NAMES:
            return False
        for use in self._sight.within(definition.id):
            chain = use.chain
            if chain.origin == "parameter" and chain.root == parameter.name and chain.steps[:1] and chain.steps[0] in _METHODS:
                return True
        return depth < _DEPTH and any(self._takes_session(each, depth) for each in self._handed_to(definition, parameter))

    def _handed_to(self, definition: Definition, parameter: Parameter) -> Iterator[tuple[Definition, Parameter]]:
        for mention in self._sight.reach.mentions(self._sight.reach.unit(definition.id)):
            called = self._sight.program.definition(mention.target)
            if mention.called and called is not None and called.kind == "function" and called.id != definition.id:
                yield from ((called, each) for each in called.parameters if each.name == parameter.name)

    def _takes_session(self, given: tuple[Definition, Parameter], depth: int) -> bool:
        definition, parameter = given
        return self.annotated(definition, parameter) or self.used_as_session(definition, parameter, depth + 1)

    def annotated(self, definition: Definition, parameter: Parameter) -> bool:
        """Whether the annotation says that a parameter is a session."""
        if parameter.symbol and self.is_session(parameter.symbol):
            return True
        module = self._sight.program.module_of(definition.id)
        try:
            node = ast.parse(parameter.annotation or "0", mode="eval")
        except (SyntaxError, ValueError, RecursionError):
            return False
        names = (ast.unparse(each) for each in ast.walk(node) if isinstance(each, ast.Name | ast.Attribute))
        return any((state := self._sight.program.resolve(f"{module}.{name}")) != State("external", f"{module}.{name}") and self.is_session(state.id) for name in names)


def _named_in_value(module: ModuleSummary, name: str) -> Iterator[Use]:
    """The first name inside the value of a binding of a module, beside the generic itself."""
    outer = next((use for use in module.uses if use.sink == "assign" and use.target == name and not use.scope), None)
    if outer is None:
        return
    for use in module.uses:
        if use is not outer and use.sink == "argument" and _within(use.span, outer.span) and isinstance(use.chain, Chain):
            yield use
            return


def _within(inner: Span, outer: Span) -> bool:
    return (outer.line, outer.column) <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
