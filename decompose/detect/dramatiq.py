"""Dramatiq, with periodiq and dramatiq-crontab: actors, who sends messages to them, what runs when."""

from __future__ import annotations

import re
from collections.abc import Iterator

from decompose.link.expressions import argument, keyword, last_bound, last_name, source
from decompose.link.functions import Decorators, function_named, method_called
from decompose.link.objects import Objects, text
from decompose.link.program import Program
from decompose.model.facts import Fact, Schedule, Task, TaskSend, Unresolved
from decompose.model.syntax import Call, Chain, Definition, Expression, ModuleSummary, Use

_PACKAGES = frozenset({"dramatiq", "django_dramatiq", "periodiq", "dramatiq_crontab", "remoulade"})
_ACTOR = frozenset({"dramatiq.actor", "dramatiq.actor.actor", "remoulade.actor"})
_SENDS = frozenset({"send", "send_with_options", "message", "message_with_options"})
_TIMERS = ("periodiq.cron", "dramatiq_crontab.cron", "apscheduler.triggers.")
"""What gives the time of a periodic actor, by dotted name or its beginning."""
_ENQUEUING = re.compile(r"enqueue|send|dispatch|schedule|publish|delay|submit|message", re.IGNORECASE)


def detect(program: Program) -> Iterator[Fact]:
    """Tasks, sends and schedules; nothing when the target imports none of the libraries."""
    if not program.imported.isdisjoint(_PACKAGES):
        yield from Actors(program).facts()


def _kind_of(dotted: str) -> str:
    return "broker" if dotted.startswith("dramatiq.") and dotted.endswith(("Broker", "get_broker")) else ""


class Actors:
    """The actors of the target by definition and by name, then who sends to them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.objects = Objects(program, _kind_of)
        self.decorators = Decorators(program, lambda dotted: dotted in _ACTOR)
        self.tasks: dict[str, Task] = {}
        self.by_name: dict[str, Task] = {}
        self.others: list[Fact] = []

    def facts(self) -> Iterator[Fact]:
        for module in self.program.modules.values():
            for definition in module.definitions:
                for decorator in definition.decorators:
                    arguments = self.decorators.arguments(decorator, module.name, definition.parent)
                    if arguments is not None:
                        self._declare(definition, arguments, module)
        self._classes()
        self._made()
        for module, use in self.program.uses.calling(_SENDS):
            self._sent(module, use)
        for module, use in self.program.uses.calling([name for name in self.program.uses.called if _ENQUEUING.search(name)]):
            self._by_name(module, use)
        yield from sorted(self.tasks.values(), key=lambda task: (task.at, task.name))
        yield from self.others

    # --- actors ---------------------------------------------------------------------------------------

    def _declare(self, definition: Definition, calls: tuple[Call, ...], module: ModuleSummary) -> None:
        name = definition.id.rpartition(".")[2]
        queue = ""
        for call in reversed(calls):
            name = text(self.program, keyword(call, "actor_name"), module) or name
            queue = text(self.program, keyword(call, "queue_name"), module) or queue
        task = self._keep(name, definition.id, queue)
        for call in calls:
            for option, value in call.keywords:
                if option != "**" and self._is_timer(value):
                    self.others.append(Schedule(task.name, task.name, source(value), task.at))
        for decorator in definition.decorators:
            if self._is_timer(decorator):
                self.others.append(Schedule(task.name, task.name, source(decorator), task.at))

    def _keep(self, name: str, id: str, queue: str) -> Task:
        task = Task(name, id, self.program.place(id), "dramatiq", queue)
        self.by_name.setdefault(name, task)
        return self.tasks.setdefault(id, task)

    def _is_timer(self, value: Expression) -> bool:
        if not isinstance(value, Chain) or value.origin != "global":
            return False
        state, _ = self.program.head(value)
        return state.kind == "external" and state.id.startswith(_TIMERS)

    def _classes(self) -> None:
        """``class Report(dramatiq.GenericActor)``: its own ``Meta`` says the name; abstract ones are bases."""
        program = self.program
        for id in program.subclasses("dramatiq.GenericActor", "dramatiq.generic.GenericActor"):
            meta = program.members(id).get("Meta")
            options = program.bindings(meta.id) if meta is not None else {}
            if "abstract" in options and program.constant(options["abstract"][-1].value) is True:
                continue
            given = {name: text(program, options[name][-1].value) if name in options else None for name in ("actor_name", "queue_name")}
            self._keep(given["actor_name"] or id.rpartition(".")[2], id, given["queue_name"] or "")

    def _made(self) -> None:
        """``notify = dramatiq.actor(send_mail)``: the name stands for the actor."""
        for module, use in self.program.uses.calling({"actor"}):
            call = use.chain.steps[-1] if use.chain.steps else None
            if use.sink == "decorator" or not isinstance(call, Call) or not call.arguments or self.program.head(use.chain)[0].id not in _ACTOR:
                continue
            function = function_named(self.program, call.arguments[0])
            if function is not None and function.id not in self.tasks:
                self._declare(function, (call,), module)
                if use.sink == "assign" and not use.scope:
                    self.tasks[f"{module.name}.{use.target}"] = self.tasks[function.id]

    # --- sends ----------------------------------------------------------------------------------------

    def _sent(self, module: ModuleSummary, use: Use) -> None:
        chain, program = use.chain, self.program
        at, scope = program.at(module.name, use.span.line), use.scope or module.name
        id, how = method_called(program, chain, _SENDS)
        if id in self.tasks:
            self.others.append(TaskSend(scope, self.tasks[id].name, at, how))
            return
        position = next((index for index, step in enumerate(chain.steps) if step == "get_actor"), -1)
        call = chain.steps[position + 1] if 0 <= position < len(chain.steps) - 1 else None
        sent = any(step in _SENDS for step in chain.steps[max(position, last_bound(chain)) :])
        if sent and isinstance(call, Call) and self.objects.receiver(chain, module.name, use.scope) is not None:
            name = text(program, argument(call, 0, "actor_name"), module, use)
            if name is not None:
                self.others.append(TaskSend(scope, name, at, last_name(chain)))
            else:
                self.others.append(Unresolved("task", source(chain)[:160], "the actor's name is computed", at))

    def _by_name(self, module: ModuleSummary, use: Use) -> None:
        """A function of the project that enqueues by name: ``enqueue_job("mail.send", ...)`` with the name of a known actor."""
        call = use.chain.steps[-1] if use.chain.steps else None
        if not isinstance(call, Call) or use.sink == "decorator":
            return
        first = argument(call, 0, "actor", "actor_name", "name", "task", "task_name", "job", "job_name")
        name = text(self.program, first) if first is not None else None
        # A name that is an ordinary word may be anything; a dotted one is nothing else.
        known = self.by_name.get(name or "")
        if known is not None and ("." in known.name or self._is_message(use.chain)):
            self.others.append(TaskSend(use.scope or module.name, known.name, self.program.at(module.name, use.span.line), last_name(use.chain)))

    def _is_message(self, chain: Chain) -> bool:
        state, _ = self.program.head(chain)
        return state.kind == "external" and state.id.startswith("dramatiq.")
