"""Where moved code keeps its database: the extension or the session maker, and the base class of its models.

Read from the moved and shared texts themselves, so that the service is tied together as the monolith is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import msgspec

from decompose.errors import RefusedInput
from decompose.generate.source_models import Models
from decompose.model.service import ServicePlan

_MAKERS = {"sqlalchemy.orm.scoped_session": 0, "sqlalchemy.orm.sessionmaker": 1, "sqlalchemy.orm.session.sessionmaker": 1}
"""What makes sessions; of several the lower number is what code uses."""

_BASES = {"sqlalchemy.orm.declarative_base", "sqlalchemy.ext.declarative.declarative_base", "sqlalchemy.orm.decl_api.declarative_base"}
_ROOTS = {"sqlalchemy.orm.DeclarativeBase", "sqlalchemy.orm.DeclarativeBaseNoMeta"}


class Database(msgspec.Struct, frozen=True):
    """``extension`` is the dotted name of a Flask-SQLAlchemy object, ``""`` for plain SQLAlchemy; then ``maker`` is that of what makes sessions.

    ``base`` is the dotted name of the class that models derive from, ``scoped`` whether ``maker`` keeps a session per thread.
    """

    base: str
    extension: str = ""
    maker: str = ""
    scoped: bool = False

    @property
    def root(self) -> str:
        """What has to be imported for ``base``: the extension of ``db.Model``, else the class itself."""
        return self.extension or self.base


def texts(plan: ServicePlan) -> dict[str, bytes]:
    """The moved and shared Python texts by module."""
    return {
        each.module: plan.sources[each.path]
        for each in plan.context.placements
        if each.action in ("move", "share") and each.path in plan.sources and each.path.endswith(".py")
    }


def models_of(plan: ServicePlan) -> Models:
    """The classes of the moved and shared texts."""
    packages = frozenset(each.module for each in plan.context.placements if each.path.endswith("/__init__.py"))
    return Models(texts(plan), packages)


def database_of(plan: ServicePlan) -> Database:
    """The database of a service. Raises :class:`RefusedInput` when moved code has none that is known."""
    models = models_of(plan)
    made = {f"{module}.{name}": models.called(module, call) for module, text in sorted(texts(plan).items()) for name, call in _assigned(text)}
    extension = next((name for name, function in made.items() if _is_extension(models, function)), "")
    if extension:
        return Database(f"{extension}.Model", extension)
    bases = [name for name, function in made.items() if function in _BASES] + [name for name in models.classes() if set(models.parents(name)) & _ROOTS]
    makers = sorted((_MAKERS[function], name) for name, function in made.items() if function in _MAKERS)
    if not bases or not makers:
        missing = "base class of its models" if not bases else "session maker"
        raise RefusedInput(
            f"the moved code of {plan.context.name} has no {missing} that is known",
            hint="Flask-SQLAlchemy's SQLAlchemy(), or a DeclarativeBase and a sessionmaker() at the top of a module that moves or is shared",
        )
    rank, maker = makers[0]
    return Database(bases[0], maker=maker, scoped=rank == 0)


def extensions_of(plan: ServicePlan) -> list[tuple[str, str]]:
    """Flask's other extensions that moved and shared modules make, as dotted name and class."""
    models = models_of(plan)
    found = []
    for module, text in sorted(texts(plan).items()):
        for name, call in _assigned(text):
            function = models.called(module, call)
            if function.startswith("flask_") and not _is_extension(models, function):
                found.append((f"{module}.{name}", function))
    return found


_ANSWERING = frozenset({"errorhandler", "register_error_handler", "exception_handler", "add_exception_handler"})


def error_handlers_of(plan: ServicePlan) -> list[str]:
    """Moved and shared functions that tell an application what to answer for exceptions: they take the application and nothing else."""
    functions = ((module, node) for module, text in sorted(texts(plan).items()) for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))
    return [f"{module}.{node.name}" for module, node in functions if len(node.args.args) == 1 and _answers_errors(node, node.args.args[0].arg)]


def _answers_errors(node: ast.FunctionDef, application: str) -> bool:
    return any(
        isinstance(each, ast.Attribute) and each.attr in _ANSWERING and isinstance(each.value, ast.Name) and each.value.id == application for each in ast.walk(node)
    )


def _is_extension(models: Models, function: str) -> bool:
    return function == "flask_sqlalchemy.SQLAlchemy" or any(parent == "flask_sqlalchemy.SQLAlchemy" for parent in models.ancestors(function))


def _assigned(text: bytes) -> Iterator[tuple[str, ast.Call]]:
    """Names that a module binds to the result of a call."""
    for node in ast.parse(text).body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or not isinstance(node.value, ast.Call):
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if isinstance(target, ast.Name):
            yield target.id, node.value
