"""A plan as its Markdown pages look at it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from decompose.model.contexts import Context, ContextMap
from decompose.model.lock import PlanLock
from decompose.model.migration import ContextPlan, Decision, MigrationPlan
from decompose.model.target import Target
from decompose.report.markup import text


class Question(NamedTuple):
    """What the code does not tell: ``number`` is its stable id, ``owner`` who can answer."""

    number: str
    words: str
    owner: str


class PlanView:
    """The plan, indexed for reading; ``questions`` are those that its pages have asked so far, in their order."""

    def __init__(self, plan: MigrationPlan, target: Target, lock: PlanLock | None) -> None:
        self.plan, self.target, self.lock = plan, target, lock
        self.questions: list[Question] = []
        self.map: ContextMap = plan.context_map
        self.contexts: dict[str, Context] = {context.name: context for context in self.map.contexts}
        self.domain = [context for context in self.map.contexts if context.role != "shared"]
        self.lines = {module.id: module.lines for module in plan.modules}
        self.roles = {module.id: module.role for module in plan.modules}
        owner = {entry.table: entry.owner for entry in self.map.ownership if entry.owner}
        models = {model: owner[table.id] for table in plan.tables if table.id in owner and table.kind == "entity" for model in (table.model, *table.models) if model}
        self.parts = Counter(context for _, context in self.map.definitions)
        # A definition that is not with its module hides the module in its name.
        self.place = {membership.module: membership.context for membership in self.map.memberships} | dict(self.map.definitions) | models
        self.decided: dict[str, Decision] = {decision.id: decision for decision in plan.decisions}
        self.planned: dict[str, ContextPlan] = {context.name: context for context in plan.contexts}
        self.tables = {entry.id: entry for entry in plan.tables}
        self.uses = self._uses()

    def context_of(self, name: str) -> str:
        """The context of a definition, module or table id."""
        while name:
            if name in self.place:
                return self.place[name]
            name = name.rpartition(".")[0]
        return ""

    def is_shared(self, definition: str) -> bool:
        """Whether code is shared or outside every context: seeds, tools, wiring."""
        context = self.contexts.get(self.context_of(definition))
        return context is None or context.role == "shared"

    def _uses(self) -> Mapping[tuple[str, str], int]:
        """Places where one context uses another, tests apart."""
        found: Counter[tuple[str, str]] = Counter()
        for context in self.plan.contexts:
            for edge in context.edges:
                user = self.context_of(edge.source) if edge.direction == "in" else ""
                if user and user != context.name and not edge.test and edge.kind not in ("test", "patch", "fixture"):
                    found[user, context.name] += 1
        return found

    def size(self, context: Context) -> str:
        """Its modules, how many of them are code, the lines of these; definitions that it has in modules of others."""
        modules = [module for module in context.modules if self.roles.get(module) in ("code", "settings")]
        parts = self.parts[context.name]
        besides = f" ({len(modules)} of code)" if len(modules) < len(context.modules) else ""
        size = f"{len(context.modules)}{besides} / {sum(self.lines.get(each, 0) for each in modules)}"
        return size + (f" and {parts} {'definition' if parts == 1 else 'definitions'}" if parts else "")

    def state(self, identifier: str) -> str:
        """What became of a decision: ``accepted by platform-team, 2026-11-27``, ``waived by platform-team until 2027-03-01``."""
        decision = self.decided.get(identifier)
        return "" if decision is None else told(decision)

    def standing(self, kind: str) -> str:
        """How many decisions of a kind are in which state, as a line of its own."""
        found = [decision for decision in self.plan.decisions if decision.kind == kind]
        return f"Decisions: {counted(found)}." if found else ""

    def signed(self, identifier: str) -> str:
        """Who signed a part of the plan, ``""`` for nobody."""
        found = next((each for each in self.lock.accepted if each.id == identifier), None) if self.lock is not None else None
        return f"{text(found.by)}, {found.on}" if found is not None else ""

    def ask(self, number: str, words: str, owner: str) -> str:
        """A question that only people can answer, with an empty box, as it stands in its section."""
        self.questions.append(Question(number, words, owner))
        return f"- [ ] **{number}** {words} _(to be answered by: {owner})_"

    @property
    def ranked(self) -> list[ContextPlan]:
        """The contexts that can be extracted, first one first."""
        return sorted((context for context in self.plan.contexts if context.rank), key=lambda context: context.rank)


STATES = ("open", "proposed", "accepted", "waived")


def counted(decisions: Iterable[Decision]) -> str:
    """``3 open, 2 proposed, 1 accepted``."""
    states = Counter[str](decision.state for decision in decisions)
    return ", ".join(f"{states[state]} {state}" for state in STATES if states[state]) or "none"


def told(decision: Decision) -> str:
    """The state of a decision, by whom and until when."""
    by = f" by {text(decision.by)}" if decision.by else ""
    return decision.state + by + (f" until {decision.until}" if decision.until else "")
