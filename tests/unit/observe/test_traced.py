"""Modules and tables that spans lead to, and what is written in one unit of work."""

from __future__ import annotations

import math
from typing import Any

from drawing import draw
from msgspec.structs import replace

from decompose.model.codegraph import CodeGraph, Module
from decompose.model.facts import Route
from decompose.model.location import Location
from decompose.observe.evidence import Recorded, observed
from decompose.observe.names import Names
from decompose.observe.spans import Span

SHOP = draw(
    """
    shop.orders.models: table orders; table lines
    shop.orders.views: imports shop.orders.models; route /orders/<int:pk>/
    shop.orders.services: def place writes orders
    shop.billing.services: def charge writes invoices
    shop.billing.tasks: task billing.charge
    shop.tests.test_orders [test]: def test writes orders
    """
)
VIEWS, ORDERS, BILLING, TASKS = "shop.orders.views", "shop.orders.services", "shop.billing.services", "shop.billing.tasks"


def span(id: str, parent: str = "", kind: Any = "internal", trace: str = "t", **said: Any) -> Span:
    return Span(trace, id, parent, kind, "n", Location("spans.json", int(id)), **said)


def seen(*spans: Span) -> CodeGraph:
    return observed(SHOP, Recorded(("spans.json",), spans=spans))


def ties(*spans: Span) -> dict[tuple[str, str, str], str]:
    return {(tie.kind, tie.first, tie.second): tie.figures for tie in seen(*spans).runtime.ties}


def test_spans_of_two_modules_one_above_the_other_tie_them() -> None:
    found = ties(span("1", function=f"{ORDERS}.place"), span("2", "1"), span("3", "2", function=f"{BILLING}.charge"))
    assert found == {("span", BILLING, ORDERS): "1 time"}


def test_a_module_that_is_taken_apart_gives_each_definition_its_share() -> None:
    shop = draw("shop.a: def f; def g\nshop.b: def h\nshop.models: table orders")
    spans = [
        span("1", function="shop.a.f"), span("2", "1", function="shop.b.h"), span("3", "2", function="shop.a.f"), span("4", "1", statement="SELECT 1 FROM orders"),
        span("5", function="shop.a.g"), span("6", "5", function="shop.b.h"),
    ]  # fmt: skip
    runtime = observed(shop, Recorded(spans=tuple(spans))).runtime
    tie = next(tie for tie in runtime.ties if tie.second == "shop.b")
    assert (tie.first, tie.figures, tie.shares) == ("shop.a", "3 times", (("shop.a.f", "shop.b.h", 2 / 3), ("shop.a.g", "shop.b.h", 1 / 3)))
    assert runtime.strengths["span"]["shop.a.f", "shop.b.h"] == tie.strength * 2 / 3
    assert runtime.strengths["span"]["shop.a.f", "table:orders"] == 1.0


def test_the_order_of_spans_in_the_file_does_not_matter() -> None:
    spans = [
        span("1", kind="server", route="/orders/<int:pk>/"), span("2", "1", function=f"{ORDERS}.place"),
        span("3", "2", statement="UPDATE orders SET a = 1"), span("4", "2", statement="INSERT INTO lines VALUES (1)"),
    ]  # fmt: skip
    assert ties(*spans) == ties(*reversed(spans)) != {}


def test_a_request_belongs_to_the_module_that_answers_its_route() -> None:
    for route in ("/orders/<int:pk>/", "orders/<int:pk>/", "^orders/<int:pk>/$"):
        found = ties(span("1", kind="server", route=route, method="GET"), span("2", "1", kind="client", statement="SELECT * FROM orders"))
        assert found == {("span", VIEWS, "table:orders"): "1 time"}


def test_a_task_belongs_to_its_function_and_not_to_who_enqueues_it() -> None:
    spans = (span("1", function=f"{ORDERS}.place"), span("2", "1", "producer", tasks=("billing.charge",)), span("3", "2", "consumer", tasks=("billing.charge",)))
    assert ties(*spans[:2]) == {}
    assert ties(*spans) == {("span", TASKS, ORDERS): "1 time"}


def test_a_file_says_whose_span_it_is_where_no_name_does() -> None:
    found = ties(span("1", file="/srv/app/shop/orders/services.py"), span("2", "1", file="/srv/app/shop/billing/services.py", function="<lambda>"))
    assert found == {("span", BILLING, ORDERS): "1 time"}


def test_a_route_that_several_modules_answer_is_told_by_its_method() -> None:
    both = (Route(("GET",), "/a/", f"{ORDERS}.place", SHOP.routes[0].at, "x"), Route(("POST",), "/a/", f"{BILLING}.charge", SHOP.routes[0].at, "x"))
    names = Names(replace(SHOP, routes=both))
    assert [names.route("/a/", method) for method in ("GET", "POST", "PUT", "")] == [f"{ORDERS}.place", f"{BILLING}.charge", "", ""]
    one = Names(replace(SHOP, routes=(both[0], replace(both[1], handler=ORDERS))))
    assert one.route("/a/", "PUT") == ORDERS


def test_pages_of_the_framework_that_the_project_hangs_in_are_known() -> None:
    names = Names(replace(SHOP, routes=(Route((), "/admin/", "django.contrib.admin.site.urls", SHOP.routes[0].at, "django", kind="admin"),)))
    assert names.knows_route("admin/orders/order/")
    assert not names.knows_route("administration/")


