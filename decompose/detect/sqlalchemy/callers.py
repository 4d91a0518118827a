"""Who calls a function of the project, and who sets an attribute of its classes: where values come from that no annotation names."""

from __future__ import annotations

from typing import NamedTuple

from decompose.link.program import Program
from decompose.model.syntax import Call, Chain, Definition, Use

_SITES = 24
"""Calls looked at for one function: a function that is called from more places serves many kinds of values."""


class Site(NamedTuple):
    """A call of a function: the scope that it stands in, and whether the text leaves no doubt that this function is called."""

    scope: str
    call: Call
    certain: bool


class Callers:
    """Calls by the name that is called, and attributes set on ``self``. Both indexes are made when first asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._calls: dict[str, list[tuple[Use, int, str]]] | None = None
        self._attributes: dict[str, list[Use]] | None = None
        self._named: dict[str, int] = {}

    def sites(self, definition: Definition) -> list[Site]:
        """Calls of a function, method or (for ``__init__``) class, tests left out; none when there are too many to tell."""
        name = definition.id.rpartition(".")[2]
        called = definition.parent.rpartition(".")[2] if name == "__init__" else name
        candidates = self._index().get(called, ())
        if len(candidates) > _SITES:
            return []
        found = []
        for use, position, module in candidates:
            call = use.chain.steps[position]
            certain = self._calls_it(use.chain, position, definition, name == "__init__")
            if isinstance(call, Call) and (certain or (name != "__init__" and self._named.get(name) == 1)):
                found.append(Site(use.scope or module, call, certain))
        return found

    def _calls_it(self, chain: Chain, position: int, definition: Definition, constructs: bool) -> bool:
        program = self.program
        if chain.origin in ("self", "cls", "super", "instance"):
            return position == 1 and not constructs and program.member(chain.root, definition.id.rpartition(".")[2]) is definition
        state, rest = program.head(chain)
        after = len(chain.steps) - len(rest)
        if constructs:
            return state.kind == "class" and after == position and program.member(state.id, "__init__") is definition
        if state.kind == "class" and after == position - 1:
            return program.member(state.id, definition.id.rpartition(".")[2]) is definition
        return state.kind == "function" and after == position and state.id == definition.id

    def _index(self) -> dict[str, list[tuple[Use, int, str]]]:
        if self._calls is None:
            self._calls = {}
            for module in self.program.modules.values():
                if _is_test(module.name):
                    continue
                for use in module.uses:
                    name = use.chain.root.rpartition(".")[2]
                    for position, step in enumerate(use.chain.steps):
                        if isinstance(step, str):
                            name = step
                        elif isinstance(step, Call):
                            if name and (step.arguments or step.keywords):
                                self._calls.setdefault(name, []).append((use, position, module.name))
                            name = ""
            for definition in self.program.definitions:
                name = definition.id.rpartition(".")[2]
                self._named[name] = self._named.get(name, 0) + 1
        return self._calls

    def assigned(self, class_id: str, name: str) -> list[Use]:
        """What methods of a class (else of its nearest base that does) set ``self.<name>`` to."""
        if self._attributes is None:
            self._attributes = {}
            for module in self.program.modules.values():
                for use in module.uses:
                    if use.sink == "assign" and use.target.startswith("self."):
                        owner = use.scope.rpartition(".")[0]
                        self._attributes.setdefault(f"{owner}.{use.target[5:]}", []).append(use)
        for owner in (class_id, *self.program.ancestors(class_id)):
            found = self._attributes.get(f"{owner}.{name}")
            if found:
                return found
        return []


def _is_test(module: str) -> bool:
    return any(part in ("tests", "test", "testing", "conftest") or part.startswith("test_") for part in module.split("."))
