"""sqlglot as judge: the tables that the reader of SQL names, and which of them a statement changes, are those of a parser of the whole language."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from decompose.detect.sql.statements import parse

STATEMENTS = """
SELECT 1
SELECT * FROM a
SELECT * FROM a, b AS c, s.d e WHERE a.x = c.x
SELECT a.*, (SELECT MAX(x) FROM b WHERE b.id = a.id) FROM a
SELECT * FROM a JOIN b ON a.id = b.id LEFT OUTER JOIN s.c AS cc USING (id) CROSS JOIN d NATURAL JOIN e
SELECT * FROM (SELECT id FROM a UNION ALL SELECT id FROM b) AS u, c
SELECT * FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.x IS DISTINCT FROM a.x)
SELECT EXTRACT(YEAR FROM created), SUBSTRING(name FROM 2 FOR 3), TRIM(BOTH ' ' FROM name) FROM a
SELECT * FROM generate_series(1, 10) AS g(n) JOIN a ON a.id = g.n
SELECT * FROM a WHERE name = 'x FROM b' AND note = "FROM c" -- FROM d
SELECT * FROM "Quoted Table" JOIN "s"."Other" ON TRUE
SELECT COUNT(*) FROM a GROUP BY x HAVING COUNT(*) > 1 ORDER BY x LIMIT 3 OFFSET 4
SELECT * FROM a FOR UPDATE
SELECT * FROM a WHERE id IN (1, 2) UNION SELECT * FROM b EXCEPT SELECT * FROM c
SELECT x INTO fresh FROM a
WITH r AS (SELECT id FROM a), s (x) AS (SELECT id FROM r) SELECT * FROM s JOIN b ON TRUE
WITH RECURSIVE t AS (SELECT id FROM a UNION ALL SELECT a.id FROM a JOIN t ON a.p = t.id) SELECT * FROM t
WITH gone AS (DELETE FROM a WHERE x = 1 RETURNING *) INSERT INTO b SELECT * FROM gone
INSERT INTO a (x, y) VALUES (1, 2), (3, 4)
INSERT INTO s.a SELECT x FROM b WHERE x > %s
INSERT INTO a (x) VALUES (1) ON CONFLICT (x) DO UPDATE SET x = EXCLUDED.x
INSERT INTO a (x) VALUES (%(x)s) ON CONFLICT DO NOTHING RETURNING id
INSERT INTO a DEFAULT VALUES
UPDATE a SET x = 1, y = (SELECT MAX(y) FROM b) WHERE z = 2
UPDATE a AS t SET x = b.x FROM b JOIN c ON b.id = c.id WHERE t.id = b.id
DELETE FROM a
DELETE FROM a USING b, c WHERE a.id = b.id
DELETE FROM a WHERE id IN (SELECT id FROM b)
MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN UPDATE SET x = b.x WHEN NOT MATCHED THEN INSERT (id) VALUES (b.id)
MERGE INTO a t USING (SELECT id FROM b) s ON t.id = s.id WHEN MATCHED THEN DELETE
TRUNCATE TABLE a
TRUNCATE a, s.b
CREATE TABLE a (id INT PRIMARY KEY, b_id INT REFERENCES b (id) ON DELETE CASCADE ON UPDATE CASCADE)
CREATE TABLE IF NOT EXISTS s.a AS SELECT * FROM b
CREATE OR REPLACE VIEW v AS SELECT * FROM a JOIN b ON TRUE
CREATE INDEX i ON a (x)
CREATE UNIQUE INDEX i ON s.a (LOWER(x)) WHERE x IS NOT NULL
ALTER TABLE a ADD COLUMN x INT
ALTER TABLE a ADD CONSTRAINT k FOREIGN KEY (b_id) REFERENCES b (id)
ALTER TABLE a DROP COLUMN x
DROP TABLE IF EXISTS a
DROP VIEW v
DROP INDEX i
SELECT * FROM pg_class JOIN a ON TRUE
SELECT * FROM information_schema.tables
SELECT (SELECT 1 FROM a) + (SELECT 2 FROM b)
SELECT CASE WHEN EXISTS (SELECT 1 FROM a) THEN 1 ELSE 0 END FROM b
SELECT * FROM a LEFT JOIN LATERAL (SELECT * FROM b WHERE b.id = a.id) x ON TRUE
SELECT SUM(x) OVER (PARTITION BY y ORDER BY z) FROM a
SELECT * FROM a WHERE x = ANY(ARRAY[1, 2]) AND data ->> 'from' = 'b'
SELECT x::text FROM a WHERE y = $1 AND z = :name
SELECT * FROM a; UPDATE b SET x = 1; DELETE FROM c
"""


def statements() -> Iterator[str]:
    return (line for line in STATEMENTS.strip().splitlines() if line)


def judged(statement: str) -> set[tuple[str, bool]]:
    """Tables by sqlglot, each with whether a node that changes it names it as its target."""
    sqlglot = pytest.importorskip("sqlglot", reason="sqlglot is not installed")
    from sqlglot import exp

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    found: set[tuple[str, bool]] = set()
    ready = statement.replace("%(x)s", "NULL").replace("%s", "NULL")
    for tree in sqlglot.parse(ready, read="postgres"):
        local = {each.alias_or_name.lower() for each in tree.find_all(exp.CTE)}
        written: set[int] = set()
        for node in tree.find_all(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Into):
            for target in [*node.expressions] if isinstance(node, exp.TruncateTable) else node.args.get("tables") or [node.this]:
                while isinstance(target, exp.Index | exp.Schema):
                    target = target.args.get("table") if isinstance(target, exp.Index) else target.this
                written.add(id(target))
        dropped = [node for node in tree.find_all(exp.Drop) if node.args.get("kind") == "INDEX"]
        indexes = {id(each) for node in dropped for each in node.args.get("tables") or [node.this]}
        for table in tree.find_all(exp.Table):
            name = f"{table.db}.{table.name}" if table.db else table.name
            ours = isinstance(table.this, exp.Identifier) and id(table) not in indexes
            if ours and name.lower() not in local and not name.startswith(("pg_", "information_schema")):
                found.add((name, id(table) in written))
    return found


@pytest.mark.parametrize("statement", list(statements()))
def test_tables_and_what_becomes_of_them_are_those_of_a_whole_parser(statement: str) -> None:
    parsed = parse(statement)
    assert not parsed.error
    assert {(each.table, each.write) for each in parsed.tables} == judged(statement)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("COPY a (x, y) FROM STDIN", {("a", True)}),
        ("COPY a TO '/tmp/a.csv'", {("a", False)}),
        ("COPY (SELECT * FROM a) TO STDOUT", {("a", False)}),
        ("LOCK TABLE a IN EXCLUSIVE MODE", {("a", False)}),
        ("DELETE t FROM orders t JOIN gone g ON g.id = t.id", {("orders", True), ("gone", False)}),
        ("UPDATE a JOIN b ON a.id = b.id SET a.x = b.x", {("a", True), ("b", False)}),
        ("REPLACE INTO a VALUES (1)", {("a", True)}),
        ("INSERT OR IGNORE INTO a VALUES (1)", {("a", True)}),
        ("SELECT * FROM `a` WHERE x = ?", {("a", False)}),
        ("SELECT * FROM [dbo].[a] WITH (NOLOCK)", {("dbo.a", False)}),
        ("ALTER TABLE a RENAME TO b", {("a", True), ("b", True)}),
        ("CREATE TRIGGER t AFTER INSERT OR UPDATE ON a FOR EACH ROW EXECUTE FUNCTION f()", {("a", False)}),
        ("CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 FROM hidden $$ LANGUAGE SQL", set()),
        ("CREATE TEMP TABLE t AS SELECT * FROM a; DELETE FROM t", {("a", False)}),
        ("SELECT data #>> '{a,b}' FROM a", {("a", False)}),
        ("SELECT * FROM db.s.a", {("s.a", False)}),
    ],
)
def test_what_single_dialects_say(statement: str, expected: set[tuple[str, bool]]) -> None:
    parsed = parse(statement)
    assert not parsed.error
    assert {(each.table, each.write) for each in parsed.tables} == expected


@pytest.mark.parametrize(
    "text",
    [
        "SELECT FROM WHERE",
        "SELECT * FROM",
        "Select the best from the list of options",
        "Update your profile, then set a name.",
        "DELETE FROM (",
        "SELECT * FROM a WHERE x = 'open",
        "INSERT INTO the basket whatever fits",
        "",
    ],
)
def test_what_does_not_go_on_as_sql_is_said_to_be_none(text: str) -> None:
    assert parse(text).error


@pytest.mark.parametrize("text", ["DELETE FROM {}", "SELECT * FROM {}_log JOIN {}.x ON TRUE", "SELECT * FROM %s", "INSERT INTO {} (a) VALUES (1)"])
def test_a_hole_in_the_place_of_a_table_is_seen(text: str) -> None:
    assert parse(text).hole
    assert not parse(text).tables
