"""What the beginnings of chains stand for, with each beginning followed once however many uses share it.

``shop.orders.models`` ``.Order.objects`` begins hundreds of chains in a Django project. They are kept as a tree: a root, then one branch for
each attribute and one for a call, so that walking a chain that was walked before costs a look-up for each of its steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, get_args

from decompose.model.syntax import Bound, Call, Chain, ModuleSummary, Origin, Use

if TYPE_CHECKING:
    from decompose.link.program import Program, State

_OUTSIDE: frozenset[Origin] = frozenset({"parameter", "local", "builtin"})
"""Roots that never lead to something of the project."""

_CALL = Call()


class Prefix:
    """The beginning of some chains that stands for something of the project, or for something that leads there.

    ``names`` is true for a class, function, binding or module, ``definition`` for one of the first two. ``after`` are the attributes seen
    to follow, ``called`` is what a call gives. A beginning after which nothing of the project can be named is ``None``.
    """

    __slots__ = ("after", "called", "definition", "names", "state")

    def __init__(self, state: State) -> None:
        kind = state.kind
        self.state = state
        self.definition = kind == "class" or kind == "function"
        self.names = kind != "instance"
        self.after: dict[str, Prefix | None] = {}
        self.called: Prefix | Literal[False] | None = False  # until somebody asks


def _beginning(state: State) -> Prefix | None:
    return None if state.kind in ("external", "result", "unknown") else Prefix(state)


class Prefixes:
    """The beginnings of all chains of a program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._roots: dict[Origin, dict[str, Prefix | None]] = {origin: {} for origin in get_args(Origin)}
        self._named: dict[str, list[Use | int | Prefix]] = {}

    def named(self, module: ModuleSummary) -> Iterator[tuple[Use, int, Prefix]]:
        """The beginnings of a module's uses that name something of the project, each with the number of steps it takes.

        In source order, the shortest of a use first. The root counts where it is a name that the text writes, not where it is an
        instance, ``self`` or a parameter.
        """
        found = self._named.get(module.name)
        if found is None:
            found = self._named[module.name] = self._walked(module)
        each = iter(found)
        return zip(each, each, each, strict=True)  # type: ignore[arg-type]

    def _walked(self, module: ModuleSummary) -> list[Use | int | Prefix]:
        """Use, steps and beginning one after the other: a third of the memory of tuples, for something as long as the program."""
        found: list[Use | int | Prefix] = []
        for use in module.uses:
            chain = use.chain
            origin = chain.origin
            if origin in _OUTSIDE:
                continue
            roots = self._roots[origin]
            prefix = roots[chain.root] if chain.root in roots else self._root(roots, chain)
            if prefix is None:
                continue
            if origin == "global" and prefix.names:
                found += (use, 0, prefix)
            for position, step in enumerate(chain.steps, start=1):
                kind = step.__class__
                if kind is str:
                    after = prefix.after
                    prefix = after[step] if step in after else self._attribute(prefix, step)  # type: ignore[arg-type]
                elif kind is Call:
                    called = prefix.called
                    prefix = self._call(prefix) if called is False else called
                elif not isinstance(step, Bound) or not step.certain:
                    break
                if prefix is None:
                    break
                if prefix.names:
                    found += (use, position, prefix)
        return found

    def _root(self, roots: dict[str, Prefix | None], chain: Chain) -> Prefix | None:
        following = roots[chain.root] = _beginning(self._program.start(chain))
        return following

    def _attribute(self, prefix: Prefix, name: str) -> Prefix | None:
        following = prefix.after[name] = _beginning(self._program.step(prefix.state, name))
        return following

    def _call(self, prefix: Prefix) -> Prefix | None:
        following = prefix.called = _beginning(self._program.step(prefix.state, _CALL))
        return following