def test_a_package_does_not_stand_for_modules_in_it_that_are_not_known() -> None:
    made = replace(SHOP, modules=(*SHOP.modules, Module("shop", "shop/__init__.py", 1, is_package=True)))
    names = Names(made)
    assert names.function(f"{ORDERS}.place.<locals>.<lambda>") == f"{ORDERS}.place"
    assert names.function(f"{ORDERS}.made_at_run_time") == ORDERS
    assert names.function("shop.made_up.f") == ""
    assert names.function("elsewhere.f") == ""


def test_statements_tie_the_module_above_them_to_tables_and_writes_count_more() -> None:
    graph = seen(
        span("1", function=f"{ORDERS}.place"), span("2", "1", statement="SELECT * FROM lines"), span("3", "1", statement="UPDATE orders SET a = 1"),
        span("4", "1", table="lines", operation="SELECT"),
    )  # fmt: skip
    found = {tie.second: tie for tie in graph.runtime.ties if tie.kind == "span"}
    assert (found["table:orders"].figures, found["table:lines"].figures) == ("1 time, 1 of them writing", "2 times")
    assert found["table:orders"].strength > found["table:lines"].strength


def test_tables_written_in_one_request_are_one_unit_of_work() -> None:
    wrote = (span("2", "1", statement="UPDATE orders SET a = 1"), span("3", "1", statement="INSERT INTO lines VALUES (1)"), span("4", "1", table="invoices", operation="INSERT"))
    found = ties(span("1", kind="server"), *wrote)
    assert found == {("trace", "table:invoices", "table:lines"): "1 time", ("trace", "table:invoices", "table:orders"): "1 time", ("trace", "table:lines", "table:orders"): "1 time"}


def test_a_unit_over_many_tables_shares_its_pull_out_and_one_over_all_says_nothing() -> None:
    def wrote(unit: str, *tables: str) -> list[Span]:
        return [span("1", kind="server", trace=unit), *(span(str(n), "1", trace=unit, table=table, operation="UPDATE") for n, table in enumerate(tables, 2))]

    shop = draw("shop.models: " + "; ".join(f"table t{n}" for n in range(20)))

    def strengths(*spans: Span) -> dict[tuple[str, str], float]:
        return {(tie.first, tie.second): round(tie.strength, 9) for tie in observed(shop, Recorded(spans=spans)).runtime.ties}

    found = strengths(*wrote("a", "t0", "t1"), *wrote("b", "t2", "t3", "t4"))
    assert found["table:t0", "table:t1"] == 1.0
    assert found["table:t2", "table:t3"] == round(math.log1p(1 / 2) / math.log1p(1) / 2, 9)
    assert strengths(*wrote("a", *(f"t{n}" for n in range(13)))) == {}


def test_a_statement_that_reads_what_it_writes_writes() -> None:
    found = ties(span("1", function=f"{ORDERS}.place"), span("2", "1", statement="INSERT INTO orders SELECT * FROM orders"))
    assert found == {("span", ORDERS, "table:orders"): "1 time, 1 of them writing"}


def test_what_a_task_writes_later_is_another_unit_of_work() -> None:
    found = ties(
        span("1", kind="server"), span("2", "1", statement="UPDATE orders SET a = 1"),
        span("3", "1", "producer"), span("4", "3", "consumer"), span("5", "4", statement="INSERT INTO invoices VALUES (1)"),
    )  # fmt: skip
    assert found == {}


def test_a_span_that_was_exported_twice_counts_once() -> None:
    spans = (span("1", function=f"{ORDERS}.place"), span("2", "1", function=f"{BILLING}.charge"))
    assert ties(*spans, *spans) == {("span", BILLING, ORDERS): "1 time"}


def test_spans_that_are_their_own_parents_end() -> None:
    circle = (span("1", "2", function=f"{ORDERS}.place"), span("2", "1", function=f"{BILLING}.charge"), span("3", "3", statement="UPDATE orders SET a = 1"))
    assert ("span", BILLING, ORDERS) in ties(*circle)


def test_a_chain_of_a_hundred_thousand_spans_is_followed_to_its_end() -> None:
    chain = [span(str(n), str(n - 1)) for n in range(2, 100_000)]
    assert ties(span("1", function=f"{ORDERS}.place"), *chain, span("100000", "99999", function=f"{BILLING}.charge"))


def test_what_tests_do_belongs_to_nobody() -> None:
    assert ties(span("1", function="shop.tests.test_orders.test"), span("2", "1", statement="UPDATE orders SET a = 1")) == {}


def test_what_belongs_to_nothing_is_said() -> None:
    found = seen(
        span("1", kind="server", route="/nowhere/"), span("2", kind="client", statement="SELECT * FROM orders"), span("3", kind="client", statement="DELETE FROM strange"),
        span("4", kind="client", statement="SELECT FROM WHERE"),
    ).unresolved  # fmt: skip
    assert [(u.text, u.reason) for u in found] == [
        ("strange", "used in spans 1 time, and nothing in the code declares or names this table"),
        ("/nowhere/", "1 time requested, and no route of the project is this one"),
        ("SELECT FROM WHERE", "not understood as SQL: FROM follows SELECT"),
        ("SELECT * FROM orders", "run 1 time, this or others like it, under no span of the project's code: nobody is known to have run them"),
    ]
