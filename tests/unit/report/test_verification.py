"""The outcome of the gates, on a terminal and for a CI server."""

from __future__ import annotations

from xml.etree import ElementTree

from decompose.model.verification import Gate, Verification
from decompose.report import verification
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
