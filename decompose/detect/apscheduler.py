"""APScheduler, with Flask-APScheduler: which functions are scheduled, and when they run."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.link.expressions import argument, elements, entries, keyword, last_name, literal, source
from decompose.link.functions import Decorators, function_named
from decompose.link.objects import Objects
from decompose.link.program import Program
from decompose.model.facts import Fact, Schedule, Task, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Call, Chain, Constant, Expression, Mapping, ModuleSummary, Use

_PACKAGES = frozenset({"apscheduler", "flask_apscheduler", "nonebot_plugin_apscheduler", "django_apscheduler"})
_ADDS = frozenset({"add_job", "add_schedule", "configure_task"})
_MARKS = frozenset({"scheduled_job", "task"})
_OWN = frozenset({"func", "func_or_task_id", "id", "name", "args", "kwargs", "replace_existing", "jobstore", "executor", "max_instances", "coalesce", "misfire_grace_time"})  # fmt: skip
_SENT = frozenset({"delay", "send", "apply_async", "enqueue"})
"""A task that is sent each time, rather than run: ``add_job(report.delay, "cron", hour=3)``."""


def detect(program: Program) -> Iterator[Fact]:
    """Tasks and schedules; nothing when the target does not import the library."""
    if not program.imported.isdisjoint(_PACKAGES):
        yield from Scheduled(program).facts()


def _kind_of(dotted: str) -> str:
    package, _, last = dotted.rpartition(".")
    return "scheduler" if package.partition(".")[0] in _PACKAGES and (last.endswith("Scheduler") or last == "scheduler") else ""


class Scheduled:
    """The scheduled functions of the target."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.objects = Objects(program, _kind_of)
        # ``nonebot_plugin_apscheduler.scheduler`` is a scheduler that the library made itself.
        self.decorators = Decorators(
            program, lambda dotted: dotted.rpartition(".")[2] in _MARKS and dotted.partition(".")[0] in _PACKAGES, self.objects, _MARKS
        )
        self.tasks: dict[str, Task] = {}
        self.others: list[Fact] = []

    def facts(self) -> Iterator[Fact]:
        for module in self.program.modules.values():
            for definition in module.definitions:
                for decorator in definition.decorators:
                    calls = self.decorators.arguments(decorator, module.name, definition.parent)
                    if calls:
                        at = self.program.at(module.name, definition.line)
                        task = self._keep(definition.id)
                        self.others.append(Schedule(self._id(calls[0], task.name), task.name, _when(calls[0], -1), at))
        for module, use in self.program.uses.calling(_ADDS):
            self._added(module, use)
        for module in self.program.modules.values():
            for binding in module.bindings:
                if binding.name in ("JOBS", "SCHEDULER_JOBS"):
                    self._listed(binding.value, Location(module.path, binding.line))
        yield from sorted(self.tasks.values(), key=lambda task: (task.at, task.name))
        yield from self.others

    def _keep(self, id: str) -> Task:
        return self.tasks.setdefault(id, Task(id, id, self.program.place(id), "apscheduler"))

    def _id(self, call: Call, default: str) -> str:
        return literal(self.program, keyword(call, "id")) or default

    def _added(self, module: ModuleSummary, use: Use) -> None:
        chain = use.chain
        call = chain.steps[-1] if chain.steps else None
        how = last_name(chain)
        if use.sink == "decorator" or not isinstance(call, Call) or how not in _ADDS:
            return
        given = argument(call, 0, "func", "func_or_task_id")
        at = self.program.at(module.name, use.span.line)
        name = self._function(given)
        if name:
            self.others.append(Schedule(self._id(call, name), name, _when(call, 0), at))
        elif self.objects.receiver(chain, module.name, use.scope) is not None:
            self.others.append(Unresolved("schedule", source(chain)[:160], "which function is scheduled is not known", at))

    def _function(self, given: Expression | None) -> str:
        """The name of the task that is run: a function of the project, also as ``"module:function"``, or one that is sent on."""
        function = function_named(self.program, given)
        if function is None and isinstance(given, Chain) and given.steps and given.steps[-1] in _SENT:
            sent = function_named(self.program, Chain(given.root, given.origin, given.steps[:-1]))
            return sent.id if sent is not None else ""
        return self._keep(function.id).name if function is not None else ""

    def _listed(self, value: Expression, at: Location) -> None:
        """Flask-APScheduler's ``JOBS = [{"id": "report", "func": "shop.jobs:report", "trigger": "cron", "hour": 3}]``."""
        for each in elements(self.program, value) or ():
            if not isinstance(each, Mapping):
                continue
            parts = {str(key.value): part for key, part in entries(self.program, each) if isinstance(key, Constant)}
            name = self._function(parts.get("func"))
            when = ", ".join(f"{key}={source(part)}" for key, part in parts.items() if key not in _OWN)
            if name:
                self.others.append(Schedule(literal(self.program, parts.get("id")) or name, name, when, at))
            elif "func" in parts:
                self.others.append(Unresolved("schedule", source(each)[:160], "which function is scheduled is not known", at))


def _when(call: Call, function: int) -> str:
    """What says when, as it is written: the arguments that are not the function and its own."""
    given = [source(each) for index, each in enumerate(call.arguments) if index != function]
    return ", ".join([*given, *(f"{name}={source(value)}" for name, value in call.keywords if name not in _OWN)])
