"""The uses of a program that begin with something a detector knows: a library's names, or an object that they made.

Nearly all expressions begin with something else. What a root can lead to is looked up once, so that a detector only looks at its own.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator

from decompose.link.expressions import last_bound
from decompose.link.objects import Made, Objects
from decompose.link.program import Program, State, Step
from decompose.model.syntax import Chain, ModuleSummary, Origin, Use

_ORIGINS: tuple[Origin, ...] = ("global", "builtin", "instance", "self", "cls")
_ELSEWHERE = frozenset({"annotation", "base", "except"})


class Heads:
    """``knows`` says whether a dotted external name is of interest; ``objects`` knows what constructors make.

    ``makers`` are kinds of objects that make others (a session its clients): what is done with those is theirs, also through a variable.
    """

    def __init__(self, program: Program, objects: Objects, knows: Callable[[str], bool], makers: frozenset[str] = frozenset()) -> None:
        self.program = program
        self.objects = objects
        self._knows = knows
        self._makers = makers
        self._roots: dict[tuple[str, str], str] = {}

    def uses(self) -> Iterator[tuple[ModuleSummary, Use, Made | None, State, tuple[Step, ...]]]:
        """The uses that begin with something known, in the order of the program: the object and the steps after it, or the library's name.

        What was done before the last variable on the way has its own use: such a chain is left out.
        """
        index = self.program.uses
        found = [numbers for origin in _ORIGINS for root in index.beginnings(origin) for numbers in self._known(origin, root)]
        for module, use in index.numbered(found):
            if use.sink not in _ELSEWHERE:
                yield from self._headed(use, module)

    def _known(self, origin: Origin, root: str) -> Iterator[array[int]]:
        """The uses that begin with a root and are worth a look, as the index numbers them."""
        index = self.program.uses
        lead = self._lead(origin, root)
        if lead == "all":
            yield index.begun(origin, root)
        elif lead:
            for name, numbers in index.attributes(origin, root).items():
                chain = next((use.chain for use in index.uses(numbers) if use.sink not in _ELSEWHERE), None)
                if chain is not None and self._attribute(chain, name):
                    yield numbers

    def _headed(self, use: Use, module: ModuleSummary) -> Iterator[tuple[ModuleSummary, Use, Made | None, State, tuple[Step, ...]]]:
        chain = use.chain
        made = self.objects.receiver(chain, module.name, use.scope) if chain.origin != "builtin" else None
        if made is not None:
            if made[1] >= last_bound(chain) or made[0].kind in self._makers:
                yield module, use, made[0], State("unknown"), chain.steps[made[1] :]
            return
        state, rest = self.program.head(chain)
        if state.kind == "binding":
            held = self.program.evaluate_binding(state.id)
            state = held if held.kind in ("external", "result", "instance") else state
        known = state.kind in ("external", "result", "instance") and self._knows(state.id)
        if known and len(chain.steps) - len(rest) >= last_bound(chain):
            yield module, use, None, state, rest

    def _lead(self, origin: Origin, root: str) -> str:
        """``all`` when every chain on the root is one to look at, ``first`` when that depends on the first attribute, ``""`` for none."""
        key = (origin, root)
        known = self._roots.get(key)
        if known is None:
            known = self._roots[key] = self._looked_up(origin, root)
        return known

    def _looked_up(self, origin: Origin, root: str) -> str:
        if origin == "builtin":
            return "all" if self._knows(f"builtins.{root}") else ""
        if origin in ("self", "cls"):
            return "first"
        if origin == "instance":
            return "all" if self.objects.kind(root) or self._knows(root) else ""
        state = self.program.resolve(root)
        if state.kind == "external":
            return "all" if self._knows(state.id) else "first" if "." not in state.id else ""
        if state.kind in ("module", "class"):
            return "all" if self.objects.kind(state.id) else "first"
        if state.kind in ("binding", "function"):
            return "all" if self._holds(Chain(root, "global"), state) else ""
        return ""

    def _attribute(self, chain: Chain, step: str) -> bool:
        """Whether ``self.x`` or ``module.x`` leads to something known."""
        if chain.origin in ("self", "cls"):
            return self.objects.receiver(Chain(chain.root, chain.origin, (step,)), self.program.module_of(chain.root)) is not None
        state, rest = self.program.head(chain)
        if state.kind == "external":
            return self._knows(state.id)
        if state.kind in ("binding", "function"):
            return self._holds(Chain(state.id, "global"), state)
        return state.kind == "class" and (bool(self.objects.kind(state.id)) or (bool(rest) and self._class_attribute(state, rest)))

    def _class_attribute(self, state: State, rest: tuple[Step, ...]) -> bool:
        return isinstance(rest[0], str) and self.objects.receiver(Chain(state.id, "cls", rest[:1]), self.program.module_of(state.id)) is not None

    def _holds(self, chain: Chain, state: State) -> bool:
        """Whether a name holds a known object, or a function gives one back."""
        module = self.program.module_of(state.id)
        if state.kind == "function":
            return self.objects.gives(state.id)
        if self.objects.made(chain, module) is not None:
            return True
        held = self.program.evaluate_binding(state.id)
        return held.kind in ("external", "result", "instance") and self._knows(held.id)
