"""Huey and Django-Q: which functions are tasks, who enqueues them, what runs when."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.link.expressions import argument, keyword, last_bound, last_name, literal, source
from decompose.link.functions import Decorators, function_named, method_called
from decompose.link.objects import Objects, text
from decompose.link.program import Program
from decompose.model.facts import Fact, Schedule, Task, TaskSend, Unresolved
from decompose.model.syntax import Call, Chain, ModuleSummary, Use

_PACKAGES = frozenset({"huey", "django_q"})
_MARKS = frozenset({"task", "periodic_task", "db_task", "db_periodic_task", "on_commit_task"})
_PERIODIC = frozenset({"periodic_task", "db_periodic_task"})
_SENDS = frozenset({"schedule", "s", "map"})
_ASYNC = frozenset({"django_q.tasks.async_task", "django_q.tasks.async_iter", "django_q.tasks.async_chain"})
_SCHEDULE = frozenset({"django_q.tasks.schedule", "django_q.models.Schedule.objects.create", "django_q.models.Schedule.objects.get_or_create", "django_q.models.Schedule.objects.update_or_create", "django_q.models.Schedule"})  # fmt: skip
_WHEN = frozenset({"schedule_type", "minutes", "cron", "next_run", "repeats"})


def detect(program: Program) -> Iterator[Fact]:
    """Tasks, sends and schedules; nothing when the target imports neither library."""
    if not program.imported.isdisjoint(_PACKAGES):
        yield from Queued(program).facts()


def _kind_of(dotted: str) -> str:
    return "huey" if dotted.partition(".")[0] == "huey" and dotted.rpartition(".")[2].endswith("Huey") else ""


class Queued:
    """The tasks of the target, then who enqueues them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.objects = Objects(program, _kind_of)
        self.decorators = Decorators(
            program, lambda dotted: dotted.partition(".")[0] == "huey" and dotted.rpartition(".")[2] in _MARKS, self.objects, _MARKS
        )
        self.tasks: dict[str, Task] = {}
        self.others: list[Fact] = []

    def facts(self) -> Iterator[Fact]:
        for module in self.program.modules.values() if "huey" in self.program.imported else ():
            for definition in module.definitions:
                for decorator in definition.decorators:
                    calls = self.decorators.arguments(decorator, module.name, definition.parent)
                    if calls is not None and isinstance(decorator, Chain):
                        call = calls[0] if calls else Call()
                        given = text(self.program, keyword(call, "name"), module)
                        task = self._keep(given or definition.id, definition.id, "huey")
                        if last_name(decorator) in _PERIODIC:
                            self.others.append(Schedule(task.name, task.name, source(argument(call, 0, "validate_datetime")), task.at))
        if "django_q" in self.program.imported:
            for module, use in self.program.uses.calling({"async_task", "async_iter", "schedule", "create", "get_or_create", "update_or_create", "Schedule"}):
                self._django_q(module, use)
        if self.tasks:
            self._sends()
        yield from sorted(self.tasks.values(), key=lambda task: (task.at, task.name))
        yield from self.others

    def _keep(self, name: str, id: str, framework: str) -> Task:
        return self.tasks.setdefault(id, Task(name, id, self.program.place(id), framework))

    def _sends(self) -> None:
        """Calling a task enqueues it; so do ``task.schedule(...)`` and what is passed to ``huey.enqueue``."""
        names = {id.rpartition(".")[2] for id, task in self.tasks.items() if task.framework == "huey"}
        for module, use in self.program.uses.calling((*names, *_SENDS)):
            if use.sink == "decorator":
                continue
            chain = use.chain
            id, how = method_called(self.program, chain, _SENDS)
            state, rest = self.program.head(chain)
            if id not in self.tasks and state.kind == "function" and rest and isinstance(rest[0], Call) and not last_bound(chain):
                id, how = state.id, "call"
            if id in self.tasks and self.tasks[id].framework == "huey":
                at = self.program.at(module.name, use.span.line)
                self.others.append(TaskSend(use.scope or module.name, self.tasks[id].name, at, how))

    def _django_q(self, module: ModuleSummary, use: Use) -> None:
        state, rest = self.program.head(use.chain)
        call = rest[0] if rest and isinstance(rest[0], Call) else None
        if call is None or state.id not in _ASYNC | _SCHEDULE:
            return
        at, scope = self.program.at(module.name, use.span.line), use.scope or module.name
        given = argument(call, 0, "func", "func_or_name")
        function = function_named(self.program, given)
        scheduled = state.id in _SCHEDULE
        if function is None:
            kind = "schedule" if scheduled else "task"
            self.others.append(Unresolved(kind, source(use.chain)[:160], "which function is enqueued is not known", at))
            return
        task = self._keep(function.id, function.id, "django-q")
        if scheduled:
            when = ", ".join(f"{name}={source(value)}" for name, value in call.keywords if name in _WHEN)
            self.others.append(Schedule(literal(self.program, keyword(call, "name")) or task.name, task.name, when, at))
        else:
            self.others.append(TaskSend(scope, task.name, at, state.id.rpartition(".")[2]))
