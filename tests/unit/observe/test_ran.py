"""Which dependencies ran, and which modules never did."""

from __future__ import annotations

import math

import pytest
from projects import Monolith

from decompose.errors import ConfigError
from decompose.observe.evidence import observed, recorded

SHOP = Monolith(
    """
    # shop/orders/services.py
    from shop.billing import services

    def place():
        return services.charge(
            services.price(),
        )

    def give_back():
        return services.refund()

    # shop/billing/services.py
    RATE = 2

    def charge(total):
        return total

    def price():
        return RATE

    def refund():
        return 0

    # shop/billing/words.py
    def said():
        return 1

    # shop/tests/test_orders.py
    from shop.orders import services

    def test_it():
        services.place()
    """
)
ORDERS, BILLING = "shop.orders.services", "shop.billing.services"


def lines(name: str, **hits: int) -> str:
    body = "".join(f'<line number="{number[1:]}" hits="{count}"/>' for number, count in hits.items())
    return f'<class filename="{name}"><lines>{body}</lines></class>'


def report(*files: str, root: str = "/srv/app") -> bytes:
    return f"<coverage><sources><source>{root}</source></sources>{''.join(files)}</coverage>".encode()


ORDERS_RAN = lines("shop/orders/services.py", n1=1, n3=1, n4=1, n8=1, n9=0)
BILLING_RAN = lines("shop/billing/services.py", n1=1, n3=1, n4=1, n6=1, n7=1, n9=1, n10=0)


def seen(*reports: bytes):  # type: ignore[no-untyped-def]
    return observed(SHOP.graph, recorded(("coverage", f"{number}.xml", each) for number, each in enumerate(reports)))


def test_dependencies_count_by_the_places_that_ran() -> None:
    tie = next(tie for tie in seen(report(ORDERS_RAN, BILLING_RAN)).runtime.ties if tie.first == ORDERS)
    assert (tie.second, tie.figures, tie.count) == (BILLING, "2 of 3 places ran", 2)


def test_a_place_belongs_to_the_first_line_of_its_statement() -> None:
    """``services.price()`` stands two lines below the statement that it is a part of, and that alone is in a report."""
    tie = next(tie for tie in seen(report(ORDERS_RAN)).runtime.ties if tie.first == ORDERS)
    assert [at.line for at in tie.at] == [4, 5]


def test_a_function_whose_body_was_not_measured_says_nothing_by_its_own_line() -> None:
    assert not seen(report(lines("shop/orders/services.py", n1=1, n3=1, n8=1))).runtime.ties


def test_several_places_pull_by_their_logarithm_and_several_partners_share() -> None:
    whole = {(tie.first, tie.second): tie.strength for tie in seen(report(ORDERS_RAN)).runtime.ties}
    assert whole == {(ORDERS, BILLING): 1 + math.log(2)}
    exact = seen(report(ORDERS_RAN)).runtime.strengths["coverage"]
    assert {pair: round(strength, 9) for pair, strength in exact.items()} == {
        (f"{ORDERS}.place", f"{BILLING}.{name}"): round((1 + math.log(2)) / 2, 9) for name in ("charge", "price")
    }
    shared = Monolith("""
        # a/x/one.py
        from a.y import two, three
        def f():
            two.g()
            three.h()

        # a/y/two.py
        def g(): ...

        # a/y/three.py
        def h(): ...
        """)
    found = observed(shared.graph, recorded([("coverage", "c.xml", report(lines("a/x/one.py", n2=1, n3=1, n4=1)))])).runtime.ties
    assert [round(tie.strength, 9) for tie in found] == [round(1 / math.sqrt(2), 9)] * 2


def test_what_never_ran_ties_nothing() -> None:
    never = lines("shop/orders/services.py", n1=1, n3=1, n4=0, n8=1, n9=0)
    assert not seen(report(never, BILLING_RAN)).runtime.ties


def test_what_tests_use_ties_nothing() -> None:
    ran = lines("shop/tests/test_orders.py", n1=1, n3=1, n4=1)
    assert not seen(report(ran, BILLING_RAN)).runtime.ties


def test_several_reports_are_one_measurement() -> None:
    other = lines("shop/orders/services.py", n1=1, n3=1, n4=0, n8=1, n9=1)
    tie = next(tie for tie in seen(report(ORDERS_RAN), report(other)).runtime.ties if tie.first == ORDERS)
    assert tie.figures == "3 of 3 places ran"


def test_modules_of_which_only_the_import_ran_are_named() -> None:
    words = lines("shop/billing/words.py", n1=1, n2=0)
    runtime = seen(report(ORDERS_RAN, BILLING_RAN, words)).runtime
    assert runtime.never_run == ("shop.billing.words",)
    assert len(runtime.measured) == 3


@pytest.mark.parametrize("name", ["shop/orders/services.py", "./shop/orders/services.py", "/srv/app/shop/orders/services.py", "orders/services.py", "shop\\orders\\services.py"])
def test_files_are_found_from_whatever_folder_they_are_named(name: str) -> None:
    assert seen(report(ORDERS_RAN.replace("shop/orders/services.py", name))).runtime.measured == (ORDERS,)


def test_a_name_that_may_be_several_files_is_none_unless_the_root_says_which() -> None:
    both = report(lines("services.py", n4=1), lines("words.py", n1=1), root="/srv/elsewhere")
    assert seen(both).runtime.measured == ("shop.billing.services", "shop.billing.words")
    alone = report(lines("services.py", n4=1), root="/srv/app/shop/orders")
    assert seen(alone).runtime.measured == (ORDERS,)
    with pytest.raises(ConfigError):
        seen(report(lines("services.py", n4=1), root="/srv/elsewhere"))


def test_a_report_of_another_project_is_an_error() -> None:
    with pytest.raises(ConfigError, match="none of the 1 files"):
        seen(report(lines("/usr/lib/python3/site-packages/shop/orders/services.py", n1=1)))


def test_files_that_are_no_modules_of_the_project_are_said() -> None:
    found = seen(report(ORDERS_RAN, lines("other/tool.py", n1=1))).unresolved
    assert [(u.kind, u.text, u.reason) for u in found if u.kind == "coverage"] == [
        ("coverage", "other/tool.py", "1 of 2 files of the report are no modules of the project")
    ]
