"""Alembic: the tables that a migration creates, changes, drops and fills.

What a migration executes in SQL or Core is followed like any other statement.
"""

from __future__ import annotations

from collections.abc import Iterator

from decompose.link.expressions import argument, elements, keyword, source
from decompose.link.objects import text
from decompose.link.program import Program
from decompose.model.facts import Access, Fact, Mode, Unresolved
from decompose.model.syntax import Bound, Call, Chain, Expression, Item, ModuleSummary, Use

_TABLE_FIRST = frozenset(
    {"create_table", "drop_table", "add_column", "drop_column", "alter_column", "bulk_insert", "batch_alter_table", "create_table_comment", "drop_table_comment"}
)  # fmt: skip
"""Operations whose first argument is the table; a column's are told by ``batch_alter_table`` when they stand in its block."""

_TABLE_SECOND = frozenset(
    {"create_index", "drop_index", "create_foreign_key", "create_unique_constraint", "create_check_constraint", "create_primary_key", "create_exclude_constraint", "drop_constraint"}
)  # fmt: skip
"""Operations that name an index or constraint first."""

_OPERATIONS = _TABLE_FIRST | _TABLE_SECOND | {"rename_table"}
_NAMES = ("table_name", "source_table", "old_table_name", "table")


def detect_migrations(program: Program) -> Iterator[Fact]:
    """Accesses of Alembic's operations; an operation on a computed table is unresolved."""
    if "alembic" not in program.imported:
        return
    for module, use in program.uses.calling(_OPERATIONS):
        if use.chain.origin == "global" and use.chain.root.startswith("alembic"):
            yield from _operated(program, module, use)


def _operated(program: Program, module: ModuleSummary, use: Use) -> Iterator[Fact]:
    calls = [
        (name, call) for name, call in zip(use.chain.steps, use.chain.steps[1:], strict=False) if isinstance(name, str) and isinstance(call, Call) and name in _OPERATIONS
    ]  # fmt: skip
    if not calls or calls[-1][1] is not use.chain.steps[-1]:
        return
    name, call = calls[-1]
    at, scope = program.at(module.name, use.span.line), use.scope or module.name
    for given, mode in _touched(name, call, calls[0][1] if len(calls) > 1 else None):
        tables = _named(program, given, module, use)
        if not tables:
            yield Unresolved("data access", source(use.chain)[:120], "which table the migration changes is computed", at)
        schema = text(program, keyword(calls[0][1], "schema", "source_schema"), module, use)
        for table in tables:
            yield Access(scope, f"{schema}.{table}" if schema and "." not in table else table, mode, at, "core")


def _touched(name: str, call: Call, batch: Call | None) -> Iterator[tuple[Expression | None, Mode]]:
    """The arguments that name tables, and whether each is changed or only referred to; ``batch`` names the table of a block's operations."""
    if batch is not None:
        yield argument(batch, 0, "table_name"), "write"
        if name == "create_foreign_key":
            yield argument(call, 1, "referent_table"), "read"
        return
    yield argument(call, 1 if name in _TABLE_SECOND else 0, *_NAMES), "write"
    if name == "create_foreign_key":
        yield argument(call, 2, "referent_table"), "read"
    elif name == "rename_table":
        yield argument(call, 1, "new_table_name"), "write"


def _named(program: Program, given: Expression | None, module: ModuleSummary, use: Use) -> tuple[str, ...]:
    """The tables that an argument means: a name, each name of a list that a loop goes over, or ``table("orders", ...)``."""
    name = text(program, given, module, use)
    if name is not None:
        return (name,)
    if not isinstance(given, Chain):
        return ()
    held = program.value(program.head(given)[0].id) if given.origin == "global" and not given.steps else given
    if isinstance(held, Chain):
        call = next((step for step in held.steps if isinstance(step, Call)), None)
        if call is not None and program.head(held)[0].id.rpartition(".")[2] in ("table", "Table"):
            named = text(program, argument(call, 0, "name"), module, use)
            return (named,) if named is not None else ()
    steps = tuple(step for step in given.steps if not isinstance(step, Bound))
    if steps and isinstance(steps[-1], Item) and steps[-1].key is None:
        names = [text(program, each) for each in elements(program, Chain(given.root, given.origin, steps[:-1])) or ()]
        return tuple(each for each in names if each is not None) if None not in names else ()
    return ()
