"""What differs from one framework to the next when a service is tried out: how its code starts, what its own tools say, what serves it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from decompose.model.service import ServicePlan


class Step(msgspec.Struct, frozen=True):
    """A gate that is one command: its name, what it means when it passes, and the words after the interpreter."""

    name: str
    good: str
    words: tuple[str, ...]


class Framework(msgspec.Struct, frozen=True):
    """``setup`` is Python that runs before the service's modules are imported one by one. ``steps`` are its own tools, in the order they run.

    ``serve`` are the words after the interpreter that serve it, ``{port}`` and ``{package}`` open; ``variables`` are what it needs to be told.
    """

    setup: str
    steps: tuple[Step, ...]
    serve: str
    variables: Callable[[ServicePlan], Mapping[str, str]] = lambda plan: {}


_DJANGO = Framework(
    setup="import django\ndjango.setup()",
    steps=(
        Step("check", "the framework finds nothing", ("manage.py", "check", "--fail-level", "WARNING")),
        Step("migrations", "the first migration says all that the models say", ("manage.py", "makemigrations", "--check", "--dry-run")),
        Step("migrate", "an empty database migrates", ("manage.py", "migrate", "--no-input")),
    ),
    serve="-m gunicorn --bind 127.0.0.1:{port} --workers 1 --threads 4 --keep-alive 75 {package}.wsgi:application",
    variables=lambda plan: {"DJANGO_SETTINGS_MODULE": f"{plan.package}.settings"},
)

_MAPPED = "from sqlalchemy.orm import configure_mappers; import {package}.database; configure_mappers(); "


def _on_alembic(made: str, serve: str) -> Framework:
    """A framework beside SQLAlchemy; ``made`` is a statement that makes the application."""
    return Framework(
        setup="",
        steps=(
            Step("check", "every relationship finds its model, the application is made", ("-c", _MAPPED + made)),
            Step("migrate", "an empty database migrates", ("-m", "{package}.migrate")),
            Step("migrations", "the first migration says all that the models say", ("-m", "{package}.migrate", "--check")),
        ),
        serve=serve,
    )


FRAMEWORKS: Mapping[str, Framework] = {
    "django": _DJANGO,
    "flask": _on_alembic("import {package}.wsgi", "-m gunicorn --bind 127.0.0.1:{port} --workers 1 --threads 4 --keep-alive 75 {package}.wsgi:application"),
    "fastapi": _on_alembic("import {package}.asgi", "-m uvicorn --host 127.0.0.1 --port {port} --timeout-keep-alive 75 --log-level warning {package}.asgi:application"),
}
"""By the name that the plan gives a monolith's framework."""


def framework_of(plan: ServicePlan) -> Framework:
    """What tries out a service of this plan."""
    return FRAMEWORKS[plan.project.framework]
