"""SQL in strings: the tables it reads and writes, by sqlglot.

A string counts as SQL when it stands where SQL is expected (``cursor.execute``, ``text()``, ``RunSQL``), or when it is written as people
write SQL and not as prose. Holes (``{}``) make an access uncertain, and a hole in the place of a table is reported as unresolved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from decompose.link.expressions import last_name, source
from decompose.link.program import Program
from decompose.model.facts import Access, Fact, StringReference, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import (
    Bound,
    Call,
    Chain,
    Constant,
    Expression,
    ModuleSummary,
    Operation,
    Template,
    Text,
    Use,
)

if TYPE_CHECKING:
    from sqlglot import exp

_CONTEXTS = frozenset(
    {
        "execute", "executemany", "executescript", "raw", "text", "RawSQL", "RunSQL", "read_sql", "read_sql_query", "fetch", "fetchrow",
        "fetchval", "fetch_all", "fetch_one", "mogrify", "exec_driver_sql", "DDL", "SQL", "copy_expert", "execute_sql", "sql", "scalar",
        "query", "select_one", "fetchone", "fetchall", "run_sql", "from_statement",
    }
)  # fmt: skip
"""Names of calls whose string arguments are SQL. ``query`` and ``sql`` only count with a string that begins as SQL does."""

_CURSORS = re.compile(r"(?:^|_)(?:cur|cursor|conn|connection|curs|engine|dbapi_conn|dbapi_connection)\d*$", re.IGNORECASE)
_BEGIN = re.compile(r"[\s(]*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*(SELECT|INSERT|UPDATE|DELETE|WITH|CREATE|ALTER|DROP|TRUNCATE|MERGE|REPLACE|LOCK|COPY)\b", re.IGNORECASE | re.DOTALL)  # fmt: skip
_PROSE = frozenset({"the", "a", "an", "this", "that", "your", "our", "their", "list", "it", "its", "which", "here", "there", "all", "one", "them", "these", "any", "and", "or", "of", "to"})  # fmt: skip
_CATALOGS = re.compile(r"^(?:pg_|sqlite_|information_schema|mysql\.|sys\.|performance_schema|dual$|v\$)", re.IGNORECASE)
_HOLE = "hole__"
_DIALECTS = ("", "postgres", "mysql", "sqlite", "tsql", "oracle")
_LONGEST = 20_000


class Named(msgspec.Struct, frozen=True):
    """A table that a statement names; ``write`` when the statement changes it."""

    table: str
    write: bool


class Parsed(msgspec.Struct, frozen=True):
    """What a text means: the tables it names and whether a table's place is a hole. ``error`` is not empty when it is no SQL we know."""

    tables: tuple[Named, ...] = ()
    hole: bool = False
    error: str = ""


