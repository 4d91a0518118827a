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
        self._calls: dict[str, list[tuple[str, Call, Definition | None]]] = {}

    def sites(self, definition: Definition) -> list[Site]:
        """Calls of a function, method or (for ``__init__``) class, tests left out; none when there are too many to tell."""
        name = definition.id.rpartition(".")[2]
        constructs = name == "__init__"
        calls = self._calls_of(definition.parent.rpartition(".")[2] if constructs else name)
        likely = not constructs and self._only(name)
        found = [Site(scope, call, target is definition) for scope, call, target in calls if target is definition or likely]
        return found if len(found) <= _SITES else []

    def _only(self, name: str) -> bool:
        """Whether the project has one definition of this name, so that a call of the name can hardly mean another."""
        if self._named is None:
            self._named = {}
            for definition in self.program.definitions:
                last = definition.id.rpartition(".")[2]
                self._named[last] = self._named.get(last, 0) + 1
        return self._named.get(name) == 1

    def _calls_of(self, name: str) -> list[tuple[str, Call, Definition | None]]:
        """The calls that go by a name: the scope that each stands in, and what it certainly calls."""
        known = self._calls.get(name)
        if known is None:
            known = self._calls[name] = []
            of_tests: dict[str, bool] = {}
            for module, use in self.program.uses.calling((name,)):
                test = of_tests.get(module.name)
                if test is None:
                    test = of_tests[module.name] = _is_test(module.name)
                if not test:
                    for position, step in enumerate(use.chain.steps):
                        if isinstance(step, Call) and _name_at(use.chain, position) == name:
                            known.append((use.scope or module.name, step, self._target(use.chain, position, name)))
        return known

    def _target(self, chain: Chain, position: int, name: str) -> Definition | None:
        """The function, method or constructor that the call at a position of a chain leaves no doubt about."""
        program = self.program
        found: object = None
        if chain.origin in ("self", "cls", "super", "instance"):
            found = program.member(chain.root, name) if position == 1 else None
        else:
            state, rest = program.head(chain)
            after = len(chain.steps) - len(rest)
            if state.kind == "class" and after in (position, position - 1):
                found = program.member(state.id, "__init__" if after == position else name)
            elif state.kind == "function" and after == position:
                found = program.definition(state.id)
        return found if isinstance(found, Definition) else None

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
