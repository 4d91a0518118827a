"""Functions of the project that a framework's object calls by itself: before a request, on an error, when the application starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from decompose.link.expressions import argument, last_name
from decompose.link.objects import Objects
from decompose.link.program import Program
from decompose.model.facts import Subscription
from decompose.model.syntax import Call, Chain, Definition, Expression

Owns = Callable[[Chain, str, str], bool]
"""Whether a chain (in a module and scope) stands for an object of the framework."""


class Hooks:
    """Registrations through methods: ``@app.before_request``, ``@app.errorhandler(404)``, ``app.register_error_handler(404, f)``.

    ``names`` has the methods with the position of the function in a direct call; ``owns`` says which objects count. A method that is told
    the event (``on_event("startup")``) stands in ``told``: the event is then the signal.
    """

    def __init__(self, program: Program, objects: Objects, package: str, names: Mapping[str, int], owns: Owns, told: frozenset[str] = frozenset()) -> None:
        self.program = program
        self.objects = objects
        self._package = package
        self._names = names
        self._owns = owns
        self._told = told

    def facts(self) -> Iterator[Subscription]:
        for module in self.program.modules.values():
            for definition in module.definitions:
                for decorator in definition.decorators:
                    if isinstance(decorator, Chain) and last_name(decorator) in self._names and self._registers(decorator, module.name, definition.parent):
                        yield Subscription(self._signal(decorator), "", definition.id, self.program.at(module.name, definition.start))
        for module, use in self.program.uses.calling(self._names):
            call = use.chain.steps[-1] if use.chain.steps else None
            if use.sink == "decorator" or not isinstance(call, Call) or last_name(use.chain) not in self._names:
                continue
            handler = self.function(argument(call, self._names[last_name(use.chain)], "f", "func", "handler"))
            if handler and self._registers(use.chain, module.name, use.scope):
                yield Subscription(self._signal(use.chain), "", handler, self.program.at(module.name, use.span.line))

    def _registers(self, chain: Chain, module: str, scope: str) -> bool:
        steps = chain.steps[:-1] if isinstance(chain.steps[-1], Call) else chain.steps
        return bool(steps) and isinstance(steps[-1], str) and self._owns(Chain(chain.root, chain.origin, steps[:-1]), module, scope)

    def _signal(self, chain: Chain) -> str:
        name, call = last_name(chain), chain.steps[-1]
        event = self.program.constant(argument(call, 0, "event_type")) if name in self._told and isinstance(call, Call) else None
        return f"{self._package}.{event if isinstance(event, str) else name}"

    def function(self, expression: Expression | None) -> str:
        """The function, method or class of the project that an expression names; ``""`` when it is none."""
        if not isinstance(expression, Chain):
            return ""
        state, rest = self.program.head(expression)
        if state.kind in ("function", "class") and not rest:
            return state.id
        if state.kind in ("class", "instance") and len(rest) == 1 and isinstance(rest[0], str):
            member = self.program.member(state.id, rest[0])
            return member.id if isinstance(member, Definition) else ""
        return ""
