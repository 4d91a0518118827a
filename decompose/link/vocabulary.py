"""Which expressions of a module call which names: made once for each module, so that detectors look at the few that concern them."""

from __future__ import annotations

from collections.abc import Collection

from decompose.model.syntax import Call, ModuleSummary, Use


class Vocabulary:
    """The uses of one module by the names that they call and by what they begin with, each list in source order.

    ``called`` goes by the last name before each call of a chain: ``filter`` and ``all`` for ``Order.objects.filter().all()``, ``sleep``
    for ``sleep()`` and ``time.sleep()``. ``roots`` goes by origin, then by root.
    """

    __slots__ = ("called", "roots")

    def __init__(self, module: ModuleSummary) -> None:
        self.called: dict[str, list[Use]] = {}
        self.roots: dict[str, dict[str, list[Use]]] = {"global": {}, "builtin": {}, "instance": {}, "self": {}, "cls": {}}
        called, roots = self.called, self.roots
        for use in module.uses:
            chain = use.chain
            by_root = roots.get(chain.origin)
            if by_root is not None:
                found = by_root.get(chain.root)
                if found is None:
                    by_root[chain.root] = [use]
                else:
                    found.append(use)
            name = ""
            for step in chain.steps:
                kind = type(step)
                if kind is str:
                    name = step  # type: ignore[assignment]
                elif kind is Call:
                    if not name:
                        name = chain.root[chain.root.rfind(".") + 1 :]
                    found = called.get(name)
                    if found is None:
                        called[name] = [use]
                    elif found[-1] is not use:
                        found.append(use)
                    name = "()"

    def calling(self, names: Collection[str]) -> list[Use]:
        """The uses that call one of the names, each once, in source order."""
        lists = [self.called[name] for name in names if name in self.called]
        if len(lists) < 2:
            return lists[0] if lists else []
        distinct = {id(use): use for found in lists for use in found}
        return sorted(distinct.values(), key=lambda use: (use.span.line, use.span.column, use.span.end_line, use.span.end_column))
