"""Where a program calls something by a name, and where its methods set attributes: one pass over all uses, for everybody who looks for a few of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import get_args

from decompose.model.syntax import Call, ModuleSummary, Origin, Use

_Numbered = tuple[int, ModuleSummary, Use]


class UseIndex:
    """The uses of a program by name. Names are those in the text: ``delay`` in ``send_mail.delay(1)``, ``f`` in ``shop.tasks.f()``."""

    def __init__(self, modules: Iterable[ModuleSummary]) -> None:
        self._calls: dict[str, list[_Numbered]] = {}
        self._attributes: dict[tuple[str, str], list[_Numbered]] = {}
        self._begun: dict[Origin, dict[str, list[_Numbered]]] = {origin: {} for origin in get_args(Origin)}
        self._rooted = self._begun["global"]
        number = 0
        for module in modules:
            for use in module.uses:
                self._read((number, module, use))
                number += 1

    def _read(self, found: _Numbered) -> None:
        use = found[2]
        chain = use.chain
        before: object = None
        for step in chain.steps:
            if step.__class__ is Call:
                name = chain.root.rpartition(".")[2] if before is None else before
                if isinstance(name, str):
                    known = self._calls.get(name)
                    if known is None:
                        self._calls[name] = [found]
                    elif known[-1] is not found:
                        known.append(found)
            before = step
        begun = self._begun[chain.origin]
        rooted = begun.get(chain.root)
        if rooted is None:
            begun[chain.root] = [found]
        else:
            rooted.append(found)
        if use.sink == "assign" and use.target.startswith("self."):
            self._attributes.setdefault((use.scope.rpartition(".")[0], use.target[5:]), []).append(found)

    @property
    def roots(self) -> Collection[str]:
        """The symbols that chains begin with, as their files' imports resolve them."""
        return self._rooted.keys()

    def rooted(self, roots: Collection[str]) -> Iterator[tuple[ModuleSummary, Use]]:
        """Every use whose chain begins with one of the symbols, in the order of the program."""
        return _in_order([self._rooted[root] for root in roots if root in self._rooted])

    def beginnings(self, origin: Origin) -> Collection[str]:
        """The roots of all chains of one origin."""
        return self._begun[origin].keys()

    def beginning(self, roots: Iterable[tuple[Origin, str]]) -> Iterator[tuple[ModuleSummary, Use]]:
        """Every use whose chain begins with one of the roots, in the order of the program."""
        return _in_order([self._begun[origin][root] for origin, root in roots if root in self._begun[origin]])

    @property
    def called(self) -> Collection[str]:
        """Every name that something is called by."""
        return self._calls.keys()

    def calling(self, names: Collection[str]) -> Iterator[tuple[ModuleSummary, Use]]:
        """Every use with a call that goes by one of the names, each once, in the order of the program."""
        return _in_order([self._calls[name] for name in names if name in self._calls])

    def assigned(self, class_id: str, attribute: str) -> Iterator[tuple[ModuleSummary, Use]]:
        """The uses whose value a method of the class itself assigns to ``self.<attribute>``, in the order of the program."""
        return ((module, use) for _, module, use in self._attributes.get((class_id, attribute), ()))


def _in_order(lists: list[list[_Numbered]]) -> Iterator[tuple[ModuleSummary, Use]]:
    numbered = lists[0] if len(lists) == 1 else sorted({each[0]: each for found in lists for each in found}.values(), key=_number)
    return ((module, use) for _, module, use in numbered)


def _number(found: _Numbered) -> int:
    return found[0]
