"""The Flask service of a context on SQLAlchemy: its own code under the old names, and an application around it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from decompose.generate.layout import identifier, imports, value
from decompose.generate.messages import module_source, title
from decompose.generate.moved import artifact, moved, packages, requirements
from decompose.generate.render import Render, comment, python_literal
from decompose.generate.settings import SETTING_IMPORTS, setting_line
from decompose.generate.sqlalchemy.database import Database, database_of, extensions_of
from decompose.generate.sqlalchemy.migration import reply_table
from decompose.generate.sqlalchemy.shadows import uses_login
from decompose.model.artifacts import Artifact, FileClass
from decompose.model.service import ServicePlan

OWN_SETTINGS = frozenset({
    "APPLICATION_ROOT", "BOUNDARIES", "DEBUG", "LOGGING", "SECRET_KEY", "SERVER_NAME", "SQLALCHEMY_BINDS", "SQLALCHEMY_DATABASE_URI",
    "SQLALCHEMY_ENGINE_OPTIONS", "TESTING",
})  # fmt: skip
"""Settings that the service decides itself."""

_TIED_ELSEWHERE = frozenset({"flask_migrate.Migrate"})
"""Extensions that the service does without: its revisions are run by Alembic alone."""


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """Everything below the service's folder but its boundary package, its data and its delivery."""
    yield from moved(plan)
    yield from packages(plan, {replica.model.rpartition(".")[0].rpartition(".")[0] for replica in plan.context.replicas} - {""})
    yield from Base(plan, render, "flask").files()
    yield from _application(plan, render)


class Base:
    """The files that services on SQLAlchemy have in common. ``folder`` holds the templates of the web framework."""

    def __init__(self, plan: ServicePlan, render: Render, folder: str) -> None:
        self.plan = plan
        self.render = render
        self.folder = folder
        self.database: Database = database_of(plan)
        self.common: dict[str, object] = {
            "name": plan.name,
            "package": identifier(plan.package),
            "boundaries": plan.project.package,
            "boundary": plan.boundary,
            "audience": plan.boundary.rpartition(".")[2],
            "title": title(plan),
            "extension": self.database.extension,
        }

    def file(self, path: str, template: str, kind: FileClass = "owned", **values: object) -> Artifact:
        return artifact(self.plan, path, self.render(f"service/{template}", **{**self.common, **values}), kind)

    def own(self, path: str, template: str, kind: FileClass = "owned", **values: object) -> Artifact:
        """A file of the service's package from the web framework's templates."""
        return self.file(f"{self.plan.package}/{path}", f"{self.folder}/{template}", kind, **values)

    def files(self) -> Iterator[Artifact]:
        plan, database, inside, boundaries = self.plan, self.database, self.plan.package, self.plan.project.package

        def data(path: str, template: str, **values: object) -> Artifact:
            return self.file(f"{inside}/{path}", f"sqlalchemy/{template}", "owned", **values)

        base_name = database.base.rpartition(".")[2] if not database.extension else f"{database.extension.rpartition('.')[2]}.Model"
        yield self.own("__init__.py", "package_init.py.j2")
        yield data("environment.py", "environment.py")
        yield data("models.py", "models.py.j2", base_import=imports([database.root]), base=base_name, table=reply_table(plan))
        yield data("prune_replies.py", "prune_replies.py.j2")
        yield data("database.py", "database.py.j2", **self._database())
        runtime = [f"{boundaries}.{each}" for each in ("objects", "wire", "runtime.OperationContract", "runtime.resolve")]
        replicas = value(tuple(replica.model for replica in plan.context.replicas), 0, len("REPLICAS = "))
        typed = "" if plan.context.replicas else ": tuple[str, ...]"
        yield data("shadows.py", "shadows.py.j2", own_imports=imports(runtime), replicas=f"REPLICAS{typed} = {replicas}")
        served = [f"{boundaries}.wire", f"{boundaries}.runtime.Answer", f"{boundaries}.runtime.Boundary"]
        served += [f"{inside}.database", f"{inside}.shadows", f"{inside}.models.Reply"]
        yield data("serving.py", "serving.py.j2", own_imports=imports(served))
        yield data("health.py", "health.py.j2")
        yield data("migrate.py", "migrate.py.j2")
        yield self.file(f"{inside}/logging.py", "common/logging.py.j2")

    def _database(self) -> Mapping[str, object]:
        database, plan = self.database, self.plan
        modules = {table.model.rpartition(".")[0] for table in plan.context.tables if table.model}
        modules |= {replica.model.rpartition(".")[0] for replica in plan.context.replicas}
        modules |= {_module_of_table(plan, table.id) for table in plan.context.tables if not table.model} - {""}
        modules |= {f"{plan.package}.models"}
        lines = "\n".join(f"import {module}  # noqa: F401" for module in sorted(modules))
        if database.extension:
            own = imports([database.extension])
            third = imports(["sqlalchemy.Engine", "sqlalchemy.orm.Session"])
        else:
            own = imports([database.base, database.maker, f"{plan.project.package}.objects", f"{plan.package}.environment"])
            third = imports(["sqlalchemy.Engine", "sqlalchemy.create_engine", "sqlalchemy.orm.Session"])
        return {
            "sqlalchemy_import": third,
            "own_imports": f"{lines}\n{own}",
            "extension_name": database.extension.rpartition(".")[2],
            "base_name": database.base.rpartition(".")[2],
            "maker_name": database.maker.rpartition(".")[2],
            "scoped": database.scoped,
        }


