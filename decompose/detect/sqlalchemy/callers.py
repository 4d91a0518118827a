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
    """Calls by the name that is called, and attributes set on ``self``."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._named: dict[str, int] | None = None

    def sites(self, definition: Definition) -> list[Site]:
        """Calls of a function, method or (for ``__init__``) class, tests left out; none when there are too many to tell."""
        name = definition.id.rpartition(".")[2]
        constructs = name == "__init__"
        called = definition.parent.rpartition(".")[2] if constructs else name
        found: list[Site] = []
        for module, use in self.program.uses.calling((called,)):
            if _is_test(module.name):
                continue
            for position, step in enumerate(use.chain.steps):
                if isinstance(step, Call) and _name_at(use.chain, position) == called:
                    certain = self._calls_it(use.chain, position, definition, constructs)
                    if certain or (not constructs and self._only(name)):
                        found.append(Site(use.scope or module.name, step, certain))
            if len(found) > _SITES:
                return []
        return found

    def _only(self, name: str) -> bool:
        """Whether the project has one definition of this name, so that a call of the name can hardly mean another."""
        if self._named is None:
            self._named = {}
            for definition in self.program.definitions:
                last = definition.id.rpartition(".")[2]
                self._named[last] = self._named.get(last, 0) + 1
        return self._named.get(name) == 1

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

    def assigned(self, class_id: str, name: str) -> list[Use]:
        """What methods of a class (else of its nearest base that does) set ``self.<name>`` to."""
        for owner in (class_id, *self.program.ancestors(class_id)):
            found = [use for _, use in self.program.uses.assigned(owner, name)]
            if found:
                return found
        return []


def _name_at(chain: Chain, position: int) -> str:
    """The name that a call at a position goes by."""
    before = chain.steps[position - 1] if position else chain.root.rpartition(".")[2]
    return before if isinstance(before, str) else ""


def _is_test(module: str) -> bool:
    return any(part in ("tests", "test", "testing", "conftest") or part.startswith("test_") for part in module.split("."))
