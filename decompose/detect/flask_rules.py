"""How a project's own blueprint class rewrites the rules that it is given.

Two ways are read. A setup state that tests a literal prefix of the rule and then clears ``url_prefix`` lets such rules leave the prefix of
their blueprint. A blueprint that adds each rule with an attribute in front, which a context manager of the class sets, adds the rules of a
``with`` block under what the block gives. Of other tests it is known which rules they concern, not what becomes of those.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from decompose.link.expressions import bound_arguments
from decompose.link.program import Program
from decompose.model.syntax import Call, Chain, Constant, Definition, Expression, ModuleSummary, Operation, Use

_STATES = ("flask.blueprints.BlueprintSetupState", "flask.sansio.blueprints.BlueprintSetupState")


class Changes(NamedTuple):
    """What a class does to rules: ``escapes`` leave the url_prefix out, ``tested`` prefixes mean something unknown, ``before`` are attributes set in front."""

    escapes: tuple[str, ...] = ()
    tested: tuple[str, ...] = ()
    before: tuple[str, ...] = ()

    def escaped(self, rule: str) -> str | None:
        """The rule that remains of one that leaves the prefix of its blueprint, ``None`` for any other."""
        for each in self.escapes:
            if rule.startswith(each):
                # Flask takes only rules that begin with a slash, so whatever stands before it is cut off.
                return rule[each.index("/") :] if "/" in each else rule[len(each) :]
        return None

    def unknown(self, rule: str) -> bool:
        return any(rule.startswith(each) for each in self.tested)


class RuleChanges:
    """What the classes of the project do to rules. Answers are kept."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._changes: dict[str, Changes] = {}

    def of(self, class_id: str) -> Changes:
        """What a blueprint or application class of the project does; nothing when it leaves ``add_url_rule`` alone."""
        known = self._changes.get(class_id)
        if known is None:
            known = self._changes[class_id] = self._read(class_id) if self.program.definition(class_id) is not None else Changes()
        return known

    def _read(self, class_id: str) -> Changes:
        own = self.program.member(class_id, "add_url_rule")
        tested, before = (tuple(self._tested(own)), tuple(self._before(own))) if isinstance(own, Definition) else ((), ())
        state = self._state(class_id)
        adding = self.program.member(state, "add_url_rule") if state else None
        if not isinstance(adding, Definition):
            return Changes((), tested, before)
        prefixes = tuple(self._tested(adding))
        return Changes(prefixes, tested, before) if self._clears_prefix(adding.parent) else Changes((), (*tested, *prefixes), before)

    def _state(self, class_id: str) -> str:
        """The project's own setup state that ``make_setup_state`` of a blueprint class returns."""
        making = self.program.member(class_id, "make_setup_state")
        for each in self.program.returned(making) if isinstance(making, Definition) else ():
            made = self.program.evaluate(each)
            if made.kind == "instance" and self.program.inherits(made.id, *_STATES):
                return made.id
        return ""

    def _tested(self, method: Definition) -> Iterator[str]:
        """Literals in ``rule.startswith("!/")`` about the first parameter after ``self``."""
        rule = method.parameters[1].name if len(method.parameters) > 1 else ""
        for use in self._uses(method.id):
            steps = use.chain.steps
            if use.chain.root == rule and use.chain.origin in ("parameter", "instance") and len(steps) == 2 and steps[0] == "startswith":
                given = steps[1].arguments[0] if isinstance(steps[1], Call) and steps[1].arguments else None
                value = self.program.constant(given)
                if isinstance(value, str) and value not in ("", "/"):
                    yield value

    def _clears_prefix(self, class_id: str) -> bool:
        methods = (each.id for each in self.program.members(class_id).values())
        return any(use.sink == "store" and use.chain.steps[-1:] == ("url_prefix",) for id in methods for use in self._uses(id))

    def _before(self, method: Definition) -> Iterator[str]:
        """Attributes in ``super().add_url_rule(self.prefix + rule, ...)``."""
        for use in self._uses(method.id):
            steps = use.chain.steps
            call = steps[1] if len(steps) > 1 and use.chain.origin == "super" and steps[0] == "add_url_rule" else None
            first = call.arguments[0] if isinstance(call, Call) and call.arguments else None
            if isinstance(first, Operation) and first.operator == "+" and isinstance(first.operands[0], Chain) and first.operands[0].origin == "self":
                attribute = first.operands[0].steps
                if len(attribute) == 1 and isinstance(attribute[0], str):
                    yield attribute[0]

    def _uses(self, scope: str) -> Iterator[Use]:
        module = self.program.modules.get(self.program.module_of(scope))
        return (use for use in module.uses if use.scope == scope) if module is not None else iter(())

    def set_by(self, class_id: str, manager: Chain) -> list[Expression] | None:
        """What ``with blueprint.prefixed("/a", "/b"):`` puts in front of rules, each in turn; ``None`` when the block is about something else."""
        before = self.of(class_id).before
        name, call = manager.steps[-2:] if len(manager.steps) > 1 else ("", "")
        method = self.program.member(class_id, name) if before and isinstance(name, str) else None
        if not isinstance(method, Definition) or not method.generator or not isinstance(call, Call):
            return None
        stored = {use.chain.steps[0] for use in self._uses(method.id) if use.sink == "store" and use.chain.origin == "self" and use.chain.steps}
        given = bound_arguments(method, call, 1)
        found = [given.get(each.lstrip("_"), Constant("")) for each in before if each in stored]
        return found if len(found) == len(before) else None


def blocks_around(module: ModuleSummary, line: int) -> Iterator[Chain]:
    """The context managers of the ``with`` blocks that a line of a module stands in."""
    for block in module.blocks:
        if block.line < line <= block.end_line and isinstance(block.manager, Chain):
            yield block.manager