def _module_of_table(plan: ServicePlan, id: str) -> str:
    """The module of a table without a class of its own."""
    table = next(each for each in plan.context.tables if each.id == id)
    return next((each.module for each in plan.context.placements if each.path == table.at.path and each.action in ("move", "share")), "")


# The application ------------------------------------------------------------------------------------


class Mount(msgspec.Struct, frozen=True):
    """A blueprint of the context and where it is registered."""

    name: str
    prefix: str = ""


def _application(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    base = Base(plan, render, "flask")
    package, boundaries = plan.package, plan.project.package
    login = next((name for name, kind in extensions_of(plan) if kind == "flask_login.LoginManager"), "")
    others = [name for name, kind in extensions_of(plan) if kind not in _TIED_ELSEWHERE]
    mounted = list(mounts(plan))
    names = _aliases([base.database.extension, *others, *(each.name for each in mounted)])
    tables = f"import {package}.database  # noqa: F401  (all tables are declared)"
    own = imports(f"{package}.{each}" for each in ("boundary_views", "config", "identity"))
    yield base.own(
        "app.py",
        "app.py.j2",
        own_imports="\n".join(line for line in (tables, _imports_as(names), own) if line),
        extension_name=names.get(base.database.extension, ""),
        extensions=[names[name] for name in others],
        login=names.get(login, ""),
        blueprints=[_register(names[each.name], each.prefix) for each in mounted],
    )
    yield base.own("wsgi.py", "wsgi.py.j2")
    yield base.own("boundary_views.py", "boundary_views.py.j2")
    user = next((replica.model for replica in plan.context.replicas if replica.user), "") if login else ""
    identity = [f"{boundaries}.passage", f"{boundaries}.tokens", f"{boundaries}.runtime.current_user"]
    if user:
        identity += [f"{boundaries}.runtime.resolve", f"{package}.shadows"]
    yield base.own("identity.py", "identity.py.j2", own_imports=imports(identity), login=bool(login), user_model=user)
    yield base.own("config.py", "config.py.j2", "merged", **_settings(plan))
    declared = dict(plan.project.requirements)
    lines = [declared.get("flask", "Flask>=3"), declared.get("sqlalchemy", "SQLAlchemy>=2"), declared.get("alembic", "alembic>=1.13")]
    if base.database.extension:
        lines.append(declared.get("flask-sqlalchemy", "Flask-SQLAlchemy>=3.1"))
    if uses_login(plan):
        lines.append(declared.get("flask-login", "Flask-Login"))
    yield base.file("requirements.txt", "common/requirements.txt.j2", "merged", requirements=requirements(plan, lines))


def _aliases(symbols: Iterable[str]) -> dict[str, str]:
    """A name for each symbol, its own where that is free."""
    found: dict[str, str] = {}
    for symbol in symbols:
        if not symbol or symbol in found:
            continue
        parts = symbol.split(".")
        taken = {*found.values(), "app", "config", "identity", "boundary_views", "Flask", "logging", "create_app", "database"}
        last = parts[-1] if parts[-1] != "blueprint" and parts[-1] != "bp" else f"{parts[-2]}_{parts[-1]}"
        found[symbol] = last if last not in taken else next(name for size in range(2, len(parts) + 1) if (name := "_".join(parts[-size:])) not in taken)
    return found


def _imports_as(names: Mapping[str, str]) -> str:
    lines = []
    for symbol, name in sorted(names.items()):
        module, _, last = symbol.rpartition(".")
        lines.append(f"from {module} import {last}" + (f" as {name}" if name != last else ""))
    return "\n".join(lines)


def mounts(plan: ServicePlan) -> Iterator[Mount]:
    """The blueprints of moved modules that have routes, each with the prefix under which the monolith shows it.

    A prefix is what of a route's whole path its own rule does not say; one that the blueprint itself declares is left to it.
    """
    found: dict[str, str] = {}
    for route in sorted(plan.context.routes, key=lambda each: (each.handler, each.path)):
        module = max((each.module for each in plan.context.placements if each.action == "move" and route.handler.startswith(f"{each.module}.")), key=len, default="")
        text = module_source(plan, module) if module else None
        rule = _rule(text, route.handler.removeprefix(f"{module}.")) if text is not None and route.is_url else None
        if text is None or rule is None or not route.path.endswith(rule.path):
            continue
        prefix = route.path[: len(route.path) - len(rule.path)]
        declared = _blueprints(text).get(rule.blueprint)
        if declared is not None:
            found.setdefault(f"{module}.{rule.blueprint}", "" if prefix.rstrip("/") == declared.rstrip("/") else prefix)
    return (Mount(name, prefix) for name, prefix in sorted(found.items()))


class Rule(msgspec.Struct, frozen=True):
    """What a handler's decorator says: on which blueprint it is, and the path there."""

    blueprint: str
    path: str


def _rule(text: bytes, handler: str) -> Rule | None:
    """The first rule of a handler that is written as text in a decorator."""
    for node in ast.parse(text).body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.name != handler.partition(".")[0]:
            continue
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Attribute) and isinstance(decorator.func.value, ast.Name) and decorator.args:
                path = decorator.args[0]
                if isinstance(path, ast.Constant) and isinstance(path.value, str):
                    return Rule(decorator.func.value.id, path.value)
    return None


def _blueprints(text: bytes) -> dict[str, str]:
    """The blueprints that a module makes, with the prefix that each declares itself."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            name = node.value.func
            if (name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")) == "Blueprint":
                prefix = next((each.value for each in node.value.keywords if each.arg == "url_prefix"), None)
                found[node.targets[0].id] = prefix.value if isinstance(prefix, ast.Constant) and isinstance(prefix.value, str) else ""
    return found


def _register(name: str, prefix: str) -> str:
    options = f", url_prefix={python_literal(prefix)}" if prefix else ""
    return f"app.register_blueprint({name}{options})"


# Configuration --------------------------------------------------------------------------------------


def _settings(plan: ServicePlan) -> dict[str, object]:
    """The monolith's own settings that moved code reads, as the monolith has them."""
    needed = {"os"}
    defined = {"DEBUG", "SECRET_KEY"}
    lines = []
    for setting in plan.context.settings:
        if setting.name in OWN_SETTINGS or not setting.name.isidentifier():
            continue
        line, used = setting_line(setting, defined)
        needed |= {SETTING_IMPORTS[name] for name in used}
        lines.append({"comment": comment(f"{setting.at}"), "line": line})
        defined.add(setting.name)
    return {"plain_imports": imports(needed), "settings": lines}