class Evidence:
    """Strings that are passed to something that takes SQL: by value for each module, and by the binding that holds them."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.values: dict[str, set[str]] = {}
        self.places: dict[str, list[tuple[str, Location]]] = {}
        for module, use in program.uses.calling(_CONTEXTS):
            values = self.values.setdefault(module.name, set())
            for index, step in enumerate(use.chain.steps):
                if isinstance(step, Call) and _takes_sql(use, index):
                    for each in (*step.arguments[:2], *(value for _, value in step.keywords)):
                        self._collect(each, use, module, values)

    def _collect(self, expression: Expression, use: Use, module: ModuleSummary, values: set[str]) -> None:
        if isinstance(expression, Constant) and isinstance(expression.value, str):
            values.add(expression.value)
        elif isinstance(expression, Template):
            values.add(expression.text)
        elif isinstance(expression, Operation):
            for each in expression.operands:
                self._collect(each, use, module, values)
        elif isinstance(expression, Chain):
            state, rest = self.program.head(expression)
            if state.kind == "binding":
                place = (use.scope or module.name, self.program.at(module.name, use.span.line))
                held = self.places.setdefault(state.id, [])
                if place not in held:
                    held.append(place)
            for step in rest:
                if isinstance(step, Call):
                    for each in step.arguments[:1]:
                        self._collect(each, use, module, values)


def detect(program: Program) -> Iterator[Fact]:
    """Accesses and references of all SQL in strings; statements that are computed or not understood as unresolved.

    SQL in a constant is read and written by whoever passes the constant on; by the module when nobody does.
    """
    known: dict[str, Parsed] = {}
    evidence = Evidence(program)
    for module in program.modules.values():
        holders: dict[str, list[str]] = {}
        for binding in module.bindings:
            value = binding.value
            text = value.value if isinstance(value, Constant) else value.text if isinstance(value, Template) else None
            if isinstance(text, str):
                holders.setdefault(text, []).append(f"{binding.scope or module.name}.{binding.name}")
        for text_ in module.texts:
            places = [place for id in holders.get(text_.value, ()) for place in evidence.places.get(id, ())]
            evident = bool(places) or text_.value in evidence.values.get(module.name, ())
            yield from _stated(program, module, text_, evident, places, known)
    yield from _computed(program)


def _takes_sql(use: Use, index: int) -> bool:
    before = use.chain.steps[index - 1] if index else None
    name = before if isinstance(before, str) else use.chain.root.rpartition(".")[2] if index == 0 else ""
    return name in _CONTEXTS


def _stated(
    program: Program, module: ModuleSummary, text: Text, evident: bool, places: list[tuple[str, Location]], known: dict[str, Parsed]
) -> Iterator[Fact]:
    if len(text.value) > _LONGEST or not _BEGIN.match(text.value):
        return
    if not evident and not _written_as_sql(text.value):
        return
    parsed = known.get(text.value)
    if parsed is None:
        parsed = known[text.value] = parse(text.value)
    at = program.at(module.name, text.line)
    scope = text.scope or module.name
    if parsed.error:
        if evident or text.value[:1].isupper():
            yield Unresolved("sql", _short(text.value), parsed.error, at)
        return
    if not evident and any(named.table.lower() in _PROSE for named in parsed.tables):
        return
    if parsed.hole:
        yield Unresolved("sql", _short(text.value), "the name of a table is computed", at)
    for definition, place in places or [(scope, at)]:
        for named in dict.fromkeys(parsed.tables):
            yield Access(definition, named.table, "write" if named.write else "read", place, "sql", not text.holes)
    for table in dict.fromkeys(named.table for named in parsed.tables):
        yield StringReference(scope, "sql", _short(text.value), table, at)


def _written_as_sql(value: str) -> bool:
    """Capital keywords, or small ones together with marks that prose does not have in these places."""
    begin = _BEGIN.match(value)
    assert begin is not None
    if begin.group(1).isupper():
        return re.search(r"\b(?:FROM|INTO|SET|TABLE|INDEX|VIEW|JOIN|TABLES|SELECT|TRIGGER|FUNCTION|EXTENSION|SEQUENCE|SCHEMA|TYPE)\b", value) is not None or begin.group(1) in ("TRUNCATE", "COPY")  # fmt: skip
    return re.search(r"[=*()]|%s|\?|:\w", value) is not None and not re.search(r"[.!?]\s*$", value)


def _short(value: str) -> str:
    return " ".join(value.split())[:160]


# --- parsing -----------------------------------------------------------------------------------

_PLACEHOLDERS = re.compile(r"%\(\w+\)s|%s|%d|\$\d+")


def parse(value: str) -> Parsed:
    """The tables that SQL text names. Never raises for what the text holds."""
    import logging

    import sqlglot
    from sqlglot.errors import ErrorLevel, SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    # A placeholder becomes a value and a hole becomes a name, since that is legal in most places.
    ready = _PLACEHOLDERS.sub("NULL", value).replace("%%", "%").replace("'{}'", "''").replace("{}", f" {_HOLE} ")
    ready = re.sub(rf"(\w|\.|\")\s+{_HOLE}\s+(?=\w)", rf"\1 {_HOLE} ", ready)
    reason = ""
    for dialect in _DIALECTS:
        try:
            statements = sqlglot.parse(ready, read=dialect or None, error_level=ErrorLevel.RAISE)
        except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
            reason = reason or _reason(error)
            continue
        found = [statement for statement in statements if statement is not None]
        if not found or all(statement.key == "command" for statement in found):
            reason = reason or "a statement that sqlglot does not take apart"
            continue
        return _tables(found)
    return Parsed(error=f"not understood by the SQL parser: {reason}")


def _reason(error: Exception) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip().splitlines()
    return text[0][:100] if text else type(error).__name__


def _tables(statements: Sequence[exp.Expr]) -> Parsed:
    from sqlglot import exp

    found: dict[Named, None] = {}
    hole = False
    for statement in statements:
        local = {cte.alias_or_name.lower() for cte in statement.find_all(exp.CTE)}
        written = _written(statement)
        other = {id(target) for node in statement.find_all(exp.Create, exp.Drop) if not _of_table(node) for target in _targets(node)}
        for table in statement.find_all(exp.Table):
            name = table.name
            if not name or id(table) in other or not isinstance(table.this, exp.Identifier):
                continue
            if _HOLE in name or _HOLE in table.db:
                hole = True
                continue
            full = f"{table.db}.{name}" if table.db else name
            if (not table.db and name.lower() in local) or _CATALOGS.match(full):
                continue
            found.setdefault(Named(full, id(table) in written))
    return Parsed(tuple(found), hole)


def _of_table(node: exp.Expr) -> bool:
    """Whether a definition names a table where it names its target: an index, for one, is dropped by its own name."""
    from sqlglot import exp

    kind = str(node.args.get("kind") or "").upper()
    return kind in ("TABLE", "VIEW") or (kind == "INDEX" and isinstance(node, exp.Create))


def _targets(node: exp.Expr) -> list[object]:
    from sqlglot import exp

    if isinstance(node, exp.TruncateTable):
        return [*node.expressions]
    return [*(node.args.get("tables") or ()), *([node.this] if node.this is not None else [])]


def _written(statement: exp.Expr) -> set[int]:
    """Identities of the table nodes that a statement (or a part of it) changes."""
    from sqlglot import exp

    changing = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Copy)
    found: set[int] = set()
    for node in statement.find_all(*changing):
        for target in _targets(node):
            if isinstance(target, exp.Index):
                target = target.args.get("table")
            if isinstance(target, exp.Schema):
                target = target.this
            if isinstance(target, exp.Table):
                found.add(id(target))

    return found


# --- computed statements -----------------------------------------------------------------------


_EXECUTES = frozenset({"execute", "executemany", "executescript", "RunSQL", "RawSQL", "raw"})


def _computed(program: Program) -> Iterator[Unresolved]:
    """``cursor.execute(query)`` where the text does not say what ``query`` is."""
    for module, use in program.uses.calling(_EXECUTES):
        chain = use.chain
        call = chain.steps[-1]
        if not isinstance(call, Call) or not call.arguments or last_name(chain) not in _EXECUTES:
            continue
        given = call.arguments[0]
        if not isinstance(given, Chain) or given.origin not in ("parameter", "local"):
            continue
        if _is_cursor(chain):
            yield Unresolved("sql", source(chain)[:160], "the statement is computed", program.at(module.name, use.span.line))


def _is_cursor(chain: Chain) -> bool:
    """Whether the receiver is a database cursor or connection by its name or the call that made it."""
    if last_name(chain) in ("RunSQL", "RawSQL"):
        return True
    names = [step for step in chain.steps[:-2] if isinstance(step, str)]
    names += [step.variable for step in chain.steps if isinstance(step, Bound)]
    return any(_CURSORS.search(name) for name in (*names, chain.root.rpartition(".")[2]))
