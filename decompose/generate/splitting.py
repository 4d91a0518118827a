"""Migrations of the monolith that let go of a moved table: keys across the cut without constraint, then tables dropped.

A migration is written once and is numbered after the last one of its app; on a later run it is found by its name.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from decompose.generate.layout import WIDTH, double_quoted, items
from decompose.generate.migrations import relation
from decompose.generate.render import Render
from decompose.generate.source_models import Models
from decompose.model.artifacts import Artifact
from decompose.model.facts import ForeignKey, Table
from decompose.model.migration import MigrationPlan

UNCONSTRAINED = "keys_without_constraint"
RETIRED = "tables_dropped"


class Operation(msgspec.Struct, frozen=True):
    """One operation of a migration: its class, its keyword arguments as source and the modules that these need."""

    kind: str
    arguments: tuple[tuple[str, str], ...]
    modules: frozenset[str] = frozenset()


def crossing(migration: MigrationPlan, context: str) -> tuple[ForeignKey, ...]:
    """The foreign keys between tables of the context and tables of the monolith that stay, in both directions."""
    own = {table.id for each in migration.contexts if each.name == context for table in each.tables}
    known = {key for each in migration.contexts for key in each.foreign_keys}
    tables = {table.id for table in migration.tables}
    found = [key for key in known if (key.table in own) != (key.target in own) and key.table in tables]
    return tuple(sorted(found, key=lambda key: (key.at, key.table, key.field)))


def without_constraint(
    migration: MigrationPlan, context: str, keys: Iterable[ForeignKey], models: Models
) -> Iterator[tuple[str, Operation | ForeignKey]]:
    """What the migration of each app does, by app label; a key itself where its declaration cannot be read.

    ``models`` are the texts as they are after the keys were rewritten.
    """
    tables = {table.id: table for table in migration.tables}
    labels = {table.id: table.label for table in migration.tables if table.label}
    for key in keys:
        table = tables.get(key.table)
        declared = models.field(table.model, key.field) if table is not None and table.model else None
        if table is None or declared is None or not table.label:
            yield "", key
            continue
        if any(keyword.arg == "through" for keyword in declared[1].keywords):
            continue  # the keys of the model in between are fields of their own
        app, _, name = table.label.partition(".")
        field = relation(models, *declared, table, key, labels, migration.project.user_model)
        arguments = (("model_name", f'"{name.lower()}"'), ("name", f'"{key.field}"'), ("field", field.text))
        yield app, Operation("AlterField", arguments, field.modules)


def dropped(tables: Sequence[Table], keys: Iterable[ForeignKey]) -> Iterator[tuple[str, Operation]]:
    """The operations that drop tables, by app label: those that others point at go last; keys in a circle go before."""
    waiting = {table.id: table for table in tables if table.model}
    pointed = [(key.table, key.target, key.field) for key in keys if key.kind != "many-to-many" and key.table != key.target]
    while waiting:
        free = [id for id in sorted(waiting) if not any(target == id and source in waiting for source, target, _ in pointed)]
        if not free:
            source, target, field = next(each for each in sorted(pointed) if each[0] in waiting and each[1] in waiting)
            app, _, name = waiting[source].label.partition(".")
            yield app, Operation("RemoveField", (("model_name", f'"{name.lower()}"'), ("name", f'"{field}"')))
            pointed.remove((source, target, field))
            continue
        for id in free:
            app, _, name = waiting.pop(id).label.partition(".")
            yield app, Operation("DeleteModel", (("name", f'"{name}"'),))


# --- files --------------------------------------------------------------------------------------------


def numbered(app: str, names: Mapping[str, bytes], purpose: str) -> tuple[str, str]:
    """The name of a new migration and the one that it comes after, from the texts of an app's migrations by name.

    One with the same purpose that is there already keeps its name and its place. Raises :class:`ValueError` when it is not clear
    which migration is the last.
    """
    existing = [name for name in sorted(names) if name.endswith(f"_{purpose}")]
    if existing:
        return existing[0], next(_named(names[existing[0]], "dependencies", app), "")
    before = {each for text in names.values() for each in (*_named(text, "dependencies", app), *_named(text, "replaces", app))}
    last = [name for name in sorted(names) if name not in before]
    if len(last) != 1:
        raise ValueError("it has no migration yet" if not names else f"it has several last migrations: {', '.join(last)}")
    numbers = [int(found[0]) for name in names if (found := re.match(r"\d+", name))]
    return f"{max(numbers, default=0) + 1:04}_{purpose}", last[0]


def _named(text: bytes, attribute: str, app: str) -> Iterator[str]:
    """The migrations of the app that a migration names in ``dependencies`` or ``replaces``."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == attribute for target in node.targets):
            pairs = [each.elts for each in ast.walk(node.value) if isinstance(each, ast.Tuple) and len(each.elts) == 2]
            yield from (
                str(name.value)
                for label, name in pairs
                if isinstance(label, ast.Constant) and label.value == app and isinstance(name, ast.Constant)
            )


def file(
    render: Render, path: str, app: str, after: str, operations: Sequence[Operation], title: str, context: str, step: str, user_model: str
) -> Artifact:
    """A migration of the monolith."""
    laid_out = [msgspec.structs.replace(each, arguments=tuple((name, _laid_out(name, value)) for name, value in each.arguments)) for each in operations]
    text = " ".join(value for operation in operations for _, value in operation.arguments)
    modules = sorted({module for operation in operations for module in operation.modules} - {"django.db.models", "django.conf"})
    swappable = bool(user_model) and "settings.AUTH_USER_MODEL" in text
    content = render(
        "service/django/split_migration.py.j2", app=app, after=after, operations=laid_out, title=title, modules=modules,
        settings="settings." in text, swappable=swappable, models="models." in text,
    )  # fmt: skip
    return Artifact(path, content, "once", context=context, step=step)


def _laid_out(name: str, value: str, indent: int = 12) -> str:
    """An argument's value, one argument of its own a line where it would be too long."""
    node = ast.parse(value, mode="eval").body
    if indent + len(name) + 2 + len(value) <= WIDTH or not isinstance(node, ast.Call):
        return value
    parts = [ast.unparse(each) for each in node.args]
    parts += [f"{each.arg}={ast.unparse(each.value)}" if each.arg else f"**{ast.unparse(each.value)}" for each in node.keywords]
    return ast.unparse(node.func) + items("(", [double_quoted(part) if "=" not in part else _double_quoted(part) for part in parts], ")", indent, WIDTH)


def _double_quoted(argument: str) -> str:
    name, _, value = argument.partition("=")
    return f"{name}={double_quoted(value)}"
