from __future__ import annotations

import pytest
from sources import accesses, detected, only

from decompose.detect.sql import detect
from decompose.detect.sql.statements import Named, parse
from decompose.model.facts import StringReference, Unresolved


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT a FROM users u JOIN s.orders o ON o.user_id = u.id", {"users": False, "s.orders": False}),
        ("INSERT INTO log (a) SELECT a FROM src WHERE x = %s", {"log": True, "src": False}),
        ("WITH recent AS (SELECT 1 FROM a) SELECT * FROM recent", {"a": False}),
        ("UPDATE a SET b = 1 FROM c WHERE c.id = a.id", {"a": True, "c": False}),
        ("DELETE FROM a WHERE id IN (SELECT id FROM b)", {"a": True, "b": False}),
        ("TRUNCATE TABLE a", {"a": True}),
        ("DROP INDEX a_idx", {}),
        (r"SELECT a FROM users WHERE a LIKE %s ESCAPE '\' AND b IN (SELECT b FROM orders)", {"users": False, "orders": False}),
        (r"SELECT 'it\'s' FROM users", {"users": False}),
        ("SELECT * FROM information_schema.columns", {}),
    ],
)
def test_tables_of_a_statement(text: str, expected: dict[str, bool]) -> None:
    assert parse(text).tables == tuple(Named(table, write) for table, write in expected.items())


def test_sql_in_a_call_that_takes_sql_counts_however_it_is_written() -> None:
    assert accesses(detected(detect, "def f(cursor):\n    cursor.execute('select 1 from users')\n")) == {"f reads users"}


def test_prose_is_not_sql() -> None:
    assert detected(detect, "def f():\n    log('select the items from the list')\n    say('Update your profile, then set a name.')\n") == []


def test_sql_in_a_constant_counts_for_whoever_passes_it_on() -> None:
    facts = detected(
        detect,
        queries="QUERY = 'select id from users where id = 1'\n",
        main="from queries import QUERY\ndef f(cursor):\n    cursor.execute(QUERY)\n",
    )
    assert accesses(facts) == {"f reads users"}


def test_a_hole_makes_it_uncertain() -> None:
    assert accesses(detected(detect, "def f(c, x):\n    c.execute(f'SELECT * FROM users WHERE name = {x}')\n")) == {"f maybe reads users"}


def test_a_hole_in_the_place_of_a_table_is_reported() -> None:
    facts = detected(detect, "def f(c, t):\n    c.execute(f'DELETE FROM {t} WHERE id = 1')\n")
    assert [each.reason for each in only(Unresolved, facts)] == ["the name of a table is computed"]


def test_each_table_is_referenced_by_the_string() -> None:
    facts = detected(detect, "def f(c):\n    c.execute('SELECT 1 FROM a, b WHERE a.x = b.x')\n")
    assert [each.target for each in only(StringReference, facts)] == ["a", "b"]


def test_a_statement_that_cannot_be_parsed_is_reported() -> None:
    facts = detected(detect, "def f(c):\n    c.execute('SELECT FROM WHERE FROM')\n")
    assert [each.kind for each in only(Unresolved, facts)] == ["sql"]


def test_a_computed_statement_on_a_cursor_is_reported() -> None:
    facts = detected(detect, "def f(cursor, statement):\n    cursor.execute(statement)\n")
    assert [each.reason for each in only(Unresolved, facts)] == ["the statement is computed"]


def test_a_join_in_parentheses_names_its_tables() -> None:
    found = parse("SELECT 1 FROM forums LEFT JOIN (moderators AS m JOIN users u ON u.id = m.user_id) ON m.forum_id = forums.id JOIN groups g ON 1 = 1")
    assert [each.table for each in found.tables] == ["forums", "moderators", "users", "groups"]
