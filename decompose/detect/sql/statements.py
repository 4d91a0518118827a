"""The tables that SQL names, read from its words: where a name stands tells whether it is a table, and whether the statement changes it.

No grammar of a dialect is needed for that, and no parser of all of them to be imported and run: names follow a few keywords in all dialects. What
does not go on as a statement must after such a name is no SQL (or none that is known), and is said to be so. Placeholders and holes (``{}``) are
values, or names that are not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

_TOKEN = re.compile(
    r"""
    (?P<comment>--[^\n]*|/\*.*?\*/|(?:^|\n)[ \t]*\#[^\n]*)
  | (?P<text>(?<=ESCAPE\s)'\\'|(?<=escape\s)'\\'|[eEnNbBxXrR]?'(?:[^'\\]|\\.|'')*'|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
  | (?P<quoted>"(?:[^"]|"")+"|`(?:[^`]|``)+`|\[\w[\w\ .\-$]*\])
  | (?P<value>%\(\w+\)s|%s|\?|:\w+|@\w+|\$\d+|\d[\w.]*|%%)
  | (?P<word>(?:[^\W\d]|\{\})(?:[\w$\#]|\{\})*)
  | (?P<space>\s+)
  | (?P<mark>::|.)
    """,
    re.VERBOSE | re.DOTALL,
)

_CATALOGS = re.compile(r"^(?:pg_|sqlite_|information_schema|mysql\.|sys\.|performance_schema|dual$|v\$)", re.IGNORECASE)

_FOLLOWING = frozenset(
    {
        "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "FETCH", "UNION", "INTERSECT", "EXCEPT", "MINUS", "JOIN", "INNER",
        "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "OUTER", "STRAIGHT_JOIN", "ON", "USING", "SET", "VALUES", "VALUE", "SELECT",
        "DEFAULT", "RETURNING", "WINDOW", "FOR", "WHEN", "FROM", "TO", "WITH", "AS", "TABLESAMPLE", "LATERAL", "APPLY", "OVERRIDING",
        "PARTITION", "USE", "FORCE", "IGNORE", "INDEXED", "NOT", "ADD", "DROP", "ALTER", "RENAME", "MODIFY", "CHANGE", "OWNER",
        "ENABLE", "DISABLE", "VALIDATE", "ATTACH", "DETACH", "CASCADE", "RESTRICT", "RESTART", "CONTINUE", "IN", "LOCK", "QUALIFY",
        "ANTI", "SEMI", "ASOF", "MATCH", "DEFERRABLE", "INITIALLY", "NULL", "PRIMARY", "UNIQUE", "CHECK", "CONSTRAINT", "REFERENCES",
        "COMMENT", "ENGINE", "LIKE", "INHERITS", "TABLESPACE", "STORED", "FOREACH", "CONVERT", "EXECUTE", "BEFORE", "AFTER", "COLUMN",
        "INTO", "END", "THEN", "ELSE", "NOLOCK", "PIVOT", "UNPIVOT", "CONNECT", "START", "COLLATE", "GENERATED", "SERVER", "OPTIONS",
        "NO", "REPLICA", "CLUSTER", "AUTO_INCREMENT", "CHARSET", "CHARACTER", "WITHOUT", "ONLY", "DO", "EXCLUDE",
    }
)  # fmt: skip
"""Words that may stand after a table's name and are no alias."""

_END_OF_TABLES = frozenset({"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "FETCH", "UNION", "INTERSECT", "EXCEPT", "MINUS", "SET", "VALUES", "RETURNING", "WINDOW", "FOR", "WHEN", "SELECT"})  # fmt: skip
_NO_TARGET = frozenset({"DO", "ON", "KEY", "THEN", "FOR", "BEFORE", "AFTER", "OR", "OF", "UPDATE", "NO"})
"""Before ``UPDATE``, ``INSERT`` or ``DELETE``: it is an option or an event, not a statement."""
_RELATIONS = frozenset({"TABLE", "VIEW"})
_CREATED = frozenset({"OR", "REPLACE", "TEMP", "TEMPORARY", "UNLOGGED", "GLOBAL", "LOCAL", "MATERIALIZED", "VIRTUAL", "FOREIGN", "RECURSIVE", "EXTERNAL", "UNIQUE", "CLUSTERED", "NONCLUSTERED", "FULLTEXT", "CONSTRAINT", "ALGORITHM", "DEFINER"})  # fmt: skip
_OPTIONS = frozenset({"IF", "NOT", "EXISTS", "ONLY", "IGNORE", "LOW_PRIORITY", "DELAYED", "QUICK", "OVERWRITE", "TABLE", "CONCURRENTLY", "HIGH_PRIORITY", "FAIL", "ABORT", "ROLLBACK", "LATERAL"})  # fmt: skip
_STARTS = frozenset(
    {
        "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "CREATE", "ALTER", "DROP", "TRUNCATE", "MERGE", "REPLACE", "LOCK", "COPY",
    }
)  # fmt: skip
_ALONE = frozenset(
    {
        "SET", "SHOW", "BEGIN", "COMMIT", "ROLLBACK", "VACUUM", "ANALYZE", "EXPLAIN", "GRANT", "REVOKE", "COMMENT", "CALL", "DO",
        "PRAGMA", "USE", "END", "START", "SAVEPOINT", "RELEASE",
    }
)  # fmt: skip
"""Statements that name no table, or none that matters; they may stand beside others."""


class Named(msgspec.Struct, frozen=True):
    """A table that a statement names; ``write`` when the statement changes it."""

    table: str
    write: bool


class Parsed(msgspec.Struct, frozen=True):
    """What a text means: the tables it names and whether a table's place is a hole. ``error`` is not empty when it is no SQL we know."""

    tables: tuple[Named, ...] = ()
    hole: bool = False
    error: str = ""


class NotUnderstood(Exception):
    """The text does not go on as SQL does; the message says where."""


class Token(msgspec.Struct, frozen=True, gc=False):
    """``kind`` is ``word`` (with ``upper`` for keywords), ``name`` (quoted), ``value`` (literals, placeholders) or ``mark``."""

    kind: str
    text: str
    upper: str = ""


_LAST = Token("end", "", "")


def parse(value: str) -> Parsed:
    """The tables that SQL text names, in order. Never raises for what the text holds."""
    try:
        reader = _Reader(list(_tokens(value)))
        reader.run()
    except NotUnderstood as reason:
        return Parsed(error=f"not understood as SQL: {reason}")
    return Parsed(tuple(reader.found), reader.hole)


def _tokens(value: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(value):
        kind = match.lastgroup
        text = match.group()
        if kind in ("space", "comment"):
            continue
        if kind == "tag" or kind == "text":
            yield Token("value", text)
        elif kind == "quoted":
            yield Token("name", text[1:-1].replace('""', '"').replace("``", "`"))
        elif kind == "word":
            yield Token("word", text, text.upper())
        elif kind == "value":
            yield Token("value", text)
        else:
            yield Token("mark", text)


class _Frame:
    """One level of parentheses. ``verb`` is the statement's word in it, ``listing`` whether a comma leads to the next table."""

    __slots__ = ("function", "listing", "verb", "writes")

    def __init__(self, function: bool = False) -> None:
        self.function = function
        self.verb = ""
        self.listing = False
        self.writes = False


class _Reader:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0
        self.found: dict[Named, None] = {}
        self.hole = False
        self.local: set[str] = set()
        self.frames = [_Frame()]

    def run(self) -> None:
        self.local = self._common_tables()
        if not self.tokens:
            raise NotUnderstood("there is nothing to read")
        self._statement()
        while self.position < len(self.tokens):
            self._step()
        if len(self.frames) > 1:
            raise NotUnderstood("a parenthesis is not closed")

    # --- tokens ---------------------------------------------------------------------------------

    def _at(self, offset: int = 0) -> Token:
        index = self.position + offset
        return self.tokens[index] if 0 <= index < len(self.tokens) else _LAST

    def _before(self, distance: int = 1) -> Token:
        return self._at(-distance)

    def _skip(self, words: frozenset[str]) -> None:
        while self._at().kind == "word" and self._at().upper in words:
            self.position += 1

    def _common_tables(self) -> set[str]:
        """Names that ``WITH name [(columns)] AS [NOT] [MATERIALIZED] (`` gives to queries, lower case."""
        names: set[str] = set()
        for index, token in enumerate(self.tokens):
            if token.upper != "AS" or index == 0:
                continue
            following = index + 1
            while following < len(self.tokens) and self.tokens[following].upper in ("NOT", "MATERIALIZED"):
                following += 1
            if following >= len(self.tokens) or self.tokens[following].text != "(":
                continue
            before = index - 1
            if self.tokens[before].text == ")":
                depth = 0
                while before >= 0:
                    depth += {")": 1, "(": -1}.get(self.tokens[before].text, 0) if self.tokens[before].kind == "mark" else 0
                    before -= 1
                    if depth == 0:
                        break
            ahead = self.tokens[before - 1] if before > 0 else _LAST
            if before >= 0 and self.tokens[before].kind in ("word", "name") and (ahead.upper in ("WITH", "RECURSIVE") or ahead.text == ","):
                names.add(self.tokens[before].text.lower())
        return names

    # --- statements -----------------------------------------------------------------------------

    def _statement(self) -> None:
        """Checks that a statement begins here."""
        while self._at().text in ("(", ";") and self._at().kind == "mark":
            if self._at().text == "(":
                self.frames.append(_Frame())
            self.position += 1
        token = self._at()
        if token is not _LAST and token.upper not in _STARTS and token.upper not in _ALONE:
            raise NotUnderstood(f"no statement begins with {token.text[:30]!r}")
        if token.upper in _ALONE:
            self._rest()

    def _rest(self) -> None:
        """Passes over a statement that names no table."""
        while self._at() is not _LAST and not (self._at().kind == "mark" and self._at().text == ";"):
            self.position += 1

    def _step(self) -> None:
        token = self._at()
        if token.kind == "mark":
            self._mark(token.text)
        elif token.kind == "word":
            handler = _HANDLERS.get(token.upper)
            if handler is None or self._is_name():
                self._word(token)
            else:
                handler(self)
        else:
            self.position += 1

    def _is_name(self) -> bool:
        """``a.update``, ``x AS set``: a keyword's letters in the place of a name."""
        before = self._before()
        return before.kind == "mark" and before.text == "."

    def _word(self, token: Token) -> None:
        if token.upper in _END_OF_TABLES and not self._is_name():
            self.frames[-1].listing = False
        self.position += 1

    def _mark(self, mark: str) -> None:
        if mark == "(":
            before = self._before()
            function = before.kind in ("word", "name") and before.upper not in _FOLLOWING | _STARTS | _OPENERS
            self.frames.append(_Frame(function))
        elif mark == ")":
            if len(self.frames) == 1:
                raise NotUnderstood("a parenthesis is closed that was not opened")
            self.frames.pop()
        elif mark == ";":
            if len(self.frames) == 1:
                self.frames = [_Frame()]
                self.position += 1
                if self._at() is not _LAST:
                    self._statement()
                return
        elif mark == "," and self.frames[-1].listing:
            self.position += 1
            self._tables(self.frames[-1].writes)
            return
        elif mark in "'\"`":
            raise NotUnderstood("a quote is not closed")
        self.position += 1

    def _select(self) -> None:
        self.frames[-1].verb = "SELECT"
        self.frames[-1].listing = False
        self.position += 1
        if self._at().upper in ("FROM", "WHERE"):
            raise NotUnderstood(f"{self._at().text} follows SELECT")

    def _from(self) -> None:
        frame = self.frames[-1]
        distinct = self._before().upper == "DISTINCT" and self._before(2).upper in ("IS", "NOT")
        if distinct or (frame.function and not frame.verb) or frame.verb in ("", "COPY", "ALTER", "CREATE"):
            self.position += 1
            return
        writes = frame.verb == "DELETE"
        if frame.verb == "DELETE":
            frame.verb = "DELETED"
        self.position += 1
        self._tables(writes)

    def _join(self) -> None:
        self.position += 1
        self.frames[-1].writes = False
        self._tables(False)

    def _using(self) -> None:
        """``DELETE FROM a USING b`` and ``MERGE INTO a USING b``; ``JOIN b USING (id)`` and ``CREATE INDEX ... USING gin`` name columns and methods."""
        self.position += 1
        if self.frames[-1].verb in ("DELETED", "MERGE") and self._at().text != "(":
            self._tables(False)

    def _insert(self) -> None:
        if self._before().upper in _NO_TARGET:
            self.position += 1
            return
        self.frames[-1].verb = "INSERT"
        self.position += 1
        self._skip(_OPTIONS)
        if self._at().upper == "OR":  # SQLite: INSERT OR REPLACE INTO
            self.position += 2
        if self._at().upper == "INTO":
            self.position += 1
            self._skip(_OPTIONS)
            self._target()
        elif self._before().upper in ("INSERT", "REPLACE") and self._at().text != "(" and self._at().kind in ("word", "name"):
            self._target()

    def _replace(self) -> None:
        """The statement, not the function ``REPLACE(...)`` nor ``CREATE OR REPLACE``."""
        if self._at(1).upper == "INTO":
            self._insert()
        else:
            self.position += 1

    def _into(self) -> None:
        """``SELECT ... INTO new FROM``, ``MERGE INTO``."""
        self.position += 1
        verb = self.frames[-1].verb
        if verb == "MERGE" or (verb == "SELECT" and self._at().kind in ("word", "name") and self._named_like_table()):
            self._skip(frozenset({"TEMP", "TEMPORARY", "UNLOGGED", "TABLE"}))
            self._target()

    def _named_like_table(self) -> bool:
        return self._at().upper not in ("OUTFILE", "DUMPFILE", "STRICT") and not self._at().text.startswith("@")

    def _update(self) -> None:
        if self._before().upper in _NO_TARGET:
            self.position += 1
            return
        self.frames[-1].verb = "UPDATE"
        self.position += 1
        self._skip(_OPTIONS)
        if self._at().upper == "OR":
            self.position += 2
        self._tables(True)
        if not any(token.upper == "SET" for token in self.tokens[self.position :]):
            raise NotUnderstood("UPDATE without SET")

    def _delete(self) -> None:
        self.position += 1
        if self._before(2).upper in _NO_TARGET and self._at().upper != "FROM":
            return
        self.frames[-1].verb = "DELETE"
        self._skip(_OPTIONS)
        if self._at().upper == "FROM":
            return
        # MySQL and T-SQL: DELETE a, b FROM a JOIN b: what is deleted from stands first.
        start = self.position
        while self._at().kind in ("word", "name") or self._at().text in (",", ".", "*"):
            if self._at().upper in ("FROM", "WHERE"):
                break
            self.position += 1
        if self._at().upper == "FROM":
            self.frames[-1].verb = "SELECT"
            self._deleted_from(start)
        else:
            self.position = start
            self._tables(True)

    def _deleted_from(self, start: int) -> None:
        """The tables between ``DELETE`` and ``FROM``, which may be aliases given later."""
        names = {token.text.lower() for token in self.tokens[start : self.position] if token.kind in ("word", "name")}
        self.position += 1
        self._tables(False, names)
        self.frames[-1].writes = False

    def _merge(self) -> None:
        self.frames[-1].verb = "MERGE"
        self.position += 1
        if self._at().upper != "INTO" and self._at().kind in ("word", "name"):
            self._target()

    def _truncate(self) -> None:
        if self._before().upper in _NO_TARGET | {","} or self._at(1).text == "(":
            self.position += 1
            return
        self.position += 1
        self._skip(_OPTIONS)
        self._targets()

    def _copy(self) -> None:
        self.frames[-1].verb = "COPY"
        self.position += 1
        if self._at().kind in ("word", "name"):
            start = self.position
            name, hole = self._name()
            depth = 0
            while self._at() is not _LAST and (depth or self._at().upper not in ("FROM", "TO")):
                depth += {"(": 1, ")": -1}.get(self._at().text, 0) if self._at().kind == "mark" else 0
                self.position += 1
            writes = self._at().upper == "FROM"
            if self._at() is _LAST:
                self.position = start
                raise NotUnderstood("COPY without FROM or TO")
            self._keep(name, hole, writes)

    def _create(self) -> None:
        self.position += 1
        self.frames[-1].verb = "CREATE"
        start = self.position
        self._skip(_CREATED)
        kind = self._at().upper
        if kind in _RELATIONS:
            self.position += 1
            self._skip(_OPTIONS)
            if any(token.upper in ("TEMP", "TEMPORARY") for token in self.tokens[start : self.position]):
                self.local.add(self._at().text.lower())  # gone with the session
            self._target()
        elif kind == "INDEX":
            self._on_table(kind)
        else:
            self._on_table(kind)
            self._rest()

    def _alter(self) -> None:
        self.position += 1
        self._skip(frozenset({"FOREIGN", "MATERIALIZED"}))
        if self._at().upper in _RELATIONS and self._before().upper in ("ALTER", "FOREIGN", "MATERIALIZED"):
            self.frames[-1].verb = "ALTER"
            self.position += 1
            self._skip(_OPTIONS)
            self._target()
        elif not self.frames[-1].verb:
            self._rest()

    def _drop(self) -> None:
        self.position += 1
        self._skip(frozenset({"TEMPORARY", "MATERIALIZED", "FOREIGN"}))
        if self._at().upper in _RELATIONS:
            self.position += 1
            self._skip(_OPTIONS)
            self._targets()
        elif not self.frames[-1].verb:
            self._on_table(self._at().upper)
            self._rest()

    def _on_table(self, kind: str) -> None:
        """``INDEX name ON table``, ``TRIGGER name AFTER UPDATE ON table``: an index changes its table, a trigger only watches it."""
        if kind not in ("INDEX", "TRIGGER", "RULE", "POLICY"):
            return
        while self._at() is not _LAST and self._at().upper != "ON" and self._at().text not in (";", "("):
            self.position += 1
        if self._at().upper == "ON":
            self.position += 1
            self._skip(_OPTIONS)
            self._target(writes=kind == "INDEX")

    def _rename(self) -> None:
        """``ALTER TABLE a RENAME TO b``: from then on the table has the other name."""
        self.position += 1
        if self.frames[-1].verb == "ALTER" and self._at().upper == "TO":
            self.position += 1
            self._target()

    def _like(self) -> None:
        """``CREATE TABLE a (LIKE b)``; elsewhere it compares."""
        self.position += 1
        if self.frames[0].verb == "CREATE" and self._before(2).text in ("(", ",") and self._at().kind in ("word", "name"):
            name, hole = self._name()
            self._keep(name, hole, False)

    def _lock(self) -> None:
        self.position += 1
        if self.frames[-1].verb:
            return
        self._skip(frozenset({"TABLE", "TABLES", "ONLY"}))
        self._tables(False)

    def _references(self) -> None:
        self.position += 1
        if self.frames[0].verb in ("CREATE", "ALTER") and self._at().kind in ("word", "name"):
            name, hole = self._name()
            self._keep(name, hole, False)

    # --- names ----------------------------------------------------------------------------------

    def _targets(self) -> None:
        self._target()
        while self._at().kind == "mark" and self._at().text == ",":
            self.position += 1
            self._target()

    def _target(self, writes: bool = True) -> None:
        """One table's name, with what follows it checked."""
        name, hole = self._name()
        self._keep(name, hole, writes)
        self._follows(name)

    def _tables(self, writes: bool, written: set[str] | None = None) -> None:
        """A reference in a list of tables: a name, a query in parentheses, a function, values. The comma leads to the next."""
        frame = self.frames[-1]
        frame.listing, frame.writes = True, writes and frame.verb == "UPDATE"
        self._skip(frozenset({"ONLY", "LATERAL", "TABLE"}) if self._at(1).kind in ("word", "name") or self._at(1).text == "(" else frozenset())
        token = self._at()
        if token.kind == "mark" and token.text == "(":
            following = self._at(1)
            if following.kind in ("word", "name") and following.upper not in _STARTS | {"SELECT", "WITH", "VALUES", "TABLE"}:
                # A join in parentheses: ``FROM a LEFT JOIN (b JOIN c ON ...) ON ...``.
                self.frames.append(_Frame())
                self.frames[-1].verb = "SELECT"
                self.position += 1
                self._tables(False)
            return
        if token.kind == "value":
            if token.text.startswith(("%", "?", ":", "$")):
                self.hole = True
            self.position += 1
            return
        name, hole = self._name()
        if self._at().text == "(" and self._at().kind == "mark" and self._at(1).upper not in ("NOLOCK", "READUNCOMMITTED", "UPDLOCK", "READPAST"):
            return  # a function that gives rows
        alias = self._follows(name)
        if written is not None:
            writes = name.rpartition(".")[2].lower() in written or alias.lower() in written
        self._keep(name, hole, writes)

    def _name(self) -> tuple[str, bool]:
        """``schema.table`` (of ``database.schema.table`` the last two); whether a part of it is a hole."""
        parts: list[str] = []
        while True:
            token = self._at()
            if token.kind not in ("word", "name") or (token.kind == "word" and not parts and token.upper in _NEVER_NAMES):
                if token.kind == "value" and token.text.startswith(("%", "?", ":")):
                    parts.append("{}")
                else:
                    raise NotUnderstood(f"a table's name is expected, not {token.text[:30]!r}" if token is not _LAST else "a table's name is expected at the end")
            else:
                parts.append(token.text)
            self.position += 1
            if self._at().kind == "mark" and self._at().text == ".":
                self.position += 1
                if self._at().kind == "mark" and self._at().text == ".":
                    self.position += 1
                continue
            break
        kept = parts[-2:]
        return ".".join(kept), any("{}" in part for part in kept)

    def _follows(self, name: str) -> str:
        """Passes the alias and checks that what comes after it can come there; the alias, ``""`` when there is none."""
        alias = ""
        if self._at().upper == "AS" and self._at(1).kind in ("word", "name"):
            if self._at(1).upper in ("SELECT", "WITH"):
                return ""
            alias = self._at(1).text
            self.position += 2
        elif self._at().kind == "name" or (self._at().kind == "word" and self._at().upper not in _FOLLOWING):
            alias = self._at().text
            self.position += 1
        token = self._at()
        fine = token is _LAST or (token.kind == "mark" and token.text in "();,[*=") or token.upper in _FOLLOWING or token.kind == "value"
        if not fine and "{}" not in token.text and "{}" not in alias:
            raise NotUnderstood(f"{token.text[:30]!r} after {name}")
        return alias

    def _keep(self, name: str, hole: bool, writes: bool) -> None:
        if hole:
            self.hole = True
        elif not ("." not in name and name.lower() in self.local) and not _CATALOGS.match(name):
            self.found.setdefault(Named(name, writes))


_NEVER_NAMES = frozenset({"WHERE", "FROM", "SELECT", "SET", "ON", "JOIN", "GROUP", "ORDER", "AND", "OR", "INTO", "VALUES", "HAVING", "UNION", "THEN", "WHEN", "ELSE", "AS"})
_OPENERS = frozenset({"AS", "IN", "EXISTS", "ANY", "ALL", "SOME", "AND", "OR", "NOT", "JOIN", "BY", "BETWEEN", "THEN", "WHEN", "ELSE", "CASE", "DISTINCT", "MATERIALIZED", "RETURN"})  # fmt: skip
_HANDLERS = {
    "SELECT": _Reader._select, "FROM": _Reader._from, "JOIN": _Reader._join, "STRAIGHT_JOIN": _Reader._join, "APPLY": _Reader._join,
    "USING": _Reader._using, "INSERT": _Reader._insert, "REPLACE": _Reader._replace, "INTO": _Reader._into, "UPDATE": _Reader._update,
    "DELETE": _Reader._delete, "MERGE": _Reader._merge, "TRUNCATE": _Reader._truncate, "COPY": _Reader._copy, "CREATE": _Reader._create,
    "ALTER": _Reader._alter, "DROP": _Reader._drop, "LOCK": _Reader._lock, "REFERENCES": _Reader._references, "RENAME": _Reader._rename, "LIKE": _Reader._like,
}  # fmt: skip
