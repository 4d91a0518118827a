"""Operations as a person wants them: names, limits, fallbacks, pages and types that ``decompose.toml`` says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Any

import msgspec

from decompose.errors import ConfigError
from decompose.model.migration import Operation, OperationParameter
from decompose.model.settings import Config, OperationSettings

_HANDED_ON = ("timeout", "idempotent", "fallback", "returns")


Names = Mapping[tuple[str, str, str], str]
"""Names of operations by shape, target and expression."""


class Wanted(msgspec.Struct, frozen=True):
    """The settings of one context's operations; those that name many come first, so that the exact one has the last word.

    ``kept`` are the names that operations have in the accepted plan.
    """

    context: str
    settings: tuple[OperationSettings, ...] = ()
    places: tuple[tuple[str, str], ...] = ()
    kept: Names = MappingProxyType({})

    def place(self, settings: OperationSettings) -> str:
        """Where settings are written."""
        return dict(self.places).get(settings.key, "")

    def type_of(self, operation: str, parameter: str) -> str:
        """The type that a person gave a parameter, or with ``""`` the result; ``""`` when none was given."""
        said = ""
        for each in self._of(operation):
            said = (dict(each.parameters).get(parameter, said) if parameter else each.returns) or said
        return said

    def applied(self, operations: Sequence[Operation]) -> dict[str, Operation]:
        """The operations by the names that they had. Raises :class:`ConfigError` for a setting that fits none or says what cannot be."""
        known = [operation.name for operation in operations]
        for each in self.settings:
            if not any(fnmatchcase(name, each.operation) for name in known):
                near = get_close_matches(each.operation, known, n=1, cutoff=0.6)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}" if known else "it has none"
                raise ConfigError(f"the boundary of {self.context} has no operation {each.operation!r}", place=self.place(each), hint=hint)
        found = {operation.name: self._applied(operation) for operation in operations}
        self._check_names(found)
        return found

    def _of(self, operation: str) -> Iterable[OperationSettings]:
        return (each for each in self.settings if fnmatchcase(operation, each.operation))

    def _applied(self, operation: Operation) -> Operation:
        for each in self._of(operation.name):
            changes: dict[str, Any] = {name: getattr(each, name) for name in _HANDED_ON if getattr(each, name) not in ("", 0, None)}
            if each.fallback and operation.kind == "command":
                if not each.exact:
                    del changes["fallback"]  # a glob speaks of the queries among them
                elif each.fallback != "raise":
                    raise ConfigError(f"{operation.name} is a command: one that did not happen has no answer to fall back to", place=self.place(each))
            if each.parameters:
                changes["parameters"] = self._typed(operation, each)
            operation = msgspec.structs.replace(operation, **changes)
            if each.page_size:
                operation = self._paged(operation, each)
        name = next((each.name for each in self._of(operation.name) if each.name), operation.name)
        return msgspec.structs.replace(operation, name=name)

    def _typed(self, operation: Operation, settings: OperationSettings) -> tuple[OperationParameter, ...]:
        types = dict(settings.parameters)
        known = [parameter.name for parameter in operation.parameters]
        for name in types:
            if name not in known and settings.exact:
                raise ConfigError(f"{operation.name} has no parameter {name!r}", place=self.place(settings), hint=f"known: {', '.join(known)}" if known else "it has none")
        return tuple(msgspec.structs.replace(each, type=types.get(each.name, each.type)) for each in operation.parameters)

    def _paged(self, operation: Operation, settings: OperationSettings) -> Operation:
        if operation.returns.startswith("list:entity:"):
            operation = msgspec.structs.replace(operation, returns=operation.returns.replace("list:", "page:", 1))
        if operation.returns.startswith("page:"):
            return msgspec.structs.replace(operation, page_size=settings.page_size)
        if settings.exact:
            raise ConfigError(f"{operation.name} returns no rows, so it has no pages", place=self.place(settings), hint="pages are for operations that return a list of rows")
        return operation

    def _check_names(self, found: dict[str, Operation]) -> None:
        taken: dict[str, str] = {}
        for before, operation in found.items():
            other = taken.setdefault(operation.name, before)
            if other != before:
                place = next((self.place(each) for each in self.settings if each.name == operation.name), "")
                raise ConfigError(f"two operations of {self.context} would be called {operation.name!r}: {other} and {before}", place=place)


def wanted(context: str, config: Config, names: Names | None = None) -> Wanted:
    """What is said of the operations of one context. A name that a person gave is not kept: the settings give it again."""
    chosen = tuple(each for each in config.operations if each.context == context)
    given = {each.name for each in chosen}
    kept = {key: name for key, name in (names or {}).items() if name not in given}
    return Wanted(context, chosen, tuple((each.key, config.place(each.key)) for each in chosen), kept)


def check_contexts(config: Config, known: Iterable[str]) -> None:
    """Raises :class:`ConfigError` for settings of a context that is not there."""
    names = sorted(known)
    for each in config.operations:
        if each.context not in names:
            near = get_close_matches(each.context, names, n=1, cutoff=0.6)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
            raise ConfigError(f"no context is called {each.context!r}", place=config.place(each.key), hint=hint)
