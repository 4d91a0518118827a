"""What every service needs to know of the monolith as a whole."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from typing import Literal

from decompose.link.program import Program
from decompose.model.codegraph import CodeGraph
from decompose.model.migration import Project
from decompose.model.settings import Config
from decompose.model.syntax import Chain, Sequence
from decompose.planning.requirements import declared

_MANAGE = "django.core.management.execute_from_command_line"


def project(program: Program, graph: CodeGraph, config: Config, texts: Mapping[str, str], name: str) -> Project:
    """The monolith's own facts. ``texts`` are its requirement and packaging files by path, ``name`` its folder's name."""
    settings = {setting.name: setting.value for setting in graph.settings}
    pyproject = _toml(texts.get("pyproject.toml", ""))
    return Project(
        name=_label(str(pyproject.get("project", {}).get("name") or name)),
        framework=_framework(graph),
        frameworks=graph.frameworks,
        source=_source(program, graph),
        package=config.boundary_package or _boundary_package(graph),
        python=_python(pyproject, texts),
        settings_module=config.settings_module or _settings_module(program),
        urlconf=_text(settings.get("ROOT_URLCONF", "")),
        user_model=_text(settings.get("AUTH_USER_MODEL", "")) or ("auth.User" if "django" in graph.frameworks else ""),
        manage=_manage(program),
        celery_app=_celery_app(program),
        test_command=config.verify.test_command or _test_command(program, texts, pyproject),
        apps=tuple(_apps(program)),
        requirements=tuple(sorted(declared(texts).items())),
    )


def _toml(text: str) -> dict[str, dict[str, object]]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def _label(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "monolith"


def _text(value: str) -> str:
    return value.strip("'\"")


def _framework(graph: CodeGraph) -> Literal["django", "flask", "fastapi", "plain"]:
    known: tuple[Literal["django", "flask", "fastapi"], ...] = ("django", "flask", "fastapi")
    return next((name for name in known if name in graph.frameworks), "plain")


def _boundary_package(graph: CodeGraph) -> str:
    """Inside the one top-level package that holds the code, so that it is packaged with it; else a package of its own."""
    sizes = Counter[str]()
    packages = {module.id for module in graph.modules if module.is_package}
    for module in graph.modules:
        if module.role == "code":
            sizes[module.id.partition(".")[0]] += module.lines
    top = sizes.most_common(1)
    if top and top[0][0] in packages and top[0][1] > 0.8 * sum(sizes.values()):
        return f"{top[0][0]}.boundaries"
    return "boundaries"


def _source(program: Program, graph: CodeGraph) -> str:
    """The import root of most code, relative to the project."""
    roots = Counter[str]()
    for module in program.modules.values():
        depth = module.name.count(".") + (2 if module.is_package else 1)
        parts = module.path.split("/")
        roots["/".join(parts[:-depth]) or "."] += module.lines
    return roots.most_common(1)[0][0] if roots else "."


def _python(pyproject: Mapping[str, Mapping[str, object]], texts: Mapping[str, str]) -> str:
    """The oldest Python that the project supports as ``3.x``, 3.12 when it does not say."""
    required = str(pyproject.get("project", {}).get("requires-python", ""))
    for text in (required, texts.get(".python-version", ""), texts.get("runtime.txt", "")):
        match = re.search(r"3\.(\d+)", text)
        if match:
            # Images exist for supported versions only.
            return f"3.{max(int(match.group(1)), 11)}"
    return "3.12"


def _settings_module(program: Program) -> str:
    """The default of ``DJANGO_SETTINGS_MODULE`` that manage.py, else another entry point, sets."""
    for module in sorted(program.modules.values(), key=lambda each: (each.name.rpartition(".")[2] != "manage", each.path)):
        named = [text.value for text in module.texts if text.value in program.modules and "settings" in text.value]
        if named and any("DJANGO_SETTINGS_MODULE" in text.value for text in module.texts):
            return named[0]
        if named and module.name.rpartition(".")[2] in ("manage", "wsgi", "asgi"):
            return named[0]
    return next((name for name in sorted(program.modules) if name.rpartition(".")[2] == "settings"), "")


def _manage(program: Program) -> str:
    paths = [module.path for module in program.modules.values() if module.path.rpartition("/")[2] == "manage.py"]
    return min(paths, key=lambda path: (path.count("/"), path), default="")


def _celery_app(program: Program) -> str:
    for name in sorted(program.modules):
        for binding in program.bindings(name).values():
            value = binding[-1].value
            if isinstance(value, Chain) and program.evaluate(value).id in ("celery.Celery", "celery.app.base.Celery"):
                return f"{name}:{binding[-1].name}"
    return ""


def _test_command(program: Program, texts: Mapping[str, str], pyproject: Mapping[str, Mapping[str, object]]) -> str:
    tool = pyproject.get("tool", {})
    pytest = (isinstance(tool, dict) and "pytest" in tool) or "pytest.ini" in texts or "[tool:pytest]" in texts.get("setup.cfg", "")
    if pytest:
        return "{python} -m pytest"
    manage = _manage(program)
    if manage:
        return f"{{python}} {manage} test"
    return "{python} -m pytest" if any("tests" in name.split(".") for name in program.modules) else ""


def _apps(program: Program) -> list[tuple[str, str]]:
    """App labels with the entries of ``INSTALLED_APPS`` they come from."""
    found: dict[str, str] = {}
    for module in sorted(program.modules):
        for binding in program.bindings(module).get("INSTALLED_APPS", ()):
            if isinstance(binding.value, Sequence):
                for item in binding.value.items:
                    value = program.constant(item)
                    if isinstance(value, str):
                        found.setdefault(_app_label(program, value), value)
    return sorted(found.items())


def _app_label(program: Program, entry: str) -> str:
    config = program.definition(entry)
    if config is not None and config.kind == "class":
        label = program.constant(program.value(f"{entry}.label"))
        name = program.constant(program.value(f"{entry}.name"))
        return str(label or str(name or entry).rpartition(".")[2])
    return entry.rpartition(".")[2]
