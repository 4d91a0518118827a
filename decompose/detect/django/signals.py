"""Signals: who listens, to whose events, and who sends explicitly."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.detect.django.models import Registry, setting_name
from decompose.detect.django.schema import Model
from decompose.link.expressions import argument, elements, source
from decompose.link.program import Program
from decompose.model.facts import Emission, Subscription, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Bound, Call, Chain, Constant, Expression, Item, Operation, Use

_RECEIVERS = frozenset({"django.dispatch.receiver", "django.dispatch.dispatcher.receiver"})
_SENDS = frozenset({"send", "send_robust", "asend", "asend_robust"})


class SignalReader:
    """Reads subscriptions and emissions; ``handlers`` gives the sender's model of each handler that has one."""

    def __init__(self, registry: Registry) -> None:
        self.program: Program = registry.program
        self.registry = registry
        self.handlers: dict[str, list[Model]] = {}
        self._facts: list[Subscription | Emission | Unresolved] = []
        self._signals: dict[str, str] = {}
        for module in self.program.modules.values():
            for definition in module.definitions:
                for decorator in definition.decorators:
                    if isinstance(decorator, Chain) and decorator.steps:
                        self._decorated(decorator, definition.id, self.program.at(module.name, definition.start))
        for module, use in self.program.uses.calling(_SENDS | {"connect"}):
            how, call = use.chain.steps[-2:] if len(use.chain.steps) > 1 else (None, None)
            if use.chain.origin == "global" and isinstance(call, Call) and isinstance(how, str) and (how == "connect" or how in _SENDS):
                self._called(use, how, call, module.name)

    def facts(self) -> Iterator[Subscription | Emission | Unresolved]:
        """What was found, in the order of the files."""
        yield from dict.fromkeys(self._facts)

    def _decorated(self, decorator: Chain, handler: str, at: Location) -> None:
        state, rest = self.program.head(decorator)
        if state.id not in _RECEIVERS or len(rest) != 1 or not isinstance(rest[0], Call):
            return
        call = rest[0]
        listed = argument(call, 0, "signal")
        for each in elements(self.program, listed) or (listed,):
            signal = self.signal(each)
            if signal:
                self._subscribe(signal, argument(call, -1, "sender"), handler, at)
            else:
                self._facts.append(Unresolved("signal", source(decorator), "the signal is computed", at))

    def _called(self, use: Use, how: str, call: Call, module: str) -> None:
        signal = self.signal(Chain(use.chain.root, use.chain.origin, use.chain.steps[:-2]))
        if not signal:
            return
        at = self.program.at(module, use.span.line)
        if how != "connect":
            self._facts.append(Emission(signal, use.scope or module, at))
            return
        receiver = argument(call, 0, "receiver")
        handler = ""
        if isinstance(receiver, Chain):
            state, rest = self.program.head(receiver)
            if state.kind in ("function", "class", "external") and not rest:
                handler = state.id
            elif receiver.origin == "self" and len(receiver.steps) == 1 and isinstance(receiver.steps[0], str):
                owner = self.program.declaring_class(receiver.root, receiver.steps[0])
                handler = f"{owner}.{receiver.steps[0]}" if owner else ""
            elif state.kind == "class" and len(rest) == 1 and isinstance(rest[0], str):
                owner = self.program.declaring_class(state.id, rest[0])
                handler = f"{owner}.{rest[0]}" if owner else ""
        if not handler:
            self._facts.append(Unresolved("signal", source(use.chain), "the handler is not a function of the project", at))
            return
        self._subscribe(signal, argument(call, 1, "sender"), handler, at)

    def _subscribe(self, signal: str, sender: Expression | None, handler: str, at: Location) -> None:
        if isinstance(sender, Operation) and sender.operator == "each":
            for each in sender.operands:
                self._subscribe(signal, each, handler, at)
            return
        if isinstance(sender, Chain) and sender.steps and sender.steps[-1].__class__ is Bound:
            # A loop over senders that are listed under a name of their own.
            state, rest = self.program.head(sender)
            listed = elements(self.program, self.program.value(state.id)) if state.kind == "binding" and rest[:-1] == (Item(),) else None
            for each in listed or ():
                self._subscribe(signal, each, handler, at)
            if listed:
                return
        if isinstance(sender, Chain) and sender.origin in ("local", "parameter"):
            self._facts.append(Unresolved("signal", f"{signal.rpartition('.')[2]} from {source(sender)}", "the sender is computed", at))
        name, model = self._sender(sender)
        if model is not None:
            # A handler of several senders has an instance of any of them.
            models = self.handlers.setdefault(handler, [])
            if model not in models:
                models.append(model)
        self._facts.append(Subscription(signal, name, handler, at))

    def _sender(self, sender: Expression | None) -> tuple[str, Model | None]:
        if sender is None or sender == Constant(None):
            return "", None
        text = self.program.constant(sender)
        if isinstance(sender, Chain) and setting_name(self.program, sender) == "AUTH_USER_MODEL":
            text = self.registry.settings.user_model
        if isinstance(text, str):
            model = self.registry.labelled(text)
            return (model.id, model) if model is not None else (text, None)
        model = self.registry.class_of(sender)
        if model is not None:
            return model.id, model
        if isinstance(sender, Chain):
            state, rest = self.program.head(sender)
            names = [step for step in rest if isinstance(step, str)]
            if len(names) == 2 and names[1] == "through" and state.kind == "class":
                owner = self.registry.get(state.id)
                field = owner.field(names[0]) if owner is not None else None
                if field is not None:
                    return (field.through.id if field.through is not None else f"{state.id}.{names[0]}.through"), field.through
            if state.kind in ("class", "external", "binding", "function"):
                return ".".join((state.id, *names)), None
        return source(sender), None

    def signal(self, expression: Expression | None) -> str:
        """The dotted name of a signal, ``""`` when the expression is none."""
        if not isinstance(expression, Chain) or expression.origin != "global":
            return ""
        state, rest = self.program.head(expression)
        if rest:
            return ""
        if state.kind == "external":
            return state.id if ".signals." in state.id or state.id.startswith("django.core.signals") else ""
        if state.kind == "binding":
            if state.id not in self._signals:
                self._signals[state.id] = state.id if self._is_signal(state.id) else ""
            return self._signals[state.id]
        return ""

    def _is_signal(self, binding: str) -> bool:
        value = self.program.value(binding)
        if not isinstance(value, Chain) or not value.steps or not isinstance(value.steps[-1], Call):
            return False
        state, _ = self.program.head(value)
        names = (state.id, *self.program.ancestors(state.id))
        return any(name.rpartition(".")[2] in ("Signal", "ModelSignal") and name.startswith("django.") for name in names)
