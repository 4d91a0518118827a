"""The outcome of the gates, on a terminal and for a CI server."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from decompose.model.verification import Cause, Difference, Gate, Verification
from decompose.report import verification
from decompose.report.json import encode
from decompose.report.text import Terminal

FOUND = Verification(
    "orders",
    (
        Gate("static", "passed", "43 files compile", seconds=0.5),
        Gate("boot", "failed", "ended with 1", ("Traceback:\n  line\x1b[2J",), 1.0),
        Gate("image", "skipped", "docker is not installed"),
    ),
)


def test_skipped_is_not_counted_as_passed() -> None:
    assert verification.text(FOUND, Terminal()).endswith("1 failed, 1 passed, 1 skipped\n")


def test_a_failure_shows_its_evidence_without_control_characters() -> None:
    shown = verification.text(FOUND, Terminal())
    assert "      Traceback:\n" in shown and "\\x1b[2J" in shown and "\x1b" not in shown


def test_junit_is_xml_with_one_case_for_each_gate() -> None:
    suite = ElementTree.fromstring(verification.junit(FOUND).encode())
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert [case.find(kind) is not None for case, kind in zip(suite, ("system-out", "failure", "skipped"), strict=True)] == [True] * 3


def test_tests_that_differ_are_cases_of_their_own_with_the_edges_behind_them() -> None:
    cause = Cause("orders-1", "orm", "stay", "shop/reports.py:4", "monolith code used the context's rows directly", "build", "split")
    known = Difference("shop.tests.T.test_a", "passed", "failed", "AssertionError: 0 != 1", (cause,), "passes as soon as ...")
    worse = Difference("shop.tests.T.test_b", "passed", "error", "KeyError: 'x'", (), "", True)
    gate = Gate("monolith-remote", "failed", "the suite ends worse", ("...",), 2.0, (known, worse))
    root = ElementTree.fromstring(verification.junit(Verification("orders", (gate,))).encode())
    gates, rung = root
    assert (gates.get("failures"), rung.get("name"), rung.get("tests"), rung.get("failures")) == ("1", "decompose verify orders: monolith-remote", "2", "1")
    first, second = rung
    assert [(each.get("name"), each.get("value")) for each in first.iter("property")] == [
        ("edge orders-1", "shop/reports.py:4 monolith code used the context's rows directly")
    ]
    assert first.find("failure") is None and "as planned" in first.findtext("system-out", "")
    assert second.find("failure") is not None


def test_json_says_every_difference_with_its_edges() -> None:
    cause = Cause("orders-1", "orm", "stay", "shop/reports.py:4", "named in the traceback")
    found = Verification("orders", (Gate("monolith-remote", "failed", "worse", differences=(Difference("t", "passed", "failed", causes=(cause,), regression=True),)),))
    [gate] = json.loads(encode(found))["gates"]
    assert gate["differences"][0]["causes"][0]["edge"] == "orders-1"
    assert gate["differences"][0]["causes"][0]["place"] == "shop/reports.py:4"
