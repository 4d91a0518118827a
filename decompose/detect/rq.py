"""RQ, with django-rq, Flask-RQ2 and rq-scheduler: which functions are jobs, who enqueues them, what runs when."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.link.expressions import argument, keyword, last_name, literal, source
from decompose.link.functions import Decorators, function_named, method_called
from decompose.link.objects import Objects, text
from decompose.link.program import Program
from decompose.model.facts import Fact, Schedule, Task, TaskSend, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Call, Chain, Expression, ModuleSummary, Use

_PACKAGES = frozenset({"rq", "django_rq", "flask_rq2", "flask_rq", "rq_scheduler"})
_JOB = frozenset({"rq.decorators.job", "rq.job", "django_rq.job", "django_rq.decorators.job", "flask_rq.job"})
_QUEUES = frozenset({"Queue", "RQ", "get_queue", "DjangoRQ"})
_SCHEDULERS = frozenset({"Scheduler", "DjangoScheduler", "get_scheduler", "CronScheduler", "RQScheduler"})

_ENQUEUES = {"enqueue": 0, "enqueue_call": 0, "enqueue_in": 1, "enqueue_at": 1, "prepare_data": 0, "create": 0, "parse_args": -1}
"""Where the function stands; ``create`` is ``Job.create``."""
_SCHEDULES = frozenset({"schedule", "cron", "register"})
_SENDS = frozenset({"delay", "queue", "schedule", "cron"})
"""On a function that ``@job`` (or Flask-RQ2) marked."""
_OPTIONS = frozenset({"func", "f", "args", "kwargs", "id", "timeout", "queue_name", "result_ttl", "meta", "description", "scheduled_time", "job_id"})


def detect(program: Program) -> Iterator[Fact]:
    """Tasks, sends and schedules; nothing when the target imports none of the libraries."""
    if not program.imported.isdisjoint(_PACKAGES):
        yield from Jobs(program).facts()


def _kind_of(dotted: str) -> str:
    package, _, last = dotted.rpartition(".")
    if package.partition(".")[0] not in _PACKAGES:
        return ""
    return "queue" if last in _QUEUES else "scheduler" if last in _SCHEDULERS else ""


class Jobs:
    """The jobs of the target by definition, then who enqueues and schedules them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.objects = Objects(program, _kind_of)
        self.decorators = Decorators(program, lambda dotted: dotted in _JOB, self.objects, frozenset({"job"}))
        self.tasks: dict[str, Task] = {}
        self.others: list[Fact] = []

    def facts(self) -> Iterator[Fact]:
        for module in self.program.modules.values():
            for definition in module.definitions:
                for decorator in definition.decorators:
                    arguments = self.decorators.arguments(decorator, module.name, definition.parent)
                    if arguments is not None and definition.kind != "class":
                        self._keep(definition.id, self._queue(arguments, module))
        for module, use in self.program.uses.calling((*_ENQUEUES, *_SCHEDULES, "delay", "queue")):
            self._look(module, use)
        yield from sorted(self.tasks.values(), key=lambda task: (task.at, task.name))
        yield from self.others

    def _keep(self, id: str, queue: str = "") -> Task:
        return self.tasks.setdefault(id, Task(id, id, self.program.place(id), "rq", queue))

    def _queue(self, calls: tuple[Call, ...], module: ModuleSummary) -> str:
        """The queue that ``@job`` names: its first argument, when that is not the function itself."""
        for call in calls:
            found = text(self.program, argument(call, 0, "queue", "queue_name"), module)
            if found:
                return found
        return ""

    def _look(self, module: ModuleSummary, use: Use) -> None:
        chain = use.chain
        call = chain.steps[-1] if chain.steps else None
        if use.sink in ("decorator", "annotation", "base") or not isinstance(call, Call):
            return
        scope, at, how = use.scope or module.name, self.program.at(module.name, use.span.line), last_name(chain)
        marked, name = method_called(self.program, chain, _SENDS)
        if marked in self.tasks:
            self.others.append(self._marked(self.tasks[marked], name, call, scope, at))
        elif how in _SCHEDULES:
            self._scheduled(chain, call, module, use, scope, at)
        elif how in _ENQUEUES:
            self._enqueued(chain, call, how, module, use, scope, at)

    def _marked(self, task: Task, how: str, call: Call, scope: str, at: Location) -> Fact:
        if how in ("schedule", "cron"):
            return Schedule(task.name, task.name, _when(call, 0), at)
        return TaskSend(scope, task.name, at, how)

    def _enqueued(self, chain: Chain, call: Call, how: str, module: ModuleSummary, use: Use, scope: str, at: Location) -> None:
        receiver = self.objects.receiver(chain, module.name, use.scope)
        state, _ = self.program.head(chain)
        library = state.kind == "external" and state.id.partition(".")[0] in _PACKAGES
        if how == "create" and not (library and state.id.endswith("Job.create")):
            return
        given = argument(call, _ENQUEUES[how], "f", "func")
        function = function_named(self.program, given)
        if function is not None and function.kind != "class":
            queue = text(self.program, argument(receiver[0].call, 0, "name"), module) if receiver is not None else None
            task = self._keep(function.id, queue or "")
            self.others.append(TaskSend(scope, task.name, at, how))
        elif receiver is not None or library:
            self._unknown("task", "which function is enqueued is not known", given, chain, at)

    def _unknown(self, kind: str, reason: str, given: Expression | None, chain: Chain, at: Location) -> None:
        dotted = literal(self.program, given)
        state = self.program.head(given)[0] if isinstance(given, Chain) else None
        name = dotted or (state.id if state is not None and state.kind == "external" else "")
        if name and not self.program.module_of(name):
            reason = "the function is not the project's"
        self.others.append(Unresolved(kind, source(chain)[:160], reason, at))

    def _scheduled(self, chain: Chain, call: Call, module: ModuleSummary, use: Use, scope: str, at: Location) -> None:
        """``scheduler.schedule(when, f, interval=60)``, ``scheduler.cron("0 0 * * *", f)``, ``cron.register(f, cron="...")``."""
        how = last_name(chain)
        state, _ = self.program.head(chain)
        library = state.kind == "external" and state.id.partition(".")[0] in _PACKAGES
        receiver = self.objects.receiver(chain, module.name, use.scope)
        if not library and (receiver is None or receiver[0].kind != "scheduler"):
            return
        position = 0 if how == "register" else 1
        given = argument(call, position, "func")
        function = function_named(self.program, given)
        if function is None:
            self._unknown("schedule", "which function is scheduled is not known", given, chain, at)
            return
        task = self._keep(function.id)
        name = literal(self.program, keyword(call, "id", "name")) or task.name
        self.others.append(Schedule(name, task.name, _when(call, position), at))


def _when(call: Call, function: int) -> str:
    """What says when, as it is written: the arguments that are not the function and its own."""
    given = [source(each) for index, each in enumerate(call.arguments) if index != function]
    return ", ".join([*given, *(f"{name}={source(value)}" for name, value in call.keywords if name not in _OPTIONS)])
