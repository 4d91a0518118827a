"""Background tasks: Celery, and the basics of RQ, Dramatiq, Huey, Django-Q and APScheduler: what is a task, who sends it, what runs when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from decompose.link.expressions import argument, elements, entries, keyword, last_bound, last_name, literal, source
from decompose.link.objects import Objects, text
from decompose.link.program import Program, State, Step
from decompose.model.facts import Fact, Schedule, Task, TaskSend, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Binding, Call, Chain, Constant, Definition, Expression, Mapping, ModuleSummary, Use

_PACKAGES = {
    "celery": "celery", "rq": "rq", "django_rq": "rq", "flask_rq2": "rq", "dramatiq": "dramatiq", "huey": "huey", "django_q": "django-q",
    "apscheduler": "apscheduler", "flask_apscheduler": "apscheduler", "kombu": "celery", "djcelery": "celery", "django_celery_beat": "celery",
}  # fmt: skip
_DECORATORS = {
    "celery": frozenset({"task", "shared_task", "periodic_task"}),
    "rq": frozenset({"job"}),
    "dramatiq": frozenset({"actor"}),
    "huey": frozenset({"task", "periodic_task", "db_task", "db_periodic_task"}),
    "apscheduler": frozenset({"scheduled_job", "task"}),
}
_SENDS = frozenset({"delay", "apply_async", "s", "si", "signature", "subtask", "send", "send_with_options", "message", "schedule", "delay_on_commit", "apply_async_on_commit", "map", "starmap", "chunks", "enqueue"})  # fmt: skip
_ENQUEUES = frozenset({"enqueue", "enqueue_call", "enqueue_in", "enqueue_at", "async_task", "enqueue_many"})
_WORDS = _SENDS | _ENQUEUES | {"send_task"}
_BEAT = frozenset({"CELERY_BEAT_SCHEDULE", "CELERYBEAT_SCHEDULE", "beat_schedule", "BEAT_SCHEDULE"})
_ROUTES = frozenset({"CELERY_TASK_ROUTES", "CELERY_ROUTES", "task_routes", "TASK_ROUTES"})
_APP_NAMES = re.compile(r"celery|^(?:app|capp|current_app|queue|worker)$")


def detect(program: Program) -> Iterator[Fact]:
    """Tasks, sends and schedules; nothing when the target imports none of the libraries."""
    present = {
        framework
        for module in program.modules.values()
        for each in module.imports
        if (framework := _PACKAGES.get(each.module.split(".", 1)[0]))
    }
    beat = any(name in _BEAT for module in program.modules.values() for binding in module.bindings for name in (binding.name,))
    if present or beat:
        yield from Tasks(program, present).facts()


def _kind_of(dotted: str) -> str:
    framework = _PACKAGES.get(dotted.split(".", 1)[0], "")
    last = dotted.rpartition(".")[2]
    if framework == "celery":
        return "celery" if last == "Celery" else ""
    if framework == "huey":
        return "huey" if "Huey" in last else ""
    if framework == "rq":
        return "rq" if last in ("Queue", "RQ") else ""
    return "apscheduler" if framework == "apscheduler" and last.endswith("Scheduler") else ""


class Tasks:
    """The tasks of the target by definition and by name, then everything that refers to them."""

    def __init__(self, program: Program, present: set[str]) -> None:
        self.program = program
        self.present = present
        self.objects = Objects(program, _kind_of)
        self.by_definition: dict[str, Task] = {}
        self.by_name: dict[str, Task] = {}
        self.schedules: list[Schedule] = []
        self._routes: list[tuple[str, str]] = []

    def facts(self) -> Iterator[Fact]:
        self._routes = list(self._declared_routes())
        for module in self.program.modules.values():
            for definition in module.definitions:
                for task in self._defined(definition, module):
                    self._keep(task)
        for _, use in self.program.uses.calling(_ENQUEUES | {"add_job"}):
            self._enqueued_functions(use)
        yield from sorted(self.by_definition.values(), key=lambda task: (task.at, task.name))
        for module, use in self.program.uses.calling(_WORDS | {"add_periodic_task", "add_job"}):
            yield from self._sent(use, module)
            yield from self._scheduled(use, module)
        yield from self.schedules
        yield from self._beat()

    def _keep(self, task: Task) -> None:
        self.by_definition.setdefault(task.definition, task)
        self.by_name.setdefault(task.name, task)

    # --- tasks ----------------------------------------------------------------------------------

    def _defined(self, definition: Definition, module: ModuleSummary) -> Iterator[Task]:
        at = self.program.at(module.name, definition.line)
        if definition.kind == "class":
            yield from self._class_task(definition, at)
            return
        for decorator in definition.decorators:
            if not isinstance(decorator, Chain):
                continue
            framework = self._framework(decorator, module.name, definition.parent)
            if not framework:
                continue
            call = decorator.steps[-1] if decorator.steps and isinstance(decorator.steps[-1], Call) else Call()
            given = text(self.program, keyword(call, "name", "actor_name"), module)
            name = given or f"{module.name}.{definition.id.rpartition('.')[2]}"
            queue = text(self.program, keyword(call, "queue", "queue_name"), module) or ""
            if framework == "rq" and call.arguments:
                queue = text(self.program, call.arguments[0], module) or queue
            if framework == "dramatiq" and not given:
                name = definition.id.rpartition(".")[2]
            yield Task(name, definition.id, at, framework, queue or self._routed(name))
            self._own_schedule(framework, decorator, call, name, at)
            return

    def _own_schedule(self, framework: str, decorator: Chain, call: Call, name: str, at: Location) -> None:
        """``@periodic_task(run_every=...)`` and ``@scheduler.scheduled_job("cron", hour=3)`` say themselves when they run."""
        last = last_name(decorator)
        if last in ("periodic_task", "db_periodic_task"):
            when = argument(call, 0, "run_every", "validate_datetime")
            self.schedules.append(Schedule(name, name, source(when), at))
        elif last in ("scheduled_job",) or (framework == "apscheduler" and last == "task"):
            self.schedules.append(Schedule(name, name, source(decorator).partition(f".{last}")[2].strip("()"), at))

    def _class_task(self, definition: Definition, at: Location) -> Iterator[Task]:
        """A class with ``run`` that inherits from ``celery.Task`` and is not merely a base of other tasks."""
        program = self.program
        bases = program.ancestors(definition.id)
        named = any(each in ("celery.Task", "celery.app.task.Task", "celery.task.Task", "celery.task.base.Task") or (each.endswith(".Task") and self._is_app(each.rpartition(".")[0])) for each in bases)  # fmt: skip
        if not named or not program.declaring_class(definition.id, "run"):
            return
        bound = program.member(definition.id, "abstract")
        if isinstance(bound, Binding) and program.constant(bound.value) is True and bound.scope == definition.id:
            return
        name = program.member(definition.id, "name")
        given = literal(program, name.value) if isinstance(name, Binding) else None
        yield Task(given or definition.id, definition.id, at, "celery", self._routed(given or definition.id))

    def _is_app(self, id: str) -> bool:
        made = self.objects.made(Chain(id, "global"), self.program.module_of(id))
        return made is not None and made.kind == "celery"

    def _framework(self, decorator: Chain, module: str, scope: str) -> str:
        """The library whose task decorator this is, ``""`` when it is none."""
        last = last_name(decorator)
        state, rest = self.program.head(decorator)
        if state.kind == "external":
            framework = _PACKAGES.get(state.id.split(".", 1)[0], "")
            return framework if last in _DECORATORS.get(framework, ()) else ""
        if state.kind == "function" and not any(isinstance(step, str) for step in rest):
            return "celery" if "celery" in self.present and self._wraps(state.id) else ""
        if not any(last in names for names in _DECORATORS.values()):
            return ""
        found = self.objects.receiver(decorator, module, scope)
        if found is not None:
            return found[0].kind if last in _DECORATORS.get(found[0].kind, ()) else ""
        if ("celery" in self.present and last == "task" and rest[:1] in (("task",), ())) or state.kind == "unknown":
            name = (state.id or decorator.root).rpartition(".")[2]
            return "celery" if last == "task" and "celery" in self.present and _APP_NAMES.search(name) else ""
        return ""

    def _wraps(self, function: str) -> bool:
        """Whether a decorator of the project makes a Celery task of what it decorates."""
        module = self.program.modules.get(self.program.module_of(function))
        for use in module.uses if module is not None else ():
            if use.scope == function or use.scope.startswith(f"{function}."):
                state, _ = self.program.head(use.chain)
                if state.id in ("celery.shared_task", "celery.task"):
                    return True
                if last_name(use.chain) == "task" and (found := self.objects.receiver(use.chain, module.name if module else "", use.scope)):
                    return found[0].kind == "celery"
        return False

    def _declared_routes(self) -> Iterator[tuple[str, str]]:
        """Patterns of task names with their queues, from ``task_routes`` in its several spellings."""
        for binding, _ in self._configured(_ROUTES):
            for key, value in entries(self.program, binding):
                pattern = literal(self.program, key)
                queue = next((literal(self.program, v) for k, v in entries(self.program, value) if k == Constant("queue")), None)
                if pattern and (queue or literal(self.program, value)):
                    yield pattern, queue or literal(self.program, value) or ""

    def _routed(self, name: str) -> str:
        return next((queue for pattern, queue in self._routes if fnmatchcase(name, pattern)), "")

    def _configured(self, names: frozenset[str]) -> Iterator[tuple[Expression, Location]]:
        """Values given to a configuration name: a binding, ``app.conf.x = ...`` or ``app.conf.update(x=...)``."""
        for module in self.program.modules.values():
            for binding in module.bindings:
                if binding.name.rpartition(".")[2] in names:
                    yield binding.value, self.program.at(module.name, binding.line)
        for module, use in self.program.uses.calling(("update", "Celery", "config_from_object")):
            call = use.chain.steps[-1]
            for name, value in call.keywords if isinstance(call, Call) else ():
                if name in names:
                    yield value, self.program.at(module.name, use.span.line)

    def _enqueued_functions(self, use: Use) -> None:
        """A plain function becomes a task of RQ, Django-Q or APScheduler where it is enqueued."""
        framework, target, _ = self._enqueue(use)
        if not framework or target is None:
            return
        definition = self._function(target)
        if definition is not None and definition.id not in self.by_definition:
            self._keep(Task(definition.id, definition.id, self.program.place(definition.id), framework))

    def _enqueue(self, use: Use) -> tuple[str, Expression | None, str]:
        chain = use.chain
        call = chain.steps[-1] if chain.steps else None
        if not isinstance(call, Call):
            return "", None, ""
        how = last_name(chain)
        if how in _ENQUEUES and self.present & {"rq", "django-q"}:
            position = 1 if how in ("enqueue_in", "enqueue_at") else 0
            framework = "django-q" if how == "async_task" else "rq"
            return framework, argument(call, position, "f", "func"), how
        if how == "add_job" and "apscheduler" in self.present:
            return "apscheduler", argument(call, 0, "func"), how
        return "", None, ""

    def _function(self, expression: Expression | None) -> Definition | None:
        if isinstance(expression, Chain):
            state, rest = self.program.head(expression)
            return self.program.definition(state.id) if state.kind == "function" and not rest else None
        dotted = literal(self.program, expression)
        state = self.program.resolve(dotted.replace(":", ".")) if dotted else State("unknown")
        return self.program.definition(state.id) if state.kind == "function" else None

    # --- sends ----------------------------------------------------------------------------------

    def _sent(self, use: Use, module: ModuleSummary) -> Iterator[Fact]:
        chain = use.chain
        if use.sink in ("decorator", "annotation", "base") or not any(isinstance(step, Call) for step in chain.steps):
            return
        if not any(step in _WORDS for step in chain.steps if isinstance(step, str)) and chain.root.rpartition(".")[2] not in _WORDS:
            return
        at = self.program.at(module.name, use.span.line)
        scope = use.scope or module.name
        task, position = self._task_of(chain)
        if task is not None:
            for index in range(max(position, last_bound(chain)), len(chain.steps) - 1):
                step, following = chain.steps[index], chain.steps[index + 1]
                if isinstance(step, str) and step in _SENDS and isinstance(following, Call):
                    yield TaskSend(scope, task.name, at, step)
                    return
            return
        yield from self._sent_by_name(chain, module, use, scope, at)
        framework, target, how = self._enqueue(use)
        if framework and framework != "apscheduler":
            definition = self._function(target)
            if definition is not None:
                yield TaskSend(scope, self.by_definition[definition.id].name, at, how)
            else:
                yield Unresolved("task", source(chain)[:160], "which function is enqueued is not known", at)
        elif self._unknown_send(chain):
            yield Unresolved("task", source(chain)[:160], "which task is sent is not known", at)

    def _task_of(self, chain: Chain) -> tuple[Task | None, int]:
        """The task at the head of a chain and the position of the step after it."""
        if chain.origin not in ("global", "instance", "cls", "self"):
            return None, 0
        state, rest = self.program.head(chain)
        task = self.by_definition.get(state.id) if state.kind in ("function", "class", "instance") else None
        if task is None and state.kind in ("class", "instance") and rest and isinstance(rest[0], str):
            member = self.program.member(state.id, rest[0])
            if isinstance(member, Definition):
                task, rest = self.by_definition.get(member.id), rest[1:]
        if task is None and state.kind == "binding":
            value = self.program.value(state.id)
            if isinstance(value, Chain) and value != chain:
                inner = self.program.head(value)[0]
                task = self.by_definition.get(inner.id)
                if task is None and last_name(value) == "register_task" and isinstance(value.steps[-1], Call) and value.steps[-1].arguments:
                    given = value.steps[-1].arguments[0]
                    task = self.by_definition.get(self.program.head(given)[0].id) if isinstance(given, Chain) else None
        return task, len(chain.steps) - len(rest)

    def _sent_by_name(self, chain: Chain, module: ModuleSummary, use: Use, scope: str, at: Location) -> Iterator[Fact]:
        how = last_name(chain)
        call = chain.steps[-1]
        if "celery" not in self.present or not isinstance(call, Call) or how not in ("send_task", "signature", "subtask"):
            return
        state, _ = self.program.head(chain)
        if how != "send_task" and not state.id.startswith("celery.") and self.objects.receiver(chain, module.name, use.scope) is None:
            return
        name = text(self.program, argument(call, 0, "name", "varies"), module, use)
        if name is None:
            yield Unresolved("task", source(chain)[:160], "the task's name is computed", at)
        else:
            yield TaskSend(scope, name, at, how)

    def _unknown_send(self, chain: Chain) -> bool:
        if "celery" not in self.present or len(chain.steps) < 2 or chain.origin == "builtin":
            return False
        step: Step = chain.steps[-2]
        return step in ("delay", "apply_async") and isinstance(chain.steps[-1], Call) and not self._is_canvas(chain)

    def _is_canvas(self, chain: Chain) -> bool:
        """``group(...)``, ``chain(...)`` and signatures: what they hold is seen on its own."""
        state, rest = self.program.head(chain)
        return state.id.startswith("celery.") or any(step in ("s", "si", "signature") for step in rest if isinstance(step, str))

    # --- schedules ------------------------------------------------------------------------------

    def _scheduled(self, use: Use, module: ModuleSummary) -> Iterator[Fact]:
        chain = use.chain
        call = chain.steps[-1] if chain.steps else None
        if not isinstance(call, Call):
            return
        at = self.program.at(module.name, use.span.line)
        how = last_name(chain)
        if how == "add_periodic_task":
            target = argument(call, 1, "sig")
            task = self._task_of(target)[0] if isinstance(target, Chain) else None
            if task is None:
                yield Unresolved("schedule", source(chain)[:160], "which task is scheduled is not known", at)
                return
            yield Schedule(text(self.program, keyword(call, "name"), module, use) or task.name, task.name, source(argument(call, 0, "schedule")), at)
        elif how == "add_job" and "apscheduler" in self.present:
            definition = self._function(argument(call, 0, "func"))
            if definition is None:
                yield Unresolved("schedule", source(chain)[:160], "which function is scheduled is not known", at)
                return
            when = ", ".join([*(source(each) for each in call.arguments[1:]), *(f"{k}={source(v)}" for k, v in call.keywords if k not in ("func", "id", "name"))])  # fmt: skip
            yield Schedule(literal(self.program, keyword(call, "id")) or definition.id, definition.id, when, at)

    def _beat(self) -> Iterator[Fact]:
        seen: set[tuple[str, Location]] = set()
        for value, at in self._configured(_BEAT):
            known = elements(self.program, value) is None and (isinstance(value, (Mapping, Chain)))
            found = list(entries(self.program, value)) if known else []
            if not found and not (isinstance(value, Mapping) and not value.items):
                yield Unresolved("schedule", source(value)[:160], "the schedule is computed", at)
            for key, entry in found:
                name = literal(self.program, key) or source(key)
                parts = {k.value: v for k, v in entries(self.program, entry) if isinstance(k, Constant)}
                task = self._beat_task(parts.get("task"))
                if not task:
                    yield Unresolved("schedule", name, "its task is computed", at)
                elif (name, at) not in seen:
                    seen.add((name, at))
                    yield Schedule(name, task, source(parts.get("schedule")), at)

    def _beat_task(self, expression: Expression | None) -> str:
        name = text(self.program, expression) if expression is not None else None
        if name:
            return name
        if isinstance(expression, Chain):
            task, position = self._task_of(expression)
            if task is not None and expression.steps[position:] in ((), ("name",)):
                return task.name
        return ""
