"""Classes that stand for rows: what their bodies declare by a call, and the calls made on them and on their instances.

Peewee, Tortoise, Pony and Odoo share this shape; what the names in it mean is for their detectors to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import msgspec

from decompose.link.expressions import last_bound
from decompose.link.program import Program
from decompose.model.location import Location
from decompose.model.syntax import Bound, Call, Chain, Item, ModuleSummary, Use

_ELSEWHERE = frozenset({"annotation", "base", "except", "decorator"})
"""Places where a chain names a class without doing anything with its rows."""


class Attribute(msgspec.Struct, frozen=True):
    """``name = Maker(...)`` in a class body: ``maker`` is the known class that was called, ``call`` its arguments."""

    name: str
    maker: str
    call: Call
    at: Location
    owner: str


def attributes(program: Program, class_id: str, known: Callable[[str], str], bases: tuple[str, ...] | None = None) -> dict[str, Attribute]:
    """What a class declares by calls of known makers, with what it inherits, by name; the nearest declaration wins.

    ``known`` gives the maker that a dotted name stands for, ``""`` when it is none. ``bases`` are the classes to inherit from,
    by default all that are the project's. A name that is bound to anything else hides what a base declares.
    """
    found: dict[str, Attribute] = {}
    hidden: set[str] = set()
    for owner in (class_id, *(program.ancestors(class_id) if bases is None else bases)):
        module = program.module_of(owner)
        own: set[str] = set()
        for name, bound in program.bindings(owner).items():
            if name in found or name in hidden:
                continue
            own.add(name)
            binding = bound[-1]
            made = maker(program, binding.value, known) if isinstance(binding.value, Chain) else None
            if made is not None:
                found[name] = Attribute(name, made[0], made[1], program.at(module, binding.line), owner)
        hidden |= own | set(program.members(owner))
    return found


def maker(program: Program, chain: Chain, known: Callable[[str], str]) -> tuple[str, Call] | None:
    """The known class that a chain calls, by its own name or as a subclass of the project's; and the call."""
    if chain.origin not in ("global", "builtin") or not chain.steps:
        return None
    state, rest = program.head(chain)
    call = rest[0] if rest else None
    if not isinstance(call, Call) or state.kind not in ("external", "class"):
        return None
    found = known(state.id)
    if not found and state.kind == "class":
        found = next((name for each in program.ancestors(state.id) if (name := known(each))), "")
    return (found, call) if found else None


class Calls(msgspec.Struct, frozen=True):
    """The calls that one expression makes on the class ``model`` or on what came from it, in order, each by method name.

    ``instance`` is true when the chain begins with an instance. ``continued`` is true when it passed through a variable: then only
    what follows the variable is here. ``certain`` is false when the variable may hold something else. ``subscripted``: ``Model[key]``.
    """

    model: str
    calls: tuple[tuple[str, Call], ...]
    instance: bool
    continued: bool
    certain: bool
    subscripted: bool = False


class Rows:
    """Finds the calls on classes that ``models`` maps to themselves (or to the class that they stand for); ``""`` for all others.

    Nearly all expressions begin with a name that leads to no model: what a root can lead to is looked up once.
    """

    def __init__(self, program: Program, models: Callable[[str], str]) -> None:
        self.program = program
        self._models = models
        self._leads: dict[tuple[str, str], bool] = {}

    def calls(self, use: Use) -> Calls | None:
        """The calls of a use when its head is one of the models, else ``None``."""
        chain = use.chain
        key = (chain.origin, chain.root)
        leads = self._leads.get(key)
        if leads is None:
            leads = self._leads[key] = self._can_lead(chain)
        if not leads or not chain.steps or use.sink in _ELSEWHERE:
            return None
        return self._calls(chain)

    def _can_lead(self, chain: Chain) -> bool:
        if chain.origin not in ("global", "instance", "self", "cls"):
            return False
        state = self.program.start(chain)
        return state.kind == "module" or (state.kind in ("class", "instance") and bool(self._models(state.id)))

    def _calls(self, chain: Chain) -> Calls | None:
        state, rest = self.program.head(chain)
        model = self._models(state.id) if state.kind in ("class", "instance") else ""
        if not model:
            return None
        start = max(last_bound(chain), len(chain.steps) - len(rest))
        steps = chain.steps[start:]
        passed = [step for step in chain.steps[:start] if isinstance(step, Bound)]
        found = tuple((name, call) for name, call in pairwise(steps) if isinstance(name, str) and isinstance(call, Call))
        return Calls(
            model,
            found,
            instance=state.kind == "instance" or (not passed and bool(rest) and isinstance(rest[0], Call)),
            continued=bool(passed),
            certain=all(step.certain for step in passed),
            subscripted=not passed and bool(rest) and isinstance(rest[0], Item),
        )


def uses(program: Program) -> Iterator[tuple[ModuleSummary, Use, str, Location]]:
    """All uses with their module, the definition they stand in (the module outside of all), and their place."""
    for module in program.modules.values():
        for use in module.uses:
            yield module, use, use.scope or module.name, Location(module.path, use.span.line)
