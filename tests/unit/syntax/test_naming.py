"""Strings that name something."""

from __future__ import annotations

import pytest

from decompose.syntax.naming import names_something

from .shown import summary


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t",
        "select a\nfrom t",
        "\n  -- totals\n  SELECT * FROM t",
        "(SELECT 1 FROM t)",
        "INSERT INTO t VALUES (1)",
        "UPDATE t SET a = 1",
        "DELETE FROM t",
        "WITH x AS (SELECT 1) SELECT * FROM x",
        "CREATE TABLE t (a int)",
        "CREATE UNIQUE INDEX i ON t (a)",
        "ALTER TABLE t ADD a int",
        "DROP VIEW IF EXISTS v",
        "TRUNCATE TABLE t",
        "LEFT JOIN t ON a = b",
        "FROM t",
        "shop.orders.tasks.pay",
        "orders.Order",
        "shop.asgi:app",
        "orders:detail",
        "admin:orders_order_change",
        "orders/detail.html",
        "mail.txt",
        "shop.{}.tasks",
    ],
)
def test_these_name_something(text: str) -> None:
    assert names_something(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "orders",
        "Hello, world.",
        "Select a valid choice.",
        "Update the order",
        "from the shop",
        "with care",
        "Create order",
        "12:30",
        "1.5",
        "http://example.com/a",
        "a b.c",
        ".hidden",
        "a..b",
        "x" * 30_000,
    ],
)
def test_these_do_not(text: str) -> None:
    assert not names_something(text)


def test_a_text_has_its_scope_and_line() -> None:
    (found,) = summary("def f():\n    return g(\n        'shop.tasks.a')\n").texts
    assert (found.scope, found.line, found.value, found.holes) == ("m.f", 3, "shop.tasks.a", False)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("'SELECT a FROM t' ' WHERE b = 1'", "SELECT a FROM t WHERE b = 1"),
        ("'SELECT a ' + 'FROM t'", "SELECT a FROM t"),
        ("f'SELECT a FROM {x}'", "SELECT a FROM {}"),
        ("'SELECT a FROM %s WHERE b = %%s' % x", "SELECT a FROM {} WHERE b = %s"),
        ("'SELECT a FROM {}'.format(x)", "SELECT a FROM {}"),
        ("'SELECT a FROM ' + x + ' WHERE b'", "SELECT a FROM {} WHERE b"),
    ],
)
def test_joined_text_is_found_once_as_a_whole(line: str, value: str) -> None:
    (found,) = summary(f"y = {line}\n").texts
    assert (found.value, found.holes) == (value, "{}" in value)


def test_a_known_part_is_filled_in() -> None:
    assert [found.value for found in summary("def f():\n    t = 'orders'\n    g(f'DELETE FROM {t}')\n").texts] == [
        "DELETE FROM orders"
    ]
