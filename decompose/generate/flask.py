"""The Flask service of a context on SQLAlchemy: its own code under the old names, and an application around it."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.generate.layout import imports, items
from decompose.generate.mounts import aliases, imports_as, mounts
from decompose.generate.moved import moved, packages, requirements
from decompose.generate.render import Render, comment, python_literal
from decompose.generate.settings import SETTING_IMPORTS, taken_over
from decompose.generate.sqlalchemy.database import error_handlers_of, extensions_of
from decompose.generate.sqlalchemy.project import ServiceFiles, shadow_packages
from decompose.generate.sqlalchemy.shadows import uses_login
from decompose.model.artifacts import Artifact
from decompose.model.service import ServicePlan

_LEFT_OUT = frozenset({
    "flask_migrate.Migrate", "flask_alembic.Alembic",  # its revisions are run by Alembic alone
    "flask_wtf.CSRFProtect", "flask_wtf.csrf.CSRFProtect", "flask_seasurf.SeaSurf",  # its callers are services: nothing rides on a cookie
    "flask_debugtoolbar.DebugToolbarExtension",
})  # fmt: skip
"""Extensions that the service does without."""

_BY_CONVENTION = frozenset({
    "flask_login.LoginManager", "flask_caching.Cache", "flask_mail.Mail", "flask_marshmallow.Marshmallow", "flask_bcrypt.Bcrypt",
    "flask_cors.CORS", "flask_limiter.Limiter", "flask_babel.Babel", "flask_jwt_extended.JWTManager", "flask_principal.Principal",
})  # fmt: skip
"""Extensions that are known to have an ``init_app`` that takes the application alone."""


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """Everything below the service's folder but its boundary package, its data and its delivery."""
    yield from moved(plan)
    yield from packages(plan, shadow_packages(plan))
    files = ServiceFiles(plan, render, "flask")
    yield from files.files()
    yield from _application(plan, files)


# The application ------------------------------------------------------------------------------------


def _application(plan: ServicePlan, base: ServiceFiles) -> Iterator[Artifact]:
    package, boundaries = plan.package, plan.project.package
    login = next((name for name, kind in extensions_of(plan) if kind == "flask_login.LoginManager"), "")
    others = [name for name, kind in extensions_of(plan) if kind not in _LEFT_OUT]
    mounted = list(mounts(plan, "Blueprint", "url_prefix"))
    answering = error_handlers_of(plan)
    names = aliases([base.database.extension, *others, *(each.name for each in mounted), *answering])
    tables = f"import {package}.database  # noqa: F401  (all tables are declared)"
    own = imports(f"{package}.{each}" for each in ("boundary_views", "config", "identity"))
    yield base.own(
        "app.py",
        "app.py.j2",
        own_imports="\n".join(line for line in (tables, imports_as(names), own) if line),
        extension_name=names.get(base.database.extension, ""),
        extensions=[names[name] for name, kind in extensions_of(plan) if kind in _BY_CONVENTION],
        others=_tuple([names[name] for name, kind in extensions_of(plan) if name in others and kind not in _BY_CONVENTION]),
        login=names.get(login, ""),
        error_handlers=[names[each] for each in answering],
        blueprints=[_register(names[each.name], each.prefix) for each in mounted],
    )
    yield base.own("wsgi.py", "wsgi.py.j2")
    yield base.own("boundary_views.py", "boundary_views.py.j2")
    user = next((replica.model for replica in plan.context.replicas if replica.user), "") if login else ""
    identity = [f"{boundaries}.passage", f"{boundaries}.tokens", f"{boundaries}.runtime.current_user"]
    if user:
        identity += [f"{boundaries}.{each}" for each in ("wire", "runtime.Boundary", "runtime.resolve")] + [f"{package}.shadows"]
    yield base.own("identity.py", "identity.py.j2", own_imports=imports(identity), login=bool(login), user_model=user)
    yield base.own("config.py", "config.py.j2", "merged", **_settings(plan))
    declared = dict(plan.project.requirements)
    lines = [declared.get("flask", "Flask>=3"), declared.get("sqlalchemy", "SQLAlchemy>=2"), declared.get("alembic", "alembic>=1.13")]
    if base.database.extension:
        lines.append(declared.get("flask-sqlalchemy", "Flask-SQLAlchemy>=3.1"))
    if uses_login(plan):
        lines.append(declared.get("flask-login", "Flask-Login"))
    yield base.file("requirements.txt", "common/requirements.txt.j2", "merged", requirements=requirements(plan, lines))


def _tuple(names: list[str]) -> str:
    return items("(", names if len(names) != 1 else [f"{names[0]},"], ")", 4, 22) if names else ""


def _register(name: str, prefix: str) -> str:
    options = f", url_prefix={python_literal(prefix)}" if prefix else ""
    return f"app.register_blueprint({name}{options})"


# Configuration --------------------------------------------------------------------------------------


def _settings(plan: ServicePlan) -> dict[str, object]:
    """The monolith's own settings that moved code reads, as the monolith has them."""
    needed = {"os"}
    lines = []
    for taken in taken_over("flask", plan.context.settings):
        needed |= {SETTING_IMPORTS[name] for name in taken.needs}
        lines.append({"comment": comment(f"{taken.at}"), "line": taken.line})
    return {"plain_imports": imports(needed), "settings": lines}
