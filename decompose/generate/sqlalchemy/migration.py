"""The first revision of Alembic in the service: the tables as the models say, without the monolith's history.

What the facts know of a column (its name, whether it may be empty, what it points at) comes from them; its type, its defaults in the
database and the constraints of its table come from the model's own text, with every name made absolute, so that the revision means the
same whatever becomes of the models.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Iterable, Iterator

import msgspec

from decompose.generate.layout import double_quoted
from decompose.generate.render import Render, python_literal
from decompose.generate.source_models import Models
from decompose.generate.sqlalchemy.database import Database, database_of, models_of, texts
from decompose.generate.sqlalchemy.shadows import TYPES, shadow_columns
from decompose.model.artifacts import Artifact
from decompose.model.facts import Column, Table
from decompose.model.migration import Replica
from decompose.model.service import ServicePlan

_KEPT = ("unique", "index", "server_default", "autoincrement", "comment")
"""Options of a column that are the database's business; ``default`` and ``onupdate`` are Python's."""

_NO_TYPES = {"ForeignKey", "Identity", "Computed", "Sequence", "FetchedValue", "CheckConstraint", "mapped_column", "Column"}
_CONSTRAINTS = {"UniqueConstraint", "CheckConstraint", "Index", "PrimaryKeyConstraint", "ForeignKeyConstraint", "ExcludeConstraint"}


class Part(msgspec.Struct, frozen=True):
    """An argument of ``op.create_table`` as source, with the modules that it needs."""

    text: str
    modules: frozenset[str] = frozenset()


class Made(msgspec.Struct, frozen=True):
    """A table as the revision makes it. ``needs`` are the tables that its own keys point at."""

    name: str
    parts: tuple[Part, ...]
    needs: frozenset[str]
    keys: tuple[Key, ...] = ()


class Key(msgspec.Struct, frozen=True):
    """A foreign key of one column: ``options`` are further arguments as source."""

    table: str
    column: str
    target: str
    referred: str
    options: str = ""

    @property
    def name(self) -> str:
        return f"fk_{self.table}_{self.column}_{self.target}".replace(".", "_")[:63]

    @property
    def place(self) -> str:
        """The table as the first arguments of an operation."""
        schema, _, name = self.table.rpartition(".")
        return python_literal(name) + (f", schema={python_literal(schema)}" if schema else "")

    @property
    def target_name(self) -> str:
        return self.target.rpartition(".")[2]

    @property
    def late_options(self) -> str:
        """The options of a key that is made after its table."""
        schema = self.target.rpartition(".")[0]
        return self.options + (f", referent_schema={python_literal(schema)}" if schema else "")


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """Alembic's environment in the service's package, and ``0001``."""
    folder = f"{plan.root}/{plan.package}/migrations"
    values = {"package": plan.package, "name": plan.name}
    yield Artifact(f"{plan.root}/alembic.ini", render("service/sqlalchemy/alembic.ini.j2", **values), context=plan.context.name)
    yield Artifact(f"{folder}/env.py", render("service/sqlalchemy/env.py.j2", **values), context=plan.context.name)
    yield Artifact(f"{folder}/script.py.mako", render("service/sqlalchemy/script.py.mako"), context=plan.context.name)
    tables = [*_Reader(plan).tables(), *(_shadow(plan, each) for each in plan.context.replicas), _replies(plan)]
    ordered, late = _creation_order(tables)
    modules = {module for each in ordered for part in each.parts for module in part.modules}
    text = render(
        "service/sqlalchemy/migration.py.j2",
        imports=_imports(modules),
        schemas=sorted({schema for each in ordered if (schema := each.name.rpartition(".")[0])}),
        tables=[{"name": each.name.rpartition(".")[2], "schema": each.name.rpartition(".")[0], "parts": [_fitting(part) for part in _parts(each, late)]} for each in ordered],
        late=late,
    )
    yield Artifact(f"{folder}/versions/0001_initial.py", text, "merged", context=plan.context.name)


def reply_table(plan: ServicePlan) -> str:
    """The name of the table of replies to commands."""
    return f"{plan.package}_replies"[:63]


def _fitting(part: Part) -> str:
    text = f"{part.text},"
    return text if len(text) + 8 <= 100 else f"{text}  # fmt: skip"


def _parts(table: Made, late: list[Key]) -> list[Part]:
    """The arguments of a table; its keys stand in their columns, but for those that come later."""
    return [*table.parts, *(_constraint(key) for key in table.keys if key not in late)]


def _constraint(key: Key) -> Part:
    return Part(f"sa.ForeignKeyConstraint([{python_literal(key.column)}], [{python_literal(f'{key.target}.{key.referred}')}]{key.options})")


def _imports(modules: Iterable[str]) -> str:
    """The import lines of the revision."""
    third = ["import sqlalchemy as sa", "from alembic import op"]
    third += [f"from sqlalchemy.dialects import {each.rpartition('.')[2]}" for each in sorted(modules) if each.startswith("sqlalchemy.dialects.")]
    standard = sorted(f"import {each}" for each in modules if each in _STANDARD)
    own = sorted(f"import {each}" for each in modules if not each.startswith("sqlalchemy") and each not in _STANDARD)
    return "\n\n".join("\n".join(group) for group in (standard, third, own) if group)


_STANDARD = {"datetime", "decimal", "enum", "uuid", "json"}


def _shadow(plan: ServicePlan, replica: Replica) -> Made:
    parts = []
    keys = []
    for column in shadow_columns(plan, replica):
        options = "primary_key=True, autoincrement=False, nullable=False" if column.key else "nullable=True"
        parts.append(Part(f"sa.Column({python_literal(column.name)}, sa.{column.type}, {options})"))
        if column.target:
            target, _, referred = column.target.rpartition(".")
            keys.append(Key(replica.table, column.name, target, referred))
    return Made(replica.table, tuple(parts), frozenset(key.target for key in keys), tuple(keys))


def _replies(plan: ServicePlan) -> Made:
    columns = (
        'sa.Column("key", sa.String(64), primary_key=True, nullable=False)',
        'sa.Column("operation", sa.String(100), nullable=False)',
        'sa.Column("status", sa.Integer(), nullable=True)',
        'sa.Column("body", sa.LargeBinary(), nullable=False)',
        'sa.Column("created", sa.DateTime(), nullable=False, index=True)',
    )
    return Made(reply_table(plan), tuple(map(Part, columns)), frozenset())


class _Reader:
    """Reads the context's own tables from facts and texts."""

    def __init__(self, plan: ServicePlan) -> None:
        self._plan = plan
        self._models: Models = models_of(plan)
        self._database: Database = database_of(plan)
        self._trees = {module: ast.parse(text) for module, text in texts(plan).items()}
        self._present = {table.id for table in plan.context.tables} | {replica.table for replica in plan.context.replicas}
        self._primary = {table.id: next((c.name for c in table.columns if c.primary_key), "id") for table in plan.context.tables}
        self._primary |= {replica.table: replica.key.name for replica in plan.context.replicas}

    def tables(self) -> Iterator[Made]:
        for table in sorted(self._plan.context.tables, key=lambda each: each.id):
            declared = {} if table.model else self._plain_columns(table.id)
            parts = [self._column(table, column, declared) for column in table.columns]
            keys = tuple(self._keys(table, declared))
            parts += list(self._constraints(table))
            yield Made(table.id, tuple(parts), frozenset(key.target for key in keys), keys)

    # Columns -----------------------------------------------------------------------------------------

    def _plain_columns(self, id: str) -> dict[str, tuple[str, ast.Call]]:
        """The columns of ``Table("name", metadata, Column("x", ...))`` by name, each with its module."""
        for module, tree in sorted(self._trees.items()):
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and _last_name(node.func) == "Table" and node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == id.rpartition(".")[2]:
                    columns = [each for each in node.args if isinstance(each, ast.Call) and _last_name(each.func) == "Column"]
                    return {str(each.args[0].value): (module, each) for each in columns if each.args and isinstance(each.args[0], ast.Constant)}
        return {}

    def _declaration(self, table: Table, column: Column, declared: dict[str, tuple[str, ast.Call]]) -> tuple[str, ast.Call] | None:
        """The call that declares a column, and the place it stands in (``module:Class``)."""
        if not table.model:
            found = declared.get(column.name)
            return (f"{found[0]}:", found[1]) if found is not None else None
        found = self._models.field(table.model, column.field)
        if found is None:
            return None
        place, call = found
        if _last_name(call.func) in ("deferred", "column_property") and call.args and isinstance(call.args[0], ast.Call):
            call = call.args[0]
        return (place, call) if _last_name(call.func) in ("Column", "mapped_column") else None

    def _column(self, table: Table, column: Column, declared: dict[str, tuple[str, ast.Call]]) -> Part:
        modules: set[str] = set()
        found = self._declaration(table, column, declared)
        kind = self._type(found, modules) if found is not None else None
        if kind is None:
            kind = f"sa.{self._neutral(column)}"
        words = [python_literal(column.name), kind]
        options = {keyword.arg: keyword.value for keyword in found[1].keywords} if found is not None else {}
        place, arguments = (found[0], found[1].args) if found is not None else ("", [])
        made = [each for each in arguments if isinstance(each, ast.Call) and _last_name(each.func) in ("Identity", "Computed", "Sequence")]
        words += [self._source(place, each, modules) for each in made]
        if column.primary_key:
            words.append("primary_key=True")
        words.append(f"nullable={column.nullable and not column.primary_key}")
        for name in _KEPT:
            value = options.get(name)
            if value is not None and not (isinstance(value, ast.Constant) and value.value in (False, None)):
                words.append(f"{name}={self._source(place, value, modules)}")
        if column.unique and "unique" not in options and not column.primary_key:
            words.append("unique=True")
        return Part(f"sa.Column({', '.join(words)})", frozenset(modules))

    def _neutral(self, column: Column) -> str:
        if column.type == "string":
            return f"String({column.max_length})" if column.max_length else "String()"
        return "Numeric()" if column.type == "decimal" else TYPES[column.type]

    def _type(self, found: tuple[str, ast.Call], modules: set[str]) -> str | None:
        place, call = found
        given = next((keyword.value for keyword in call.keywords if keyword.arg == "type_"), None)
        for each in call.args if given is None else ():
            if isinstance(each, ast.Constant) or (isinstance(each, ast.Call) and _last_name(each.func) in _NO_TYPES):
                continue
            given = each
            break
        if given is None or isinstance(given, ast.Starred):
            return None
        text = self._source(place, given, modules)
        return text if "(" in text else f"{text}()"

    # Keys and constraints ----------------------------------------------------------------------------

    def _keys(self, table: Table, declared: dict[str, tuple[str, ast.Call]]) -> Iterator[Key]:
        seen: set[str] = set()
        for key in self._plan.context.foreign_keys:
            if key.table != table.id or key.kind == "many-to-many" or key.target not in self._present or not key.column or key.column in seen:
                continue
            seen.add(key.column)
            column = next((each for each in table.columns if each.name == key.column), None)
            found = self._declaration(table, column, declared) if column is not None else None
            yield Key(table.id, key.column, key.target, self._referred(found, key.target), self._key_options(found, key.on_delete))

    def _referred(self, found: tuple[str, ast.Call] | None, target: str) -> str:
        for each in ast.walk(found[1]) if found is not None else ():
            if isinstance(each, ast.Call) and _last_name(each.func) == "ForeignKey" and each.args and isinstance(each.args[0], ast.Constant):
                return str(each.args[0].value).rpartition(".")[2]
        return self._primary[target]

    def _key_options(self, found: tuple[str, ast.Call] | None, on_delete: str) -> str:
        options: dict[str, object] = {"ondelete": on_delete} if on_delete else {}
        for each in ast.walk(found[1]) if found is not None else ():
            if isinstance(each, ast.Call) and _last_name(each.func) == "ForeignKey":
                for keyword in each.keywords:
                    if keyword.arg in ("onupdate", "ondelete", "name", "deferrable", "initially") and isinstance(keyword.value, ast.Constant) and keyword.value.value is not None:
                        options[keyword.arg] = keyword.value.value
        return "".join(f", {name}={python_literal(value)}" for name, value in options.items())

    def _constraints(self, table: Table) -> Iterator[Part]:
        for place, each in self._table_arguments(table):
            if isinstance(each, ast.Call) and _last_name(each.func) in _CONSTRAINTS:
                modules: set[str] = set()
                yield Part(self._source(place, _columns_by_name(each), modules), frozenset(modules))

    def _table_arguments(self, table: Table) -> Iterator[tuple[str, ast.expr]]:
        if not table.model:
            for module, tree in sorted(self._trees.items()):
                for node in ast.walk(tree):
                    if isinstance(node, ast.Call) and _last_name(node.func) == "Table" and node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value == table.id:
                        yield from ((f"{module}:", each) for each in node.args[1:])
            return
        for module, node in self._models.lineage(table.model):
            for statement in node.body:
                if isinstance(statement, ast.Assign) and any(isinstance(each, ast.Name) and each.id == "__table_args__" for each in statement.targets):
                    if isinstance(statement.value, (ast.Tuple, ast.List)):
                        yield from ((f"{module}:{node.name}", each) for each in statement.value.elts)
                    return

    def _source(self, place: str, node: ast.expr, modules: set[str]) -> str:
        """An expression of ``place`` as it stands in the revision."""
        visitor = _Absolute(self._models, self._trees, self._database, place.partition(":")[0], modules)
        return double_quoted(ast.unparse(ast.fix_missing_locations(visitor.visit(copy.deepcopy(node)))))


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _columns_by_name(call: ast.Call) -> ast.Call:
    """``Index("ix", author_id)`` of a class body names the column as text."""
    args: list[ast.expr] = [ast.Constant(each.id) if isinstance(each, ast.Name) else each for each in call.args]
    return ast.Call(call.func, args, call.keywords)


