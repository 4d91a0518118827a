"""Django: settings, models, data access, transactions, routes, signals, commands and strings that name things.

``settings`` and ``models`` rebuild what Django's application registry would hold (its parts are in ``schema``, ``fields`` and ``library``);
``evaluate`` follows expressions through it (``values``, ``querysets``, ``parameters``, ``served``, ``roles``, ``lookups``). The other modules each read one kind
of fact: ``tables``, ``uses``, ``views``, ``transactions``, ``routes``, ``signals``, ``commands``, ``references``. ``standard`` holds what Django
and the libraries around it define, as data.
"""

from __future__ import annotations

from collections.abc import Iterator

from decompose.detect.django.commands import command_facts
from decompose.detect.django.evaluate import Evaluator
from decompose.detect.django.models import Registry
from decompose.detect.django.references import ReferenceReader
from decompose.detect.django.routes import RouteReader
from decompose.detect.django.settings import read_settings, setting_facts
from decompose.detect.django.signals import SignalReader
from decompose.detect.django.tables import TableReader
from decompose.detect.django.transactions import request_facts, transaction_facts
from decompose.detect.django.uses import UseReader
from decompose.detect.django.views import AdminRegistrations, ViewReader
from decompose.link.program import Program
from decompose.model.facts import Fact, Route


def detect(program: Program) -> Iterator[Fact]:
    """Everything a project says in Django's terms; nothing when it does not use Django."""
    if not uses_django(program):
        return
    settings = read_settings(program)
    registry = Registry(program, settings)
    signals = SignalReader(registry)
    evaluator = Evaluator(program, registry)
    evaluator.handlers = signals.handlers
    admin = AdminRegistrations(evaluator)
    routed = list(RouteReader(settings, evaluator).facts())
    routes = [each for each in routed if isinstance(each, Route)]

    yield from setting_facts(settings)
    yield from dict.fromkeys(_accesses_once(evaluator, admin))
    yield from TableReader(registry).facts()
    yield from transaction_facts(program)
    if settings.atomic_requests:
        yield from request_facts(program, routes)
    yield from routed
    yield from signals.facts()
    yield from command_facts(program)
    yield from dict.fromkeys(ReferenceReader(settings, registry, routes).facts())
    evaluator.release()


def _accesses_once(evaluator: Evaluator, admin: AdminRegistrations) -> Iterator[Fact]:
    yield from UseReader(evaluator).facts()
    yield from ViewReader(evaluator, admin).facts()


def uses_django(program: Program) -> bool:
    """Whether any module imports Django or Django REST framework."""
    return any(
        imported.module.partition(".")[0] in ("django", "rest_framework") for module in program.modules.values() for imported in module.imports
    )
