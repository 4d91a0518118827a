"""Functions that a library runs later: named where they are handed over, and marked by decorators, also by those of the project's own making."""

from __future__ import annotations

from collections.abc import Callable

from decompose.link.expressions import bound_arguments, last_bound, last_name, literal, substitute
from decompose.link.objects import Objects
from decompose.link.program import Program
from decompose.model.syntax import Call, Chain, Definition, Expression


def function_named(program: Program, expression: Expression | None) -> Definition | None:
    """The function of the project that an expression is, or names as ``"package.module.function"`` or ``"package.module:function"``."""
    if isinstance(expression, Chain):
        if last_bound(expression) == len(expression.steps):
            expression = Chain(expression.root, expression.origin)
        state, rest = program.head(expression)
        if state.kind == "function" and not rest:
            return program.definition(state.id)
        if state.kind in ("class", "instance") and len(rest) == 1 and isinstance(rest[0], str):
            found = program.member(state.id, rest[0])
            return found if isinstance(found, Definition) else None
        if not (state.kind == "binding" and not rest):
            return None
    dotted = literal(program, expression)
    if not dotted or "." not in dotted or not dotted.replace(".", "").replace(":", "").replace("_", "").isalnum():
        return None
    state = program.resolve(dotted.replace(":", "."))
    return program.definition(state.id) if state.kind == "function" else None


def method_called(program: Program, chain: Chain, names: frozenset[str]) -> tuple[str, str]:
    """The definition at the head of a chain and the first of ``names`` that is called on it: ``("shop.tasks.send", "delay")``.

    A method of a class counts as a definition. What was called before the last variable on the way has its own place. Else two empty texts.
    """
    if chain.origin not in ("global", "instance", "cls", "self"):
        return "", ""
    state, rest = program.head(chain)
    id = state.id if state.kind in ("function", "class", "instance", "binding") else ""
    if state.kind in ("class", "instance") and rest and isinstance(rest[0], str) and rest[0] not in names:
        member = program.member(state.id, rest[0])
        if isinstance(member, Definition):
            id, rest = member.id, rest[1:]
    if id:
        for index in range(max(len(chain.steps) - len(rest), last_bound(chain)), len(chain.steps) - 1):
            step = chain.steps[index]
            if isinstance(step, str) and step in names and isinstance(chain.steps[index + 1], Call):
                return id, step
    return "", ""


class Decorators:
    """Tells whether a decorator marks a function for a library, and with which arguments.

    ``marks`` says whether a dotted external name (or one that a class inherits from) is the library's; ``objects`` finds the library's
    objects, on which ``methods`` are decorators. Followed too: subclasses, ``partial(mark, ...)`` held by a name, and functions of the
    project that use the mark inside.
    """

    def __init__(self, program: Program, marks: Callable[[str], bool], objects: Objects | None = None, methods: frozenset[str] = frozenset()) -> None:
        self.program = program
        self._marks = marks
        self._objects = objects
        self._methods = methods
        self._known: dict[tuple[str, str], tuple[Call, ...] | None] = {}

    def arguments(self, decorator: Expression, module: str, scope: str) -> tuple[Call, ...] | None:
        """The calls that give a decorator its arguments, the nearest first; ``None`` when it does not mark the function."""
        if not isinstance(decorator, Chain):
            return None
        own = (decorator.steps[-1],) if decorator.steps and isinstance(decorator.steps[-1], Call) else ()
        state, rest = self.program.head(decorator)
        if state.kind == "external":
            return own if self._marks(state.id) else None
        if not any(isinstance(step, str) for step in rest) and state.kind in ("class", "function", "binding"):
            key = (state.kind, state.id)
            if key not in self._known:
                self._known[key] = None  # a mark that is defined by itself marks nothing
                self._known[key] = self._followed(*key)
            further = self._known[key]
            if further is None:
                return None
            return (*own, *(self._filled(state.id, own, call) for call in further))
        if self._objects is not None and last_name(decorator) in self._methods:
            found = self._objects.receiver(decorator, module, scope)
            return own if found is not None else None
        return None

    def _followed(self, kind: str, id: str) -> tuple[Call, ...] | None:
        program = self.program
        if kind == "class":
            return () if any(self._marks(each) for each in program.ancestors(id)) else None
        if kind == "function":
            return self._mark_inside(id)
        value = program.value(id)
        if not isinstance(value, Chain) or not value.steps:
            return None
        state, _ = program.head(value)
        call = value.steps[-1] if isinstance(value.steps[-1], Call) else None
        if state.id == "functools.partial" and call is not None and call.arguments:
            inner = self.arguments(call.arguments[0], program.module_of(id), "")
            return (Call(call.arguments[1:], call.keywords), *inner) if inner is not None else None
        return self.arguments(value, program.module_of(id), "")

    def _filled(self, id: str, own: tuple[Call, ...], call: Call) -> Call:
        """The call of the mark inside a function of the project, with what the function was given in place of its parameters."""
        definition = self.program.definition(id)
        if definition is None or not own or definition.kind == "class":
            return call
        given = substitute(Chain("", "local", (call,)), bound_arguments(definition, own[0]))
        filled = given.steps[-1] if isinstance(given, Chain) else call
        return filled if isinstance(filled, Call) else call

    def _mark_inside(self, function: str) -> tuple[Call, ...] | None:
        """The call by which a function of the project, or one inside it, applies the mark; ``None`` when it does not."""
        module = self.program.modules.get(self.program.module_of(function))
        for use in module.uses if module is not None else ():
            if (use.scope != function and not use.scope.startswith(f"{function}.")) or use.sink == "annotation" or use.chain.origin != "global":
                continue
            state, rest = self.program.head(use.chain)
            marked = state.kind == "external" and self._marks(state.id)
            if not marked and self._objects is not None and last_name(use.chain) in self._methods and rest:
                marked = self._objects.receiver(use.chain, self.program.module_of(function), use.scope) is not None
            if marked:
                return tuple(step for step in use.chain.steps if isinstance(step, Call))[:1]
        return None
