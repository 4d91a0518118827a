"""The service of a context: its own code under the old names, and a project of the monolith's framework around it; that of Django is here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from decompose.generate import fastapi, flask
from decompose.generate.callbacks import package as callback_package
from decompose.generate.deployment import mounted_files
from decompose.generate.layout import WIDTH, double_quoted, identifier, imports, items, value
from decompose.generate.messages import app_package, module_source, title
from decompose.generate.moved import artifact, imported, moved, packages
from decompose.generate.moved import requirements as required
from decompose.generate.render import Render, comment, python_literal
from decompose.generate.settings import FRAMEWORK_SETTINGS, SETTING_IMPORTS, free_names, taken_over
from decompose.model.artifacts import Artifact, FileClass
from decompose.model.facts import Route, Setting
from decompose.model.migration import Replica
from decompose.model.service import ServicePlan
from decompose.planning.settings import options

KNOWN_APPS = {"rest_framework": "rest_framework", "django_filters": "django_filters", "mptt": "mptt", "taggit": "taggit", "simple_history": "simple_history"}
"""Applications of other distributions that a service installs when its code imports them."""

COMMON = frozenset({"logging.py.j2", "requirements.txt.j2"})
"""Templates that are the same for every framework."""

OTHERS = {"flask": flask.generate, "fastapi": fastapi.generate}
"""Projects of other frameworks than Django."""


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """Everything below the service's folder but its boundary package, its data and its delivery."""
    if plan.project.framework in OTHERS:
        yield from OTHERS[plan.project.framework](plan, render)
        return
    yield from moved(plan)
    yield from packages(plan, _replica_packages(plan))
    yield from _project(plan, render)


# Applications ---------------------------------------------------------------------------------------


class App(msgspec.Struct, frozen=True):
    """An installed application of the service. ``entry`` is what stands in ``INSTALLED_APPS``."""

    label: str
    package: str
    entry: str
    class_name: str = ""


def _replica_packages(plan: ServicePlan) -> list[str]:
    return sorted({app.package for app in replica_apps(plan)})


def moved_apps(plan: ServicePlan) -> list[App]:
    """Applications whose code moves: with their own config class when that moves too."""
    modules = {each.module for each in plan.context.placements if each.action in ("move", "share")}
    found = []
    for label, config in sorted(plan.project.apps):
        package = app_package(config)
        inside = [module for module in modules if module == package or module.startswith(f"{package}.")]
        if not inside or any(_longer(plan, package, module) for module in inside[:1]) or not _moves(plan, package):
            continue
        config_module = config.rpartition(".")[0] if config != package else f"{package}.apps"
        own = config_module in modules
        entry = config if own else package
        found.append(App(label, package, entry, "" if own or package.rpartition(".")[2] == label else _config_name(label)))
    return found


def _moves(plan: ServicePlan, package: str) -> bool:
    return any(
        each.action == "move" and (each.module == package or each.module.startswith(f"{package}."))
        for each in plan.context.placements
    ) or any(table.model.startswith(f"{package}.") for table in plan.context.tables)


def _longer(plan: ServicePlan, package: str, module: str) -> bool:
    """Whether a module belongs to an application inside ``package`` rather than to ``package`` itself."""
    others = [app_package(config) for _, config in plan.project.apps]
    return any(len(other) > len(package) and (module == other or module.startswith(f"{other}.")) for other in others)


def replica_apps(plan: ServicePlan) -> list[App]:
    """Applications that hold shadow rows only. Those of the framework bring their own models."""
    moved = {app.label for app in moved_apps(plan)}
    packages = {label: app_package(config) for label, config in plan.project.apps}
    found: dict[str, App] = {}
    for replica in plan.context.replicas:
        label = replica.label.partition(".")[0]
        if label in moved or _of_framework(replica):
            continue
        package = packages.get(label) or replica.model.rpartition(".")[0].removesuffix(".models")
        custom = package.rpartition(".")[2] != label
        name = _config_name(label) if custom else ""
        found[label] = App(label, package, f"{plan.package}.apps.{name}" if custom else package, name)
    return [found[label] for label in sorted(found)]


def _of_framework(replica: Replica) -> bool:
    return replica.model.startswith("django.")


def _config_name(label: str) -> str:
    return "".join(part.capitalize() for part in label.split("_")) + "Shadows"


def _installed_apps(plan: ServicePlan) -> list[str]:
    others = [app for package, app in sorted(KNOWN_APPS.items()) if imported(plan, package)]
    own = [app.entry if not app.class_name else f"{plan.package}.apps.{app.class_name}" for app in moved_apps(plan)]
    return [
        "django.contrib.contenttypes",
        "django.contrib.auth",
        *others,
        *(app.entry for app in replica_apps(plan)),
        *own,
        f"{plan.package}.apps.ServiceConfig",
        f"{plan.project.package}.exchange",
    ]


