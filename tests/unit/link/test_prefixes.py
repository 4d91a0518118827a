"""What the beginnings of a module's chains stand for."""

from __future__ import annotations

from projects import written

from decompose.link.program import Program
from decompose.syntax.summary import summarize_sources

SHOP = """
# shop/orders.py
class Order:
    def lines(self) -> "Line": ...
    def cancel(self):
        self.lines().drop()

class Line:
    def drop(self): ...

LIMIT = 3

# shop/views.py
import os
from shop import orders
from shop.orders import LIMIT, Order

def show(order: Order, given):
    order.lines().drop()
    Order().cancel()
    given.cancel()
    os.path.join("a", "b")
    return LIMIT

def more():
    Order().cancel()
    held = Order()
    held.cancel()
    return orders
"""


def named(module: str) -> list[tuple[int, str, int, str]]:
    program = Program(summarize_sources(written(SHOP)))
    return [(use.span.line, prefix.state.id, steps, prefix.state.kind) for use, steps, prefix in program.prefixes.named(program.modules[module])]


def test_every_beginning_that_is_the_projects_own_is_named_in_source_order() -> None:
    assert named("shop.views") == [
        (5, "shop.orders.Order", 0, "class"),
        (6, "shop.orders.Order.lines", 1, "function"),
        (6, "shop.orders.Line.drop", 3, "function"),
        (7, "shop.orders.Order", 0, "class"),
        (7, "shop.orders.Order.cancel", 2, "function"),
        (10, "shop.orders.LIMIT", 0, "binding"),
        (13, "shop.orders.Order", 0, "class"),
        (13, "shop.orders.Order.cancel", 2, "function"),
        (14, "shop.orders.Order", 0, "class"),
        (15, "shop.orders.Order", 0, "class"),
        (15, "shop.orders.Order.cancel", 3, "function"),
        (16, "shop.orders", 0, "module"),
    ]


def test_self_is_no_name_but_leads_to_names() -> None:
    assert named("shop.orders") == [
        (2, "shop.orders.Line", 0, "class"),
        (4, "shop.orders.Order.lines", 1, "function"),
        (4, "shop.orders.Line.drop", 3, "function"),
    ]


def test_an_instance_that_may_be_something_else_ends_the_walk() -> None:
    text = "# m.py\nclass A:\n    def f(self): ...\n\ndef g(x):\n    a = A()\n    if x:\n        a = x\n    a.f()\n"
    program = Program(summarize_sources(written(text)))
    assert "m.A.f" not in {prefix.state.id for _, _, prefix in program.prefixes.named(program.modules["m"])}
