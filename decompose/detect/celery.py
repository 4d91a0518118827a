"""Celery: what is a task, who sends it, what runs when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase

from decompose.link.expressions import (
    argument,
    elements,
    entries,
    keyword,
    last_bound,
    last_name,
    literal,
    placed_entries,
    source,
)
from decompose.link.functions import function_named
from decompose.link.objects import Objects, text
from decompose.link.program import Program
from decompose.model.facts import Fact, Schedule, Task, TaskSend, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import (
    Binding,
    Call,
    Chain,
    Constant,
    Definition,
    Expression,
    Item,
    Mapping,
    ModuleSummary,
    Sequence,
    Use,
)

_PACKAGES = frozenset({"celery", "kombu", "djcelery", "django_celery_beat", "flask_celeryext"})
_DECORATORS = frozenset({"task", "shared_task", "periodic_task"})
_BASES = frozenset({"celery.Task", "celery.app.task.Task", "celery.task.Task", "celery.task.base.Task"})
_SENDS = frozenset({"delay", "apply_async", "s", "si", "signature", "subtask", "delay_on_commit", "apply_async_on_commit", "map", "starmap", "chunks"})  # fmt: skip
_BY_NAME = frozenset({"send_task", "signature", "subtask"})
_WORDS = _SENDS | _BY_NAME
_BEAT = frozenset({"CELERY_BEAT_SCHEDULE", "CELERYBEAT_SCHEDULE", "beat_schedule", "BEAT_SCHEDULE"})
_ROUTES = frozenset({"CELERY_TASK_ROUTES", "CELERY_ROUTES", "task_routes", "TASK_ROUTES"})
_CONFIGURATIONS = frozenset({"conf", "config", "CELERY", "CELERY_CONFIG"})
"""Names of mappings of settings: ``app.conf["beat_schedule"] = {...}``, ``CELERY = {"beat_schedule": {...}}``."""
_APP_NAMES = re.compile(r"celery|^(?:app|capp|current_app|queue|worker)$")
_STORED = "django_celery_beat.models.PeriodicTask"


def detect(program: Program) -> Iterator[Fact]:
    """Tasks, sends and schedules; nothing when the target neither imports Celery nor configures a schedule for it."""
    present = not program.imported.isdisjoint(_PACKAGES)
    if present or any(binding.name in _BEAT for module in program.modules.values() for binding in module.bindings):
        yield from Tasks(program, present).facts()


def _kind_of(dotted: str) -> str:
    return "celery" if dotted.partition(".")[0] in _PACKAGES and dotted.rpartition(".")[2] in ("Celery", "FlaskCeleryExt") else ""


def _settings(given: Mapping) -> Iterator[tuple[str, Expression]]:
    """Schedules and routes in a mapping of settings, or in the one that it holds for Celery."""
    for key, value in given.items:
        if isinstance(key, Constant) and key.value in _BEAT | _ROUTES:
            yield str(key.value), value
        elif isinstance(key, Constant) and key.value in _CONFIGURATIONS and isinstance(value, Mapping):
            yield from _settings(value)


class Tasks:
    """The tasks of the target by definition and by name, then everything that refers to them."""

    def __init__(self, program: Program, present: bool) -> None:
        self.program = program
        self.present = present
        self.objects = Objects(program, _kind_of)
        self.by_definition: dict[str, Task] = {}
        self.schedules: list[Schedule] = []
        self._wrappers: dict[str, bool] = {}
        self._routes: list[tuple[str, str]] = []

    def facts(self) -> Iterator[Fact]:
        configured = list(self._configured())
        self._routes = [route for name, value, _ in configured if name in _ROUTES for route in self._declared_routes(value)]
        if self.present:
            for module in self.program.modules.values():
                for definition in module.definitions:
                    for task in self._defined(definition, module):
                        self.by_definition.setdefault(task.definition, task)
            self._made()
        yield from sorted(self.by_definition.values(), key=lambda task: (task.at, task.name))
        for module, use in self.program.uses.calling(_WORDS) if self.present else ():
            yield from self._sent(use, module)
        yield from self._handed_on()
        for module, use in self.program.uses.calling({"add_periodic_task"}) if self.present else ():
            yield from self._added(use, module)
        yield from self.schedules
        seen: set[tuple[str, Location]] = set()
        for name, value, at in configured:
            if name in _BEAT:
                yield from self._beat(value, at, seen)
        if "django_celery_beat" in self.program.imported:
            yield from self._stored()

    # --- tasks ----------------------------------------------------------------------------------

    def _defined(self, definition: Definition, module: ModuleSummary) -> Iterator[Task]:
        if definition.kind == "class":
            if definition.bases:
                yield from self._class_task(definition, module)
            return
        for decorator in definition.decorators:
            if not isinstance(decorator, Chain) or not self._is_task(decorator, module.name, definition.parent):
                continue
            call = decorator.steps[-1] if decorator.steps and isinstance(decorator.steps[-1], Call) else Call()
            task = self._declared(definition, call, module)
            if last_name(decorator) == "periodic_task":
                self.schedules.append(Schedule(task.name, task.name, source(argument(call, 0, "run_every")), task.at))
            yield task
            return

    def _declared(self, definition: Definition, call: Call, module: ModuleSummary) -> Task:
        """A function's task: under the name given, else under that of module and function."""
        name = text(self.program, keyword(call, "name"), module) or f"{module.name}.{definition.id.rpartition('.')[2]}"
        queue = text(self.program, keyword(call, "queue"), module) or self._routed(name)
        return Task(name, definition.id, self.program.at(module.name, definition.line), "celery", queue)

    def _class_task(self, definition: Definition, module: ModuleSummary) -> Iterator[Task]:
        """A class with ``run`` that inherits from ``celery.Task`` and is not merely a base of other tasks."""
        program = self.program
        bases = program.ancestors(definition.id)
        named = any(each in _BASES or (each.endswith(".Task") and self._is_app(each.rpartition(".")[0])) for each in bases)
        if not named or not program.declaring_class(definition.id, "run"):
            return
        bound = program.member(definition.id, "abstract")
        if isinstance(bound, Binding) and program.constant(bound.value) is True and bound.scope == definition.id:
            return
        name = program.member(definition.id, "name")
        given = literal(program, name.value) if isinstance(name, Binding) else None
        yield Task(given or definition.id, definition.id, program.at(module.name, definition.line), "celery", self._routed(given or definition.id))

    def _made(self) -> None:
        """``resize = shared_task(make_small)`` and ``app.task(name="x")(f)``: a function becomes a task where it is passed on."""
        for module, use in self.program.uses.calling(_DECORATORS - {"periodic_task"}):
            steps = use.chain.steps
            call = steps[-1] if steps else None
            if use.sink in ("decorator", "base") or not isinstance(call, Call) or not call.arguments:
                continue
            function = function_named(self.program, call.arguments[0])
            if function is None or function.id in self.by_definition or not self._is_task(use.chain, module.name, use.scope):
                continue
            options = next((step for step in steps if isinstance(step, Call)), call)
            task = self._declared(function, options, self.program.modules[self.program.module_of(function.id)])
            self.by_definition[function.id] = task
            if use.sink == "assign" and not use.scope:
                self.by_definition[f"{module.name}.{use.target}"] = task

    def _is_app(self, id: str) -> bool:
        made = self.objects.made(Chain(id, "global"), self.program.module_of(id))
        return made is not None and made.kind == "celery"

    def _is_task(self, decorator: Chain, module: str, scope: str) -> bool:
        """Whether a decorator makes a task: Celery's own, an application's, or one of the project that uses them."""
        last = last_name(decorator)
        state, rest = self.program.head(decorator)
        if state.kind == "external" and state.id.partition(".")[0] in _PACKAGES:
            return last in _DECORATORS
        if state.kind == "function" and not any(isinstance(step, str) for step in rest):
            return self._wraps(state.id)
        if last not in _DECORATORS:
            return False
        found = self.objects.receiver(decorator, module, scope)
        if found is not None:
            return True
        # An application that is made out of sight: ``app.task`` says enough when Celery is there and the name is a usual one.
        if last == "task" and (rest[:1] == ("task",) or not rest or state.kind == "unknown"):
            return bool(_APP_NAMES.search((state.id or decorator.root).removesuffix(".task").rpartition(".")[2]))
        return False

    def _wraps(self, function: str) -> bool:
        """Whether a decorator of the project makes a Celery task of what it decorates."""
        known = self._wrappers.get(function)
        if known is None:
            self._wrappers[function] = False
            known = self._wrappers[function] = self._uses_decorator(function)
        return known

    def _uses_decorator(self, function: str) -> bool:
        module = self.program.module_of(function)
        for use in self.program.modules[module].uses if module else ():
            if use.chain.origin != "global" or not (use.scope == function or use.scope.startswith(f"{function}.")):
                continue
            state, _ = self.program.head(use.chain)
            if state.id in ("celery.shared_task", "celery.task"):
                return True
            if last_name(use.chain) == "task" and (found := self.objects.receiver(use.chain, module, use.scope)):
                return found[0].kind == "celery"
        return False

    # --- configuration --------------------------------------------------------------------------

    def _configured(self) -> Iterator[tuple[str, Expression, Location]]:
        """Values given to routes and beat: a binding, ``app.conf.x = ...``, ``app.conf.update(x=...)``, ``update({...})``."""
        wanted = _BEAT | _ROUTES
        for module in self.program.modules.values():
            for binding in module.bindings:
                name = binding.name.rpartition(".")[2]
                if name in wanted:
                    yield name, binding.value, Location(module.path, binding.line)
                elif name in _CONFIGURATIONS and isinstance(binding.value, Mapping):
                    for setting, value in _settings(binding.value):
                        yield setting, value, Location(module.path, binding.line)
        for module, use in self.program.uses.calling(("update", "Celery", "config_from_object", "setdefault")):
            yield from self._updated(use, module, wanted)

    def _updated(self, use: Use, module: ModuleSummary, wanted: frozenset[str]) -> Iterator[tuple[str, Expression, Location]]:
        call = use.chain.steps[-1] if use.chain.steps else None
        if not isinstance(call, Call):
            return
        at = Location(module.path, use.span.line)
        for name, value in call.keywords:
            if name in wanted:
                yield name, value, at
        names = [step for step in use.chain.steps if isinstance(step, str)]
        on = names[-2] if len(names) > 1 else use.chain.root.rpartition(".")[2]
        for given in call.arguments[:1]:
            if not isinstance(given, Mapping):
                continue
            if on in wanted and names[-1:] == ["update"]:
                yield on, given, at
            elif on in _CONFIGURATIONS:
                yield from ((name, value, at) for name, value in _settings(given))

    def _declared_routes(self, value: Expression) -> Iterator[tuple[str, str]]:
        """Patterns of task names with their queues, from ``task_routes`` in its several spellings."""
        for part in value.items if isinstance(value, Sequence) else (value,):
            for key, given in entries(self.program, part):
                pattern = literal(self.program, key)
                queue = next((literal(self.program, v) for k, v in entries(self.program, given) if k == Constant("queue")), None)
                if pattern and (queue or literal(self.program, given)):
                    yield pattern, queue or literal(self.program, given) or ""

    def _routed(self, name: str) -> str:
        return next((queue for pattern, queue in self._routes if fnmatchcase(name, pattern)), "")

    # --- sends ----------------------------------------------------------------------------------

    def _sent(self, use: Use, module: ModuleSummary) -> Iterator[Fact]:
        chain = use.chain
        if use.sink in ("decorator", "annotation", "base"):
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
        registered = self._registered(chain)
        if registered:
            yield TaskSend(scope, registered, at, last_name(chain))
        elif last_name(chain) in _BY_NAME or (named := self._signature(chain)) is not chain:
            yield from self._sent_by_name(chain if last_name(chain) in _BY_NAME else named, module, use, scope, at)
        elif self._unknown_send(chain):
            yield Unresolved("task", source(chain)[:160], "which task is sent is not known", at)

    def _registered(self, chain: Chain) -> str:
        """``app.tasks["mail.send"].delay()``: the name in the registry, ``""`` when there is none."""
        for index, step in enumerate(chain.steps[:-2]):
            following = chain.steps[index + 1]
            if step == "tasks" and isinstance(following, Item) and isinstance(following.key, str) and chain.steps[index + 2] in _SENDS:
                return following.key
        return ""

    def _task_of(self, chain: Chain) -> tuple[Task | None, int]:
        """The task at the head of a chain and the position of the step after it."""
        if chain.origin not in ("global", "instance", "cls", "self"):
            return None, 0
        state, rest = self.program.head(chain)
        task = self.by_definition.get(state.id) if state.kind in ("function", "class", "instance", "binding") else None
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

    def _handed_on(self) -> Iterator[TaskSend]:
        """``on_commit(partial(send.delay, 1))``: whoever is given the method sends the task."""
        for module, use in self.program.uses.rooted(self.by_definition.keys()):
            if use.sink == "argument" and use.chain.steps and use.chain.steps[-1] in ("delay", "apply_async"):
                task = self._task_of(use.chain)[0]
                if task is not None:
                    yield TaskSend(use.scope or module.name, task.name, self.program.at(module.name, use.span.line), last_name(use.chain))

    @staticmethod
    def _signature(chain: Chain) -> Chain:
        """The signature at the head of ``signature("mail.send", ...).apply_async()``; the chain itself when it has none."""
        before = chain.root.rpartition(".")[2]
        for index, step in enumerate(chain.steps[:-1]):
            if isinstance(step, Call) and before in ("signature", "subtask"):
                return Chain(chain.root, chain.origin, chain.steps[: index + 1])
            before = step if isinstance(step, str) else ""
        return chain

    def _sent_by_name(self, chain: Chain, module: ModuleSummary, use: Use, scope: str, at: Location) -> Iterator[Fact]:
        how, call = last_name(chain), chain.steps[-1]
        if not isinstance(call, Call):
            return
        state, _ = self.program.head(chain)
        if how != "send_task" and not state.id.startswith("celery.") and self.objects.receiver(chain, module.name, use.scope) is None:
            return
        given = argument(call, 0, "name", "varies")
        if isinstance(given, Chain) and (known := self._task_of(Chain(given.root, given.origin, given.steps))[0]) is not None:
            yield TaskSend(scope, known.name, at, how)
            return
        name = text(self.program, given, module, use)
        if name is None:
            yield Unresolved("task", source(chain)[:160], "the task's name is computed", at)
        else:
            yield TaskSend(scope, name, at, how)

    def _unknown_send(self, chain: Chain) -> bool:
        if len(chain.steps) < 2 or chain.origin == "builtin":
            return False
        return chain.steps[-2] in ("delay", "apply_async") and isinstance(chain.steps[-1], Call) and not self._is_canvas(chain)

    def _is_canvas(self, chain: Chain) -> bool:
        """``group(...)``, ``chain(...)`` and signatures: what they hold is seen on its own."""
        state, rest = self.program.head(chain)
        return state.id.startswith("celery.") or any(step in ("s", "si", "signature") for step in rest if isinstance(step, str))

    # --- schedules ------------------------------------------------------------------------------

    def _added(self, use: Use, module: ModuleSummary) -> Iterator[Fact]:
        chain = use.chain
        call = chain.steps[-1]
        if not isinstance(call, Call) or last_name(chain) != "add_periodic_task":
            return
        at = self.program.at(module.name, use.span.line)
        name = self._signed(argument(call, 1, "sig"), module, use)
        if not name:
            yield Unresolved("schedule", source(chain)[:160], "which task is scheduled is not known", at)
            return
        yield Schedule(text(self.program, keyword(call, "name"), module, use) or name, name, source(argument(call, 0, "schedule")), at)

    def _signed(self, target: Expression | None, module: ModuleSummary, use: Use) -> str:
        """The name of the task that a signature is for."""
        if not isinstance(target, Chain):
            return ""
        task = self._task_of(target)[0]
        if task is not None:
            return task.name
        call = target.steps[-1] if target.steps else None
        named = isinstance(call, Call) and last_name(target) in _BY_NAME
        return self._registered(target) or ((text(self.program, argument(call, 0, "varies"), module, use) or "") if named and isinstance(call, Call) else "")

    def _beat(self, value: Expression, at: Location, seen: set[tuple[str, Location]]) -> Iterator[Fact]:
        known = elements(self.program, value) is None and isinstance(value, Mapping | Chain)
        found = list(placed_entries(self.program, value, at)) if known else []
        if not found and not (isinstance(value, Mapping) and not value.items):
            yield Unresolved("schedule", source(value)[:160], "the schedule is computed", at)
        for key, entry, at in found:
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

    def _stored(self) -> Iterator[Fact]:
        """``PeriodicTask.objects.create(name="nightly", task="shop.tasks.clean")``: a schedule that the program puts into the database."""
        for module, use in self.program.uses.calling({"create", "get_or_create", "update_or_create", "PeriodicTask"}):
            state, rest = self.program.head(use.chain)
            call = rest[0] if rest and isinstance(rest[0], Call) else None
            if call is None or not state.id.startswith(_STORED):
                continue
            given = dict(entries(self.program, keyword(call, "defaults"))) if keyword(call, "defaults") is not None else {}
            given.update({Constant(name): value for name, value in call.keywords})
            name = self._beat_task(given.get(Constant("task")))
            at = self.program.at(module.name, use.span.line)
            when = ", ".join(f"{key}={source(given[Constant(key)])}" for key in ("interval", "crontab", "solar", "clocked") if Constant(key) in given)
            if name:
                yield Schedule(text(self.program, given.get(Constant("name")), module, use) or name, name, when, at)
            elif Constant("task") in given:
                yield Unresolved("schedule", source(use.chain)[:160], "its task is computed", at)
