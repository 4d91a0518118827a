"""Which names of the target mean SQLAlchemy: its own, those of its companions, and ``db.X`` of Flask-SQLAlchemy."""

from __future__ import annotations

from typing import Literal

from decompose.link.expressions import first_call, last_name
from decompose.link.program import Program, State, Step
from decompose.model.syntax import Call, Chain, Expression

FAMILY = frozenset(
    {
        "sqlalchemy", "sqlmodel", "flask_sqlalchemy", "flask_sqlalchemy_lite", "quart_sqlalchemy", "sqlalchemy_utils", "geoalchemy2",
        "advanced_alchemy", "sqla_wrapper", "pgvector", "fastapi_users_db_sqlalchemy", "fastapi_users", "sqlalchemy_json",
        "flask_appbuilder", "sqlalchemy_mptt", "sqlalchemy_continuum", "alembic",
    }
)  # fmt: skip
"""Packages whose names mean what the same names mean in SQLAlchemy."""

EXTENSIONS = frozenset({"flask_sqlalchemy", "quart_sqlalchemy", "flask_sqlalchemy_lite", "sqla_wrapper"})

Root = Literal["plain", "flask", "sqlmodel", "alchemy"]
"""How a declarative base names its tables: not at all, as Flask-SQLAlchemy, as SQLModel, as Advanced Alchemy."""

_BASES: dict[str, Root] = {
    "DeclarativeBase": "plain",
    "DeclarativeBaseNoMeta": "plain",
    "AutomapBase": "plain",
    "SQLModel": "sqlmodel",
    "DefaultBase": "alchemy",
    "UUIDBase": "alchemy",
    "UUIDAuditBase": "alchemy",
    "UUIDv6Base": "alchemy",
    "UUIDv7Base": "alchemy",
    "BigIntBase": "alchemy",
    "BigIntAuditBase": "alchemy",
    "CommonTableAttributes": "alchemy",
}
_MAKERS = frozenset({"declarative_base", "generate_base", "automap_base", "make_declarative_base", "get_declarative_base"})


