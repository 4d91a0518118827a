"""Classes that a project's own function imports by name: ``get_class("orders.forms", "OrderForm")``.

Frameworks whose parts may be replaced hand them out this way. A function counts as one that does so when it leads, in a few calls, to an
import by name; which class it gives is known when one module of the project ends in the label and has the name, or, of several, the one
below the package that the function itself has as a default.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from decompose.model.syntax import Call, Chain, Constant, Item, Sequence

if TYPE_CHECKING:
    from decompose.link.program import Program, Step

_IMPORTERS = frozenset({"__import__", "import_module", "import_string"})
_CALLS = 4
"""Functions of the project between the one that is asked and the import by name, at most."""


class Loaders:
    """What the project's functions that import by name give for literal arguments."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._importing: dict[str, bool] = {}

    def symbol(self, function: str, steps: tuple[Step, ...]) -> tuple[str, int]:
        """What a function gives by the first of the steps, or the first two (``get_classes("orders.forms", ["A", "B"])[1]``): a
        dotted symbol and the number of those steps, ``("", 0)`` when it is no name that the text fixes."""
        call = steps[0] if steps else None
        if not isinstance(call, Call) or len(call.arguments) < 2:
            return "", 0
        label, named = call.arguments[:2]
        taken = 1
        if isinstance(named, Sequence):
            item = steps[1] if len(steps) > 1 else None
            if not isinstance(item, Item) or not isinstance(item.key, int) or not -len(named.items) <= item.key < len(named.items):
                return "", 0
            named, taken = named.items[item.key], 2
        if not (isinstance(label, Constant) and isinstance(named, Constant) and isinstance(label.value, str) and isinstance(named.value, str)):
            return "", 0
        module = self._module(function, label.value, named.value)
        return (f"{module}.{named.value}", taken) if module else ("", 0)

    def _module(self, function: str, label: str, name: str) -> str:
        """The one module that a label and a name in it can mean, ``""`` when there is none, or more than one."""
        if not name.isidentifier():
            return ""
        found = [module for module in self._ending.get(label.rpartition(".")[2], ()) if f".{module}".endswith(f".{label}") and self._has(module, name)]
        if not found or not self._imports(function):
            return ""
        if len(found) > 1:
            definition = self._program.definition(function)
            below = {f"{each.default[1:-1]}.{label}" for each in definition.parameters} if definition is not None else set()
            found = [module for module in found if module in below]
        return found[0] if len(found) == 1 else ""

    @cached_property
    def _ending(self) -> dict[str, list[str]]:
        """Modules by the last part of their names."""
        found: dict[str, list[str]] = {}
        for module in self._program.modules:
            found.setdefault(module.rpartition(".")[2], []).append(module)
        return found

    def _has(self, module: str, name: str) -> bool:
        program = self._program
        return name in program.members(module) or name in program.bindings(module) or program.imports(module, name) is not None

    def _imports(self, function: str) -> bool:
        """Whether a function leads to an import by name."""
        known = self._importing.get(function)
        if known is None:
            self._importing[function] = False
            known = self._importing[function] = self._leads(function)
        return known

    def _leads(self, function: str) -> bool:
        seen = {function}
        waiting = [function]
        for _ in range(_CALLS):
            reached: list[str] = []
            for each in waiting:
                for chain in self._called_in(each):
                    state, rest = self._program.head(chain)
                    if state.kind == "external" and state.id.rpartition(".")[2] in _IMPORTERS and rest:
                        return True
                    if state.kind == "function" and state.id not in seen:
                        seen.add(state.id)
                        reached.append(state.id)
            waiting = reached
        return False

    def _called_in(self, function: str) -> Iterator[Chain]:
        module = self._program.modules.get(self._program.module_of(function))
        for use in module.uses if module is not None else ():
            if use.scope == function and use.chain.origin in ("global", "builtin"):
                yield use.chain
