"""URL patterns that objects hand out: ``apps.get_app_config("shop").urls``, ``self.get_urls()``, ``site.urls``.

An expression that begins at an instance of a project's class is rewritten one step at a time: a method or property into what it returns,
an attribute into what the class or one of its methods sets it to. What ``self`` is stays known along the way (:attr:`Made.owner`), so that
a method of a base class finds the members of the class that is installed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from decompose.detect.django.settings import Settings
from decompose.link.expressions import bound_arguments, substitute
from decompose.link.program import Step
from decompose.model.location import Span
from decompose.model.syntax import Bound, Call, Chain, Constant, Definition, Expression, Item, Operation, Sequence, Use

_GET_CONFIG = "django.apps.apps.get_app_config"


class Made(NamedTuple):
    """What an expression was rewritten into: ``expressions`` in the body of ``scope``, where ``self`` is an instance of ``owner``.

    ``returned`` is what the function of that name returns, as its text has it, when the expressions are all of that: what the function adds to
    a list on the way belongs to them too. It is ``None`` when they are something else, or a part.
    """

    expressions: tuple[Expression, ...]
    owner: str
    scope: str
    returned: tuple[Expression, ...] | None = None


class Owners:
    """Rewrites expressions that begin at an instance."""

    def __init__(self, settings: Settings) -> None:
        self.program = settings.program
        self._configs = {each.label: each.config for each in reversed(settings.applications) if each.config}
        self._labels = {each.config: each.label for each in settings.applications if each.config}
        self._orders: dict[str, tuple[str, ...]] = {}

    def made(self, chain: Chain, owner: str) -> Made | None:
        """The chain rewritten by one step, ``None`` when it does not begin at an instance of a project's class, or has no such member."""
        class_id, above, steps = self._instance(chain, owner)
        steps = tuple(step for step in steps if not isinstance(step, Bound))
        if not class_id or not steps or not isinstance(name := steps[0], str):
            return None
        for declaring in self._after(class_id, above):
            member = self.program.members(declaring).get(name)
            if isinstance(member, Definition) and member.kind == "method":
                return self._returned(member, class_id, steps[1:])
            bound = self.program.bindings(declaring).get(name)
            if bound:
                return _continued((bound[-1].value,), class_id, declaring, steps[1:])
            assigned = [use for _, use in self.program.uses.assigned(declaring, name)]
            if assigned:
                return _continued(tuple(use.chain for use in assigned[-1:]), class_id, assigned[-1].scope, steps[1:])
        return None

    def method(self, chain: Chain, owner: str) -> str:
        """The method that a chain names without calling it (``self.index``), ``""`` for anything else."""
        class_id, above, steps = self._instance(chain, owner)
        if class_id and len(steps) == 1 and isinstance(name := steps[0], str):
            member = next((found for each in self._after(class_id, above) if (found := self.program.members(each).get(name)) is not None), None)
            return member.id if member is not None and member.kind == "method" and not self.program.is_property(member) else ""
        return ""

    def text(self, expression: Expression | None, owner: str) -> str | None:
        """The string that an attribute of the owner holds (``self.namespace``), or that the text says; ``None`` for anything else."""
        for _ in range(4):
            if not isinstance(expression, Chain) or expression.origin != "self":
                break
            made = self.made(expression, owner)
            if made is None and expression.steps == ("label",):
                return self._labels.get(owner)
            expression = made.expressions[0] if made is not None and made.expressions else None
        value = self.program.constant(expression)
        return value if isinstance(value, str) else None

    def _instance(self, chain: Chain, owner: str) -> tuple[str, str, tuple[Step, ...]]:
        """Class of the instance that a chain begins at, the class after which ``super()`` looks, and the steps from there; ``""`` for none."""
        program = self.program
        if chain.origin in ("self", "super"):
            class_id = owner if owner and program.inherits(owner, chain.root) else chain.root
            return class_id, chain.root if chain.origin == "super" else "", chain.steps
        if chain.origin not in ("global", "instance"):
            return "", "", ()
        state, rest = program.head(chain)
        if state.kind == "external":
            call = rest[0] if rest else None
            label = program.constant(call.arguments[0]) if state.id == _GET_CONFIG and isinstance(call, Call) and call.arguments else None
            return (self._configs.get(label, ""), "", rest[1:]) if isinstance(label, str) else ("", "", ())
        for position in range(len(rest)):
            if state.kind == "binding":
                state = program.evaluate_binding(state.id)
            if state.kind == "instance":
                return (state.id, "", rest[position:]) if program.definition(state.id) is not None else ("", "", ())
            state = program.step(state, rest[position])
        return "", "", ()

    def _after(self, class_id: str, above: str) -> tuple[str, ...]:
        """The project's classes in which a member is looked up."""
        order = self._orders.get(class_id)
        if order is None:
            order = self._orders[class_id] = tuple(self._ordered(class_id))
        return order[order.index(above) + 1 :] if above in order else order

    def _ordered(self, class_id: str) -> list[str]:
        """A class and all above it in the order of Python's look-up: depth first, a class after all that extend it."""
        seen: list[str] = []
        waiting = [class_id]
        while waiting and len(seen) < 1_000:
            current = waiting.pop()
            seen.append(current)
            waiting.extend(reversed([each for each in self.program.bases(current) if each != current]))
        last = {each: position for position, each in enumerate(seen)}
        return sorted(last, key=lambda each: last[each])

    def _returned(self, method: Definition, owner: str, steps: tuple[Step, ...]) -> Made | None:
        """What a method gives; a method that is not called is none."""
        call = Call()
        if not self.program.is_property(method):
            if not steps or not isinstance(steps[0], Call):
                return None
            call, steps = steps[0], steps[1:]
        given = bound_arguments(method, call, skip=1)
        as_written = self.program.returned(method)
        returned = tuple(substitute(each, given) for each in as_written if each != Constant(None))
        made = _continued(returned, owner, method.id, steps)
        return made._replace(returned=as_written) if made is not None and not steps else made


def _continued(expressions: tuple[Expression, ...], owner: str, scope: str, steps: tuple[Step, ...]) -> Made | None:
    """The expressions with further steps taken from them."""
    found: list[Expression] = []
    for each in expressions:
        first = steps[0] if steps else None
        rest = steps
        if isinstance(each, Sequence) and isinstance(first, Item):
            if not isinstance(first.key, int) or not -len(each.items) <= first.key < len(each.items):
                continue
            each, rest = each.items[first.key], steps[1:]
        if isinstance(each, Chain):
            found.append(Chain(each.root, each.origin, each.steps + rest))
        elif not rest:
            found.append(each)
    return Made(tuple(found), owner, scope) if found else None


def added(patterns: Iterable[Use], returned: tuple[Expression, ...]) -> Iterator[Use]:
    """The patterns of a function's body that stand neither inside another nor in what it returns: those that it adds to a list."""
    known = set(_chains(returned))
    outer: Span | None = None
    for use in patterns:
        if outer is not None and _within(use.span, outer):
            continue
        outer = use.span
        if use.chain not in known:
            yield use


def _within(inner: Span, outer: Span) -> bool:
    return (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)


def _chains(expressions: tuple[Expression, ...]) -> Iterator[Chain]:
    """The chains that expressions consist of, displays and arguments of calls taken apart."""
    waiting = list(expressions)
    while waiting:
        each = waiting.pop()
        if isinstance(each, Sequence):
            waiting.extend(each.items)
        elif isinstance(each, Operation):
            waiting.extend(each.operands)
        elif isinstance(each, Chain):
            yield each
            for step in each.steps:
                if isinstance(step, Call):
                    waiting.extend(step.arguments)