class Names:
    """What dotted names mean; answers are cached. ``present`` is false when the target does not use SQLAlchemy at all."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.present = any(
            imported.module.split(".", 1)[0] in FAMILY for module in program.modules.values() for imported in module.imports
        )
        self._extensions: dict[str, bool] = {}
        self._meanings: dict[str, str] = {}
        self._roots: dict[str, Root | None] = {}
        self._stars = {
            module.name
            for module in program.modules.values()
            for imported in module.imports
            if imported.name == "*" and imported.module.split(".", 1)[0] in FAMILY
        }

    def is_extension(self, id: str) -> bool:
        """Whether a binding holds a Flask-SQLAlchemy object (``db``)."""
        known = self._extensions.get(id)
        if known is None:
            self._extensions[id] = False
            known = self._extensions[id] = self._holds_extension(self.program.evaluate_binding(id))
        return known

    def _holds_extension(self, state: State) -> bool:
        if state.kind in ("result", "instance") and state.id.split(".", 1)[0] in EXTENSIONS:
            return True
        if state.kind == "instance":
            return any(each.split(".", 1)[0] in EXTENSIONS for each in self.program.ancestors(state.id))
        return False

    def extension_of(self, dotted: str) -> str:
        """What follows the Flask-SQLAlchemy object in ``module.db.Model``; ``""`` when there is no such object."""
        prefix, _, rest = dotted.rpartition(".")
        while prefix and "." in prefix:
            if self.is_extension(prefix):
                return rest
            prefix, _, last = prefix.rpartition(".")
            rest = f"{last}.{rest}"
        return ""

    def meaning(self, dotted: str) -> str:
        """SQLAlchemy's name for a dotted one (``Column``, ``func``, ``session``); ``""`` when it is not SQLAlchemy's."""
        known = self._meanings.get(dotted)
        if known is None:
            known = self._meanings[dotted] = self._meaning(dotted)
        return known

    def _meaning(self, dotted: str) -> str:
        package = dotted.split(".", 1)[0]
        if package in FAMILY:
            parts = dotted.split(".")
            return "func" if "func" in parts[1:] else parts[-1]
        rest = self.extension_of(dotted)
        if rest:
            parts = rest.split(".")
            return "func" if "func" in parts else parts[-1]
        module, _, last = dotted.rpartition(".")
        if module in self._stars:
            return last
        return ""

    def called(self, chain: Expression | None) -> tuple[str, tuple[Step, ...]]:
        """SQLAlchemy's name at the head of a chain and the steps after it; ``("", ())`` when there is none.

        A project's own subclass of a construct (``class Column(sa.Column)``) has the construct's name.
        """
        if not isinstance(chain, Chain) or chain.origin not in ("global", "instance"):
            return "", ()
        state, rest = self.program.head(chain)
        if state.kind == "external":
            return self.meaning(state.id), rest
        if state.kind == "binding":
            names: list[str] = []
            for step in rest:
                if not isinstance(step, str):
                    break
                names.append(step)
            dotted = ".".join((state.id, *names))
            if names and self.is_extension(state.id):
                return self.meaning(dotted), rest[len(names) :]
            alias = self.program.value(state.id)
            prepared = self._prepared(alias, rest)
            if prepared is not None:
                return prepared
            if isinstance(alias, Chain) and not any(isinstance(step, Call) for step in alias.steps) and alias != chain:
                name, further = self.called(alias)
                if name and not further:
                    return name, rest
            return "", rest
        if state.kind == "class":
            for ancestor in self.program.ancestors(state.id):
                name = self.meaning(ancestor)
                if name:
                    return name, rest
        return "", rest

    def _prepared(self, alias: Expression | None, rest: tuple[Step, ...]) -> tuple[str, tuple[Step, ...]] | None:
        """``Column(...)`` after ``Column = functools.partial(db.Column, nullable=False)``: the call with what was given before."""
        if not isinstance(alias, Chain) or not rest or not isinstance(rest[0], Call):
            return None
        state, steps = self.program.head(alias)
        made = steps[0] if len(steps) == 1 else None
        if state.id != "functools.partial" or not isinstance(made, Call) or not made.arguments:
            return None
        name, further = self.called(made.arguments[0])
        if not name or further:
            return None
        given = {**dict(made.keywords), **dict(rest[0].keywords)}
        return name, (Call((*made.arguments[1:], *rest[0].arguments), tuple(given.items())), *rest[1:])

    def call(self, expression: Expression | None, *names: str) -> Call | None:
        """The call in ``Column(...)`` when the expression is a call of one of SQLAlchemy's names."""
        name, rest = self.called(expression)
        if name in names and rest and isinstance(rest[0], Call):
            return rest[0]
        return None

    # --- declarative bases ----------------------------------------------------------------------

    def root(self, base: str) -> Root | None:
        """The kind of declarative base that a direct base of a class is, ``None`` when it is none."""
        if base not in self._roots:
            self._roots[base] = None
            self._roots[base] = self._root(base)
        return self._roots[base]

    def _root(self, base: str) -> Root | None:
        program = self.program
        definition = program.definition(base)
        if definition is not None:
            for decorator in definition.decorators:
                if isinstance(decorator, Chain):
                    name = last_name(decorator)
                    if name in ("as_declarative", "as_declarative_base"):
                        return "plain"
            # A direct subclass of DeclarativeBase is a base itself, never mapped.
            direct = any(self.meaning(each) in ("DeclarativeBase", "DeclarativeBaseNoMeta") for each in self.program.bases(base))
            return "plain" if direct else None
        if base.endswith("()"):
            return "plain" if base[:-2].rpartition(".")[2] in _MAKERS and self.present else None
        meaning = self.meaning(base)
        if meaning in _BASES:
            return _BASES[meaning]
        if meaning == "Model" and (self.extension_of(base) or base.split(".", 1)[0] in ("flask_appbuilder",)):
            return "flask" if self.extension_of(base) else "plain"
        value = program.value(base)
        if isinstance(value, Chain):
            return self._made(value)
        return None

    def _made(self, value: Chain) -> Root | None:
        """The base in ``Base = declarative_base()``, ``registry().generate_base()`` or ``Base = db.make_declarative_base(...)``."""
        if not any(isinstance(step, Call) for step in value.steps):
            state, rest = self.program.head(value)
            dotted = ".".join((state.id, *(step for step in rest if isinstance(step, str))))
            return self.root(dotted) if dotted != state.id or state.kind == "external" else None
        if last_name(value) in _MAKERS:
            return "plain"
        return None

    def maker_call(self, base: str) -> Call | None:
        """The call that made a base held by a binding, or the Flask-SQLAlchemy object that the base belongs to."""
        value = self.program.value(base.removesuffix(".Model") if self.extension_of(base) == "Model" else base)
        return first_call(value.steps) if isinstance(value, Chain) else None
