"""SQL in strings and in the ``.sql`` files that code names: the tables it reads and writes.

A string counts as SQL when it stands where SQL is expected (``cursor.execute``, ``text()``, ``RunSQL``), or when it is written as people
write SQL and not as prose. Holes (``{}``) make an access uncertain, and a hole in the place of a table is reported as unresolved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from decompose.detect.sql.statements import Parsed, parse
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
_LONGEST = 20_000


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
        stated = [text for text in module.texts if len(text.value) <= _LONGEST and _BEGIN.match(text.value)]
        holders = _holders(module, {text.value for text in stated}) if stated else {}
        for text in stated:
            places = [place for id in holders.get(text.value, ()) for place in evidence.places.get(id, ())]
            evident = bool(places) or text.value in evidence.values.get(module.name, ())
            yield from _stated(program, module, text, evident, places, known)
    yield from _computed(program)
    if program.sql:
        yield from _files(program)


def _holders(module: ModuleSummary, texts: set[str]) -> dict[str, list[str]]:
    """The names of a module that hold one of the texts."""
    holders: dict[str, list[str]] = {}
    for binding in module.bindings:
        value = binding.value
        text = value.value if isinstance(value, Constant) else value.text if isinstance(value, Template) else None
        if isinstance(text, str) and text in texts:
            holders.setdefault(text, []).append(f"{binding.scope or module.name}.{binding.name}")
    return holders


def _takes_sql(use: Use, index: int) -> bool:
    before = use.chain.steps[index - 1] if index else None
    name = before if isinstance(before, str) else use.chain.root.rpartition(".")[2] if index == 0 else ""
    return name in _CONTEXTS


def _stated(
    program: Program, module: ModuleSummary, text: Text, evident: bool, places: list[tuple[str, Location]], known: dict[str, Parsed]
) -> Iterator[Fact]:
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


# --- computed statements -----------------------------------------------------------------------


def _computed(program: Program) -> Iterator[Unresolved]:
    """``cursor.execute(query)`` where the text does not say what ``query`` is."""
    for module, use in program.uses.calling(("execute", "executemany", "executescript", "RunSQL", "RawSQL", "raw")):
        chain = use.chain
        call = chain.steps[-1]
        if not isinstance(call, Call) or not call.arguments or last_name(chain) not in ("execute", "executemany", "executescript", "RunSQL", "RawSQL", "raw"):  # fmt: skip
            continue
        given = call.arguments[0]
        if isinstance(given, Chain) and given.origin in ("parameter", "local") and _is_cursor(chain):
            yield Unresolved("sql", source(chain)[:160], "the statement is computed", program.at(module.name, use.span.line))


# --- files of SQL ------------------------------------------------------------------------------


def _files(program: Program) -> Iterator[Fact]:
    """The accesses of a ``.sql`` file belong to the code that names it, at the place where it does."""
    parsed: dict[str, Parsed] = {}
    for module in program.modules.values():
        seen: set[tuple[str, str, int]] = set()
        for use in module.uses:
            for name in _named_files(use.chain):
                path = _file(program, module, name)
                scope, line = use.scope or module.name, use.span.line
                if not path or (path, scope, line) in seen:
                    continue
                seen.add((path, scope, line))
                found = parsed.get(path) or parsed.setdefault(path, parse(program.sql[path]))
                at = Location(module.path, line)
                if found.error:
                    yield Unresolved("sql", path, found.error, Location(path, 1))
                for named in found.tables:
                    yield Access(scope, named.table, "write" if named.write else "read", at, "sql", not found.hole)


def _named_files(expression: Expression, depth: int = 0) -> Iterator[str]:
    """Texts among the arguments of a chain that end as names of SQL files do."""
    if depth > 4:
        return
    if isinstance(expression, Constant):
        if isinstance(expression.value, str) and expression.value.endswith(".sql"):
            yield expression.value
    elif isinstance(expression, Operation):
        for each in expression.operands:
            yield from _named_files(each, depth + 1)
    elif isinstance(expression, Chain):
        for step in expression.steps:
            if isinstance(step, Call):
                for each in (*step.arguments, *(value for _, value in step.keywords)):
                    yield from _named_files(each, depth + 1)


def _file(program: Program, module: ModuleSummary, name: str) -> str:
    """The file that a text names: the only one whose path ends so, or the one nearest to the module; ``""`` when it is not certain."""
    ending = name.replace("\\", "/").lstrip("./")
    found = [path for path in program.sql if path == ending or path.endswith(f"/{ending}")]
    folder = module.path.rpartition("/")[0]
    near = [path for path in found if folder and path.startswith(f"{folder}/")]
    chosen = found if len(found) == 1 else near
    return chosen[0] if len(chosen) == 1 else ""


def _is_cursor(chain: Chain) -> bool:
    """Whether the receiver is a database cursor or connection by its name or the call that made it."""
    if last_name(chain) in ("RunSQL", "RawSQL"):
        return True
    names = [step for step in chain.steps[:-2] if isinstance(step, str)]
    names += [step.variable for step in chain.steps if isinstance(step, Bound)]
    return any(_CURSORS.search(name) for name in (*names, chain.root.rpartition(".")[2]))
