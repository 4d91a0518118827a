"""Where a program calls something by a name, and where its methods set attributes: one pass over all uses, for everybody who looks for a few of them."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from typing import TypeAlias, get_args

from decompose.model.syntax import Call, ModuleSummary, Origin, Use

_Numbers: TypeAlias = "array[int]"
"""Uses by their place in the order of the program. There are as many as there are expressions, so no objects for each."""


class UseIndex:
    """The uses of a program by name. Names are those in the text: ``delay`` in ``send_mail.delay(1)``, ``f`` in ``shop.tasks.f()``."""

    def __init__(self, modules: Iterable[ModuleSummary]) -> None:
        self._calls: dict[str, _Numbers] = {}
        self._attributes: dict[tuple[str, str], _Numbers] = {}
        self._begun: dict[Origin, dict[str, _Numbers]] = {origin: {} for origin in get_args(Origin)}
        self._rooted = self._begun["global"]
        self._all: list[Use] = []
        self._modules: list[ModuleSummary] = []
        self._attributed: dict[tuple[Origin, str], dict[str, _Numbers]] = {}
        self._firsts: list[int] = []
        """The number of each module's first use."""
        for module in modules:
            if module.uses:
                self._modules.append(module)
                self._firsts.append(len(self._all))
                for number, use in enumerate(module.uses, len(self._all)):
                    self._read(number, use)
                self._all += module.uses

    def _read(self, number: int, use: Use) -> None:
        chain = use.chain
        before: object = None
        for step in chain.steps:
            if step.__class__ is Call:
                name = chain.root.rpartition(".")[2] if before is None else before
                if name.__class__ is str:
                    known = self._calls.get(name)
                    if known is None:
                        self._calls[name] = array("I", (number,))
                    elif known[-1] != number:
                        known.append(number)
            before = step
        begun = self._begun[chain.origin]
        rooted = begun.get(chain.root)
        if rooted is None:
            begun[chain.root] = array("I", (number,))
        else:
            rooted.append(number)
        if use.sink == "assign" and use.target.startswith("self."):
            self._attributes.setdefault((use.scope.rpartition(".")[0], use.target[5:]), array("I")).append(number)

    @property
    def roots(self) -> Collection[str]:
        """The symbols that chains begin with, as their files' imports resolve them."""
        return self._rooted.keys()

    def rooted(self, roots: Collection[str]) -> Iterator[tuple[ModuleSummary, Use]]:
        """Every use whose chain begins with one of the symbols, in the order of the program."""
        return self._in_order([self._rooted[root] for root in roots if root in self._rooted])

    def beginnings(self, origin: Origin) -> Collection[str]:
        """The roots of all chains of one origin."""
        return self._begun[origin].keys()

    def beginning(self, roots: Iterable[tuple[Origin, str]]) -> Iterator[tuple[ModuleSummary, Use]]:
        """Every use whose chain begins with one of the roots, in the order of the program."""
        return self._in_order([self._begun[origin][root] for origin, root in roots if root in self._begun[origin]])

    def attributes(self, origin: Origin, root: str) -> dict[str, _Numbers]:
        """The uses whose chains begin with a root and an attribute, by the attribute: for :meth:`uses` and :meth:`numbered`."""
        key = (origin, root)
        known = self._attributed.get(key)
        if known is None:
            known = self._attributed[key] = {}
            for number in self._begun[origin][root]:
                steps = self._all[number].chain.steps
                first = steps[0] if steps else None
                if first.__class__ is str:
                    if first in known:
                        known[first].append(number)
                    else:
                        known[first] = array("I", (number,))
        return known

    def begun(self, origin: Origin, root: str) -> _Numbers:
        """The uses whose chains begin with a root."""
        return self._begun[origin][root]

    def uses(self, numbers: _Numbers) -> Iterator[Use]:
        """The uses of some numbers."""
        return map(self._all.__getitem__, numbers)

    def numbered(self, found: list[_Numbers]) -> Iterator[tuple[ModuleSummary, Use]]:
        """The uses of all the numbers, each once, in the order of the program."""
        return self._in_order(found)

    @property
    def called(self) -> Collection[str]:
        """Every name that something is called by."""
        return self._calls.keys()

    def calling(self, names: Collection[str]) -> Iterator[tuple[ModuleSummary, Use]]:
        """Every use with a call that goes by one of the names, each once, in the order of the program."""
        return self._in_order([self._calls[name] for name in names if name in self._calls])

    def assigned(self, class_id: str, attribute: str) -> Iterator[tuple[ModuleSummary, Use]]:
        """The uses whose value a method of the class itself assigns to ``self.<attribute>``, in the order of the program."""
        return self._in_order([self._attributes.get((class_id, attribute), _NONE)])

    def _in_order(self, found: list[_Numbers]) -> Iterator[tuple[ModuleSummary, Use]]:
        numbers: Iterable[int] = found[0] if len(found) == 1 else sorted(set().union(*found))
        after = 0
        module: ModuleSummary
        for number in numbers:
            if number >= after:
                position = bisect_right(self._firsts, number)
                module = self._modules[position - 1]
                after = self._firsts[position] if position < len(self._firsts) else len(self._all)
            yield module, self._all[number]


_NONE = array("I")