# The project around it ------------------------------------------------------------------------------


def _project(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    uses_rest = imported(plan, "rest_framework")
    common = {
        "name": plan.name,
        "package": identifier(plan.package),
        "boundaries": plan.project.package,
        "boundary": plan.boundary,
        "audience": plan.boundary.rpartition(".")[2],
        "title": title(plan),
        "celery": bool(plan.context.tasks or plan.context.sent),
        "callbacks": callback_package(plan).rpartition(".")[2] if plan.context.callbacks else "",
        "rest_framework": uses_rest,
    }

    def file(path: str, template: str, kind: FileClass = "owned", values: Mapping[str, object] | None = None) -> Artifact:
        folder = "common" if template in COMMON else "django"
        content = render(f"service/{folder}/{template}", **{**common, **(values or {})})
        return artifact(plan, path, content, kind, executable=path == "manage.py")

    inside = plan.package
    yield file("manage.py", "manage.py.j2")
    yield file(f"{inside}/__init__.py", "package_init.py.j2")
    yield file(f"{inside}/environment.py", "environment.py")
    yield file(f"{inside}/settings.py", "settings.py.j2", "merged", _settings_values(plan, uses_rest))
    yield file(f"{inside}/urls.py", "urls.py.j2", "merged", _url_values(plan))
    yield file(f"{inside}/wsgi.py", "wsgi.py.j2")
    renamed = [app for app in (*replica_apps(plan), *moved_apps(plan)) if app.class_name]
    yield file(f"{inside}/apps.py", "apps.py.j2", values={"replica_apps": renamed, "receivers": _receivers(plan)})
    boundaries = plan.project.package
    yield file(
        f"{inside}/boundary_views.py",
        "boundary_views.py.j2",
        values={
            "own_imports": imports(
                [f"{boundaries}.wire", f"{boundaries}.runtime.Answer", f"{boundaries}.runtime.Boundary", f"{boundaries}.exchange.replies.once", f"{inside}.shadows.Stored"]
            )
        },
    )
    yield file(
        f"{inside}/identity.py",
        "identity.py.j2",
        values={
            "own_imports": imports(
                [
                    f"{boundaries}.passage",
                    f"{boundaries}.tokens",
                    f"{boundaries}.wire",
                    f"{boundaries}.runtime.Boundary",
                    f"{boundaries}.runtime.current_user",
                    f"{inside}.shadows",
                ]
            ),
            "challenge": _challenge(plan) if uses_rest else None,
        },
    )
    for name in ("shadows", "logging"):
        yield file(f"{inside}/{name}.py", f"{name}.py.j2")
    yield file(f"{inside}/health.py", "health.py")
    if plan.context.tasks or plan.context.sent:
        yield file(f"{inside}/celery.py", "celery.py.j2")
    yield file("requirements.txt", "requirements.txt.j2", "merged", {"requirements": requirements(plan)})


def _receivers(plan: ServicePlan) -> list[str]:
    """Moved modules with signal handlers: somebody has to import them, as an application's ``ready`` did."""
    return sorted({_handler_module(plan, each.handler) for each in plan.context.subscriptions} - {""})


def requirements(plan: ServicePlan) -> list[str]:
    """Requirement lines, one per distribution: the monolith's own pins win."""
    declared = dict(plan.project.requirements)
    lines = [declared.get("django", "Django")]
    if plan.context.tasks or plan.context.sent:
        lines.append(declared.get("celery", "celery"))
    if imported(plan, "rest_framework"):
        lines.append(declared.get("rest_framework", "djangorestframework"))
    return required(plan, lines)


# Settings -------------------------------------------------------------------------------------------


def _settings_values(plan: ServicePlan, uses_rest: bool) -> dict[str, object]:
    known = {setting.name: setting for setting in plan.context.settings}
    needed = {"os", "pathlib.Path"}
    third_party: set[str] = set()
    framework = [f"AUTH_USER_MODEL = {python_literal(plan.project.user_model)}"] if plan.project.user_model else []
    framework.append(f"DEFAULT_AUTO_FIELD = {_literal_of(known.get('DEFAULT_AUTO_FIELD')) or python_literal(_auto_field(plan))}")
    framework += [f"{name} = {_literal_of(known.get(name)) or default}" for name, default in FRAMEWORK_SETTINGS.items()]
    others = []
    for taken in taken_over("django", plan.context.settings):
        for name in taken.needs:
            symbol = SETTING_IMPORTS[name]
            (third_party if symbol.startswith("celery") else needed).add(symbol)
        others.append({"comment": comment(f"{taken.at}"), "line": taken.line})
    schedules = []
    for schedule in plan.context.schedules:
        free = free_names(schedule.when)
        if free is not None and free <= {"crontab", "timedelta"}:
            for name in free:
                symbol = SETTING_IMPORTS[name]
                (third_party if symbol.startswith("celery") else needed).add(symbol)
            schedules.append({"name": schedule.name, "task": schedule.task, "when": double_quoted(schedule.when)})
    rest_options, rest_notes = _rest_framework(plan, known.get("REST_FRAMEWORK")) if uses_rest else ("", "")
    return {
        "plain_imports": imports(needed),
        "third_party_imports": imports(third_party),
        "installed_apps": value(_installed_apps(plan), 0, WIDTH),
        "replica_models": _list([replica.label for replica in plan.context.replicas], "REPLICA_MODELS = "),
        "rest_options": rest_options,
        "rest_notes": rest_notes,
        "framework_settings": framework,
        "settings": others,
        "files": _files_root(plan, [str(each["line"]) for each in others]),
        "task_routes": _task_routes(plan),
        "schedules": schedules,
    }


def _files_root(plan: ServicePlan, lines: list[str]) -> str:
    """Where files lie unless the environment says otherwise, ``""`` where no shared file system is mounted."""
    if not mounted_files(plan)[0]:
        return ""
    return "MEDIA_ROOT" if any(line.startswith("MEDIA_ROOT = ") for line in lines) else 'str(BASE_DIR / "media")'


def _list(items_: list[str], start: str) -> str:
    return value(sorted(items_), 0, len(start))


def _literal_of(setting: Setting | None) -> str:
    """The literal that a setting holds as Python source, ``""`` when it holds none."""
    if setting is None:
        return ""
    try:
        return python_literal(ast.literal_eval(setting.value))
    except (ValueError, SyntaxError, TypeError):
        return ""


def _auto_field(plan: ServicePlan) -> str:
    keys = [column for table in plan.context.tables for column in table.columns if column.primary_key and column.auto]
    return "django.db.models.AutoField" if keys and all(key.type == "integer" for key in keys) else "django.db.models.BigAutoField"


def _rest_framework(plan: ServicePlan, setting: Setting | None) -> tuple[str, str]:
    """The monolith's own options that still mean something here, under the service's authentication; and what is left out."""
    given, computed = options(setting.value) if setting is not None else ({}, ())
    notes = []
    if setting is not None and (computed or not given):
        notes.append(f"{', '.join(computed) or 'What stands'} at {setting.at} is computed: copy what the API needs.")
    own = {
        "DEFAULT_AUTHENTICATION_CLASSES": [f"{plan.package}.identity.TokenAuthentication"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    }
    kept: dict[str, object] = {"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]}
    for name, option in sorted(given.items()):
        missing = [text for text in _strings(option) if not _available(plan, text)]
        if name in own:
            continue
        if missing:
            notes.append(f"{name} is left out: {', '.join(missing)} is not in this service.")
        else:
            kept[name] = option
    if "DEFAULT_PAGINATION_CLASS" not in kept:
        kept.pop("PAGE_SIZE", None)  # Says nothing without it, and the framework warns.
    return value(dict(sorted({**kept, **own}.items())), 0, WIDTH), "\n".join(comment(note) for note in notes)


_CHALLENGES = {
    "SessionAuthentication": None,
    "RemoteUserAuthentication": None,
    "BasicAuthentication": 'Basic realm="api"',
    "TokenAuthentication": "Token",
}
"""What the REST framework's own classes answer nobody with: without a challenge it is 403 instead of 401."""


def _challenge(plan: ServicePlan) -> str | None:
    """What the monolith's first way of authentication asks of callers that nobody knows."""
    setting = next((each for each in plan.context.settings if each.name == "REST_FRAMEWORK"), None)
    given = options(setting.value)[0] if setting is not None else {}
    # The framework's own default begins with sessions.
    first = next(_strings(given.get("DEFAULT_AUTHENTICATION_CLASSES", "SessionAuthentication")), "SessionAuthentication")
    return _CHALLENGES.get(first.rpartition(".")[2], "Bearer")


def _strings(option: object) -> Iterator[str]:
    if isinstance(option, str):
        yield option
    elif isinstance(option, list | tuple):
        for each in option:
            yield from _strings(each)
    elif isinstance(option, dict):
        for each in option.values():
            yield from _strings(each)


def _available(plan: ServicePlan, text: str) -> bool:
    """Whether a dotted path names something that the service has: of its own code, the framework's, or a library that it installs."""
    root, dot, _ = text.partition(".")
    if not dot or root in ("django", "rest_framework"):
        return True
    own = {app_package(config).partition(".")[0] for _, config in plan.project.apps} | {plan.project.package.partition(".")[0]}
    if root in own:
        return any(each.action in ("move", "share") and text.startswith(f"{each.module}.") for each in plan.context.placements)
    return imported(plan, root)


def _task_routes(plan: ServicePlan) -> str:
    routes = {task.name: {"queue": task.queue} for task in sorted((*plan.context.tasks, *plan.context.sent), key=lambda task: task.name) if task.queue}
    return value(routes, 0, WIDTH) if routes else ""


# Routes ---------------------------------------------------------------------------------------------


class Registration(msgspec.Struct, frozen=True):
    """A view set under a router: ``prefix`` from the service's root, ``basename`` of its URL names."""

    prefix: str
    handler: str
    basename: str


class Namespace(msgspec.Struct, frozen=True):
    """Routes whose names share a namespace (``""`` for none), as lines of source.

    ``router`` and ``patterns`` are the names of its variables, ``registrations`` the calls on its router.
    """

    name: str
    router: str
    patterns: str
    registrations: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    slash: bool = True


def _url_values(plan: ServicePlan) -> dict[str, object]:
    """The context's own routes: URL modules that move are included, view sets registered, other views listed."""
    included: dict[str, tuple[str, str]] = {}
    registered: dict[str, dict[str, Registration]] = {}
    listed: dict[str, list[Route]] = {}
    for route in sorted(plan.context.routes, key=lambda each: (each.path, each.name, each.handler)):
        if route.kind == "admin" or not route.is_url or not _handler_module(plan, route.handler):
            continue
        namespace = route.name.rpartition(":")[0]
        module = _module_at(plan, route.at.path)
        prefix = _include_prefix(plan, route) if module else None
        if module and prefix is not None:
            included.setdefault(module, (prefix, namespace))
        elif _is_view_set(plan, _owner(plan, route.handler)):
            _register(registered.setdefault(namespace, {}), _owner(plan, route.handler), route)
        else:
            listed.setdefault(namespace, []).append(route)
    symbols = {f"{plan.package}.boundary_views", f"{plan.package}.health", f"{plan.project.package}.exchange.views.receive", "django.urls.path"}
    namespaces = [
        _namespace(plan, name, list(registered.get(name, {}).values()), listed.get(name, []), symbols)
        for name in sorted({*registered, *listed})
    ]
    patterns = []
    for module, (prefix, namespace) in sorted(included.items()):
        symbols.add("django.urls.include")
        if namespace and not _has_app_name(plan, module):
            target = f"include(({python_literal(module)}, {python_literal(namespace)}))"
        else:
            target = f"include({python_literal(module)})"
        patterns.append(f"path({python_literal(prefix)}, {target}),")
    for each in namespaces:
        if each.name:
            symbols.add("django.urls.include")
            patterns.append(f'path("", {_nested(each)}),')
        else:
            patterns += each.lines
    return {
        "imports": _grouped_imports(plan, symbols),
        "namespaces": namespaces,
        "patterns": patterns,
    }


def _namespace(plan: ServicePlan, name: str, registered: list[Registration], listed: list[Route], symbols: set[str]) -> Namespace:
    """The routes of one namespace; what its lines need imported joins ``symbols``."""
    stem = re.sub(r"\W+", "_", name).strip("_")
    router = f"{stem}_router" if stem else "router"
    lines = [_listed(plan, route, symbols) for route in listed]
    if registered:
        symbols |= {"django.urls.include", "rest_framework.routers.SimpleRouter", *(each.handler for each in registered)}
        lines.append(f'path("", include({router}.urls)),')
    calls = tuple(
        _call(f"{router}.register", [python_literal(each.prefix), each.handler.rpartition(".")[2], f"basename={python_literal(each.basename)}"])
        for each in sorted(registered, key=lambda each: each.prefix)
    )
    handlers = {each.handler for each in registered}
    paths = [route.path for route in plan.context.routes if _handler_module(plan, route.handler) and _owner(plan, route.handler) in handlers]
    return Namespace(name, router, f"{stem}_patterns", calls, tuple(lines), all(path.endswith(("/", "/$")) for path in paths))


def _call(function: str, arguments: list[str]) -> str:
    """A call as a statement; arguments on one line of their own when the whole is too long."""
    line = f"{function}({', '.join(arguments)})"
    inner = f"    {', '.join(arguments)}"
    if len(line) <= WIDTH:
        return line
    return f"{function}(\n{inner}\n)" if len(inner) <= WIDTH else items(f"{function}(", arguments, ")", 0, WIDTH)


def _listed(plan: ServicePlan, route: Route, symbols: set[str]) -> str:
    owner = _owner(plan, route.handler)
    function = "re_path" if route.regex else "path"
    symbols |= {owner, f"django.urls.{function}"}
    view = owner.rpartition(".")[2] + (".as_view()" if _is_class(plan, owner) else "")
    last = route.name.rpartition(":")[2]
    name = f", name={python_literal(last)}" if last else ""
    line = f"{function}({python_literal(route.path.lstrip('/'))}, {view}{name}),"
    return line if len(line) + 4 <= WIDTH else f"{line}  # fmt: skip"


def _nested(namespace: Namespace) -> str:
    *outer, inner = namespace.name.split(":")
    text = f"include(({namespace.patterns}, {python_literal(inner)}))"
    for name in reversed(outer):
        text = f'include(([path("", {text})], {python_literal(name)}))'
    return text


def _grouped_imports(plan: ServicePlan, symbols: Iterable[str]) -> str:
    roots = {plan.package, *(each.module.partition(".")[0] for each in plan.context.placements)}
    own = {symbol for symbol in symbols if symbol.partition(".")[0] in roots}
    groups = [imports(set(symbols) - own), imports(own)]
    return "\n\n".join(group for group in groups if group)


def _handler_module(plan: ServicePlan, handler: str) -> str:
    """The moved module that a handler lives in, ``""`` when it stays in the monolith."""
    modules = [each.module for each in plan.context.placements if each.action == "move" and handler.startswith(f"{each.module}.")]
    return max(modules, key=len, default="")


def _owner(plan: ServicePlan, handler: str) -> str:
    """The top-level definition behind a handler: the view set of one of its actions."""
    module = _handler_module(plan, handler)
    inside = handler.removeprefix(f"{module}.").split(".")
    return f"{module}.{inside[0]}"


def _module_at(plan: ServicePlan, path: str) -> str:
    return next((each.module for each in plan.context.placements if each.path == path and each.action == "move"), "")


def _include_prefix(plan: ServicePlan, route: Route) -> str | None:
    """Where the URL module that declares a route is mounted: the route's path without what the module itself says."""
    text = module_source(plan, _module_at(plan, route.at.path))
    if text is None:
        return None
    declared = _declared_pattern(ast.parse(text), route.at.line)
    if declared is None:
        return None
    path = route.path.lstrip("/")
    declared = declared.lstrip("^").rstrip("$") if route.regex else declared
    position = path.rfind(declared.strip("/")) if declared.strip("/") else -1
    if not declared.strip("/"):
        # The module's own root, or a router in it: the path up to its first parameter is the mount.
        return re.split(r"[<({]", path)[0]
    return None if position < 0 else path[:position]


def _declared_pattern(tree: ast.Module, line: int) -> str | None:
    """The first string of the ``path(...)`` or ``register(...)`` call that starts on a line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.lineno == line and node.args and isinstance(node.args[0], ast.Constant):
            found = node.args[0].value
            return found if isinstance(found, str) else None
    return None


def _has_app_name(plan: ServicePlan, module: str) -> bool:
    text = module_source(plan, module)
    return text is not None and re.search(rb"^app_name\s*=", text, re.MULTILINE) is not None


def _register(registered: dict[str, Registration], handler: str, route: Route) -> None:
    prefix = re.split(r"[<({\[^$]", route.path.lstrip("/").lstrip("^"))[0].rstrip("/")
    basename = re.sub(r"-(list|detail)$", "", route.name.rpartition(":")[2])
    known = registered.get(handler)
    if known is None or len(prefix) < len(known.prefix) or (prefix == known.prefix and route.name.endswith("-list")):
        registered[handler] = Registration(prefix, handler, basename or handler.rpartition(".")[2].lower())


def _node(plan: ServicePlan, definition: str) -> ast.stmt | None:
    module, _, name = definition.rpartition(".")
    text = module_source(plan, module)
    if text is None:
        return None
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return node
    return None


def _is_class(plan: ServicePlan, definition: str) -> bool:
    return isinstance(_node(plan, definition), ast.ClassDef)


def _is_view_set(plan: ServicePlan, definition: str) -> bool:
    node = _node(plan, definition)
    return isinstance(node, ast.ClassDef) and any("ViewSet" in ast.unparse(base) for base in node.bases)