class _Absolute(ast.NodeTransformer):
    """Names of a module made absolute: SQLAlchemy's own below ``sa``, constants of the project by their value."""

    def __init__(self, models: Models, trees: dict[str, ast.Module], database: Database, module: str, modules: set[str]) -> None:
        self._models = models
        self._trees = trees
        self._database = database
        self._module = module
        self.modules = modules

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        dotted = self._models.named(self._module, node)
        return self._named(dotted, node) if dotted else self.generic_visit(node)  # type: ignore[return-value]

    def visit_Name(self, node: ast.Name) -> ast.expr:
        dotted = self._models.dotted(self._module, node.id)
        return self._named(dotted, node) if dotted else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        if _last_name(node.func) == "Enum" and len(node.args) == 1 and not isinstance(node.args[0], ast.Constant):
            found = self._enumeration(self._models.named(self._module, node.args[0]))
            if found is not None and not any(keyword.arg == "values_callable" for keyword in node.keywords):
                name, members = found
                keywords = node.keywords if any(each.arg == "name" for each in node.keywords) else [*node.keywords, ast.keyword("name", ast.Constant(name))]
                return ast.Call(_dotted_node("sa.Enum"), [ast.Constant(each) for each in members], [self.visit(each) for each in keywords])
        self.generic_visit(node)
        return node

    def _enumeration(self, id: str) -> tuple[str, list[str]] | None:
        """The name and the members of an enumeration among the texts, as SQLAlchemy stores them."""
        found = self._models.classdef(id) if id else None
        if found is None or not any(parent.startswith("enum.") for parent in self._models.ancestors(id)):
            return None
        members = [target.id for each in found[1].body if isinstance(each, ast.Assign) for target in each.targets if isinstance(target, ast.Name)]
        return found[1].name.lower(), members

    def _named(self, dotted: str, node: ast.expr) -> ast.expr:
        if dotted.startswith(f"{self._database.extension}.") and self._database.extension:
            return _dotted_node(f"sa.{dotted.removeprefix(f'{self._database.extension}.')}")
        if dotted.startswith("sqlalchemy.dialects."):
            module, _, name = dotted.removeprefix("sqlalchemy.dialects.").partition(".")
            self.modules.add(f"sqlalchemy.dialects.{module}")
            return _dotted_node(f"{module}.{name.rpartition('.')[2]}")
        if dotted == "sqlalchemy" or dotted.startswith("sqlalchemy."):
            last = dotted.rpartition(".")[2]
            return _dotted_node("sa" if dotted == "sqlalchemy" else f"sa.func.{last}" if ".func." in dotted else f"sa.{last}")
        constant = self._constant(dotted)
        if constant is not None:
            return constant
        if dotted.partition(".")[0] in dir(builtins):
            return node
        module = max((each for each in self._trees if dotted.startswith(f"{each}.")), key=len, default=dotted.partition(".")[0])
        self.modules.add(module)
        return _dotted_node(dotted)

    def _constant(self, dotted: str) -> ast.expr | None:
        """The value of a name of the project that is bound to a literal or a type: it may change, the revision may not."""
        module, _, name = dotted.rpartition(".")
        for statement in self._trees[module].body if module in self._trees else ():
            if isinstance(statement, ast.Assign) and any(isinstance(each, ast.Name) and each.id == name for each in statement.targets):
                visitor = _Absolute(self._models, self._trees, self._database, module, self.modules)
                return visitor.visit(copy.deepcopy(statement.value))  # type: ignore[no-any-return]
        return None


def _dotted_node(dotted: str) -> ast.expr:
    return ast.parse(dotted, mode="eval").body


def _creation_order(tables: list[Made]) -> tuple[list[Made], list[Key]]:
    """Tables after those that their keys point at, and the keys that close a circle: they are made afterwards."""
    by_name = {table.name: table for table in tables}
    done: list[Made] = []
    late: list[Key] = []

    def place(name: str, path: tuple[str, ...]) -> None:
        if by_name[name] in done:
            return
        for key in by_name[name].keys:
            if key.target in (*path, name):
                if key.target != name and key not in late:
                    late.append(key)
            elif key.target in by_name:
                place(key.target, (*path, name))
        if by_name[name] not in done:
            done.append(by_name[name])

    for name in sorted(by_name):
        place(name, ())
    return done, late


