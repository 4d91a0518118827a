"""What is said about contexts whose names have gone or come."""

from __future__ import annotations

from decompose.report.changes import changed_names, kept_contexts


def test_the_same_names_are_not_mentioned_although_modules_move() -> None:
    assert changed_names({"a": "x", "b": "y", "c": "y"}, {"a": "x", "b": "x", "c": "y"}) == []


def test_a_name_that_goes_and_one_that_comes_say_where_the_modules_are() -> None:
    before = {"core.a": "shared", "core.b": "shared", "core.c": "shared", "orders.a": "orders"}
    after = {"core.a": "core", "core.b": "core", "core.c": "orders", "orders.a": "orders"}
    assert changed_names(before, after) == [
        "shared is no more: 2 of 3 modules now in core",
        "core is new: 2 of 2 modules before in shared",
    ]


def test_a_context_whose_modules_are_gone() -> None:
    assert changed_names({"a": "x"}, {"b": "y"})[0] == "x is no more: none of 1 module in another context"


def test_what_is_no_analysis_says_nothing() -> None:
    assert kept_contexts(b"") == kept_contexts(b"[1]") == kept_contexts(b"\xff") == {}
    assert kept_contexts(b'{"schema": "decompose/analysis/1", "modules": [{"id": "a", "path": "a.py", "context": "x"}, {"id": "b", "context": null}]}') == {"a": "x"}
