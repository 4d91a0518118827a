"""Settings that a service takes over from the monolith, as lines of source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from decompose.generate.layout import WIDTH, double_quoted, value
from decompose.generate.render import python_literal
from decompose.model.facts import Setting
from decompose.model.location import Location

FRAMEWORK_SETTINGS = {"LANGUAGE_CODE": '"en-us"', "TIME_ZONE": '"UTC"', "USE_I18N": "True", "USE_TZ": "True", "APPEND_SLASH": "True"}
"""Settings of Django that change what code computes, with its defaults since version 5."""

OWN_SETTINGS = {
    "django": frozenset({
        "ALLOWED_HOSTS", "AUTHENTICATION_BACKENDS", "BASE_DIR", "BOUNDARIES", "DATABASES", "DEBUG", "INSTALLED_APPS", "LOGGING",
        "MIDDLEWARE", "REPLICA_MODELS", "ROOT_URLCONF", "SECRET_KEY", "SECURE_PROXY_SSL_HEADER", "TEMPLATES", "WSGI_APPLICATION",
        "ASGI_APPLICATION", "AUTH_USER_MODEL", "DEFAULT_AUTO_FIELD", "REST_FRAMEWORK", "CELERY_BROKER_URL", "CELERY_BEAT_SCHEDULE",
        "CELERY_TASK_ROUTES", "CELERY_TASK_DEFAULT_QUEUE", *FRAMEWORK_SETTINGS,
    }),
    "flask": frozenset({
        "APPLICATION_ROOT", "BOUNDARIES", "DEBUG", "LOGGING", "SECRET_KEY", "SERVER_NAME", "SQLALCHEMY_BINDS", "SQLALCHEMY_DATABASE_URI",
        "SQLALCHEMY_ENGINE_OPTIONS", "TESTING",
    }),
}  # fmt: skip
"""Settings that a service of a framework decides itself. Services of other frameworks take none over: their code reads the environment."""

_DEFINED = {"django": frozenset({"BASE_DIR", "DEBUG", *FRAMEWORK_SETTINGS}), "flask": frozenset({"DEBUG", "SECRET_KEY"})}
"""Settings whose names the lines may use."""

SETTING_IMPORTS = {
    "os": "os", "Path": "pathlib.Path", "Decimal": "decimal.Decimal", "timedelta": "datetime.timedelta", "date": "datetime.date",
    "crontab": "celery.schedules.crontab", "datetime": "datetime", "decimal": "decimal", "re": "re",
}  # fmt: skip
"""Names that an expression in settings may use, and where they come from."""


class TakenOver(NamedTuple):
    """A setting as a line of the service's settings.

    ``needs`` are keys of :data:`SETTING_IMPORTS`. ``asked`` is the variable that gives the value where the monolith computes it, else ``""``.
    """

    line: str
    needs: set[str]
    asked: str
    at: Location


def taken_over(framework: str, settings: Iterable[Setting]) -> Iterator[TakenOver]:
    """What a service takes over of the monolith's settings, in their order."""
    if framework not in OWN_SETTINGS:
        return
    defined = {*_DEFINED[framework]}
    for setting in settings:
        if setting.name in OWN_SETTINGS[framework] or not setting.name.isidentifier():
            continue
        yield _line(setting, defined)
        defined.add(setting.name)


def _line(setting: Setting, defined: set[str]) -> TakenOver:
    start = f"{setting.name} = "
    try:
        literal = ast.literal_eval(setting.value)
    except (ValueError, SyntaxError):
        literal = None
    if setting.environment:
        # Same variable, same default: an operator sets it as for the monolith.
        if isinstance(literal, str):
            return TakenOver(_fitting(start, f"os.environ.get({python_literal(setting.environment)}, {python_literal(literal)})"), set(), "", setting.at)
    elif literal is not None and not isinstance(literal, set):
        return TakenOver(start + value(literal, 0, len(start)), set(), "", setting.at)
    names = free_names(setting.value)
    if names is not None and names <= SETTING_IMPORTS.keys() | defined:
        line = _fitting(start, double_quoted(ast.unparse(ast.parse(setting.value, mode="eval"))))
        return TakenOver(line, names & SETTING_IMPORTS.keys(), "", setting.at)
    asked = setting.environment or setting.name
    return TakenOver(f"{start}environment.computed({python_literal(asked)}, {python_literal(str(setting.at))})", set(), asked, setting.at)


def _fitting(start: str, expression: str) -> str:
    line = start + expression
    return line if len(line) <= WIDTH else f"{line}  # fmt: skip"


_BUILTINS = frozenset({"int", "str", "bool", "float", "list", "tuple", "dict", "set", "len", "min", "max", "True", "False", "None"})


def free_names(source: str) -> set[str] | None:
    """Free names of an expression other than harmless builtins, ``None`` when it is no expression."""
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError):
        return None
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - _BUILTINS
