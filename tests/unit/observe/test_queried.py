"""Tables that the database saw in one statement."""

from __future__ import annotations

import math

from drawing import draw

from decompose.model.codegraph import CodeGraph
from decompose.model.location import Location
from decompose.model.runtime import Tie
from decompose.observe.evidence import Recorded, observed
from decompose.observe.names import Names
from decompose.observe.statements import Statement

SHOP = draw(
    "shop.models: " + "; ".join(f"table {name}" for name in ("orders", "lines", "people", "crm.notes", "Mixed", *(f"t{n}" for n in range(12)))) + "\n"
    "shop.views: imports shop.models; reads old_log"
)


def seen(*queries: tuple[str, int]) -> CodeGraph:
    statements = tuple(Statement(text, calls, Location("s.csv", number)) for number, (text, calls) in enumerate(queries, 2))
    return observed(SHOP, Recorded(("s.csv",), statements=statements))


def ties(*queries: tuple[str, int]) -> dict[tuple[str, str], Tie]:
    return {(tie.first.removeprefix("table:"), tie.second.removeprefix("table:")): tie for tie in seen(*queries).runtime.ties}


JOIN = "SELECT * FROM orders o JOIN lines l ON l.order_id = o.id WHERE o.id = $1"


def test_tables_of_one_statement_belong_together_with_their_calls() -> None:
    found = ties((JOIN, 12_000), ("DELETE FROM lines USING orders WHERE lines.id = $1", 345))
    assert found["lines", "orders"].figures == "12,345 times by 2 statements"
    assert [at.line for at in found["lines", "orders"].at] == [2, 3]


def test_the_pull_grows_with_the_logarithm_of_the_calls() -> None:
    found = ties((JOIN, 10**6 - 1), ("SELECT 1 FROM t1, t2", 10**3 - 1), ("SELECT 1 FROM t3, t4", 0))
    assert found["lines", "orders"].strength == 1.0
    assert round(found["t1", "t2"].strength, 6) == 0.5
    assert ("t3", "t4") not in found


def test_a_table_that_is_queried_with_every_other_says_little() -> None:
    with_people = [(f"SELECT 1 FROM people JOIN t{n} USING (id)", 1000) for n in range(9)]
    found = ties((JOIN, 1000), *with_people)
    assert round(found["people", "t1"].strength, 6) == round(1 / 3, 6)
    assert found["lines", "orders"].strength == 1.0


def test_a_statement_over_many_tables_shares_its_pull_out_and_one_over_all_says_nothing() -> None:
    found = ties((JOIN, 100), ("SELECT 1 FROM t1, t2, t3, t4", 100))
    assert round(found["t1", "t2"].strength, 9) == round(math.log1p(100 / 3) / math.log1p(100) / 3, 9)
    assert not ties(("SELECT 1 FROM " + ", ".join(["orders", *(f"t{n}" for n in range(12))]), 100))


def test_statements_that_keep_house_tie_nothing() -> None:
    assert not ties(
        ("ALTER TABLE lines ADD FOREIGN KEY (order_id) REFERENCES orders (id)", 5), ("TRUNCATE lines, orders", 5), ("BEGIN", 5),
        ("CREATE TABLE lines (order_id int REFERENCES orders)", 5), ("SET search_path TO orders", 5), ("FETCH 100 IN c", 5),
    )  # fmt: skip


def test_cursors_and_comments_do_not_hide_a_query() -> None:
    assert ("lines", "orders") in ties((f'DECLARE "c1" NO SCROLL CURSOR WITH HOLD FOR {JOIN}', 5))
    assert ("lines", "orders") in ties((f"/* route=/a */ -- x\n {JOIN}", 5))
    assert ("lines", "orders") in ties((f"WITH x AS ({JOIN}) SELECT * FROM x", 5))


def test_tables_are_known_with_and_without_their_schema_in_any_case() -> None:
    assert ("crm.notes", "orders") in ties(('SELECT 1 FROM public."orders", notes', 5))
    assert ("Mixed", "orders") in ties(("SELECT 1 FROM ORDERS, mixed", 5))


def test_a_name_that_two_schemas_have_is_neither_table() -> None:
    names = Names(draw("shop.models: table a.t; table b.t"))
    assert [names.table(name) for name in ("a.t", "A.T", "t", "T", "c.t")] == ["a.t", "a.t", "", "", ""]


def test_tables_that_nobody_in_the_code_touches_are_said_with_their_calls() -> None:
    found = seen(("SELECT 1 FROM legacy_audit", 1_200), ("INSERT INTO public.legacy_audit SELECT 1 FROM orders", 4), ("SELECT 1 FROM old_log, pg_class", 9))
    assert [(u.kind, u.text, u.reason, u.at.line) for u in found.unresolved] == [
        ("statement", "legacy_audit", "used in statements 1,204 times, and nothing in the code declares or names this table", 2)
    ]


def test_statements_that_are_not_understood_or_hidden_are_said() -> None:
    found = seen(("SELECT FROM WHERE", 5), ("<insufficient privilege>", 3), ("SELECT " + "x" * 200_000 + " FROM orders", 1))
    assert [u.reason.partition(":")[0] for u in found.unresolved] == [
        "not understood as SQL", "the role that made the export may not see other roles' statements", "longer than 100,000 characters",
    ]  # fmt: skip


def test_thousands_of_strange_tables_are_counted() -> None:
    found = seen(*((f"SELECT 1 FROM strange_{number}", 1) for number in range(5_000)))
    assert len(found.unresolved) == 101
    assert found.unresolved[-1].text == "4,900 more tables"
