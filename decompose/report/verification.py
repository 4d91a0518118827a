"""What ``verify`` found, for reading and for CI servers."""

from __future__ import annotations

from xml.etree import ElementTree

from decompose.model.verification import Difference, Gate, Verification
from decompose.report.printable import printable, printable_lines
from decompose.report.text import Colour, Terminal

_MARKS: dict[str, tuple[str, Colour]] = {
    "passed": ("PASS", "green"),
    "failed": ("FAIL", "red"),
    "skipped": ("SKIP", "yellow"),
}


_ROOM = 18
"""Columns of a gate's name: the next ones are not known yet when one is shown."""


def text(found: Verification, terminal: Terminal) -> str:
    """Every gate and the count."""
    return "".join([*(gate_text(gate, terminal) for gate in found.gates), count_text(found)])


def gate_text(gate: Gate, terminal: Terminal) -> str:
    """A line for the gate, and below it what it has to say: failures, tests that were skipped."""
    lines = [gate_line(gate, terminal)]
    if gate.outcome != "skipped":
        lines += [f"      {printable(line)}" for detail in gate.details for line in detail.split("\n")]
    return "\n".join(lines) + "\n"


def gate_line(gate: Gate, terminal: Terminal) -> str:
    """The gate in one line."""
    mark, colour = _MARKS[gate.outcome]
    return f" {terminal.paint(mark, colour)} {printable(gate.name):{_ROOM}}  {printable(gate.summary)}"


def count_text(found: Verification) -> str:
    """How many gates ended how. Skipped is never counted as passed."""
    return f"{found.count('failed')} failed, {found.count('passed')} passed, {found.count('skipped')} skipped\n"


def junit(found: Verification) -> str:
    """The gates as test cases of one suite, and one more suite for each gate with tests of the monolith that end in another way."""
    gates = _suite(f"decompose verify {found.context}", sum(gate.seconds for gate in found.gates), [_case(found.context, gate) for gate in found.gates])
    rungs = [
        _suite(f"decompose verify {found.context}: {gate.name}", gate.seconds, [_difference(found.context, gate, each) for each in gate.differences])
        for gate in found.gates
        if gate.differences
    ]
    root = gates
    if rungs:
        root = ElementTree.Element("testsuites")
        root.extend([gates, *rungs])
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(name: str, seconds: float, cases: list[ElementTree.Element]) -> ElementTree.Element:
    suite = ElementTree.Element(
        "testsuite",
        name=printable(name),
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        errors="0",
        time=f"{seconds:.3f}",
    )
    suite.extend(cases)
    return suite


def _difference(context: str, gate: Gate, found: Difference) -> ElementTree.Element:
    """A test that ends in another way: a failure when the plan does not know of it. Each edge behind it is a property of the case."""
    case = ElementTree.Element("testcase", classname=f"decompose.{context}.{gate.name}", name=printable(found.test), time="0")
    if found.causes:
        properties = ElementTree.SubElement(case, "properties")
        for cause in found.causes:
            ElementTree.SubElement(properties, "property", name=f"edge {printable(cause.edge)}", value=printable(f"{cause.place} {cause.how}"))
    message = f"{found.before} -> {found.after}" + (f", as planned: {found.expected}" if found.expected else "")
    if found.regression:
        ElementTree.SubElement(case, "failure", message=printable(message)).text = printable_lines(found.message) or None
    else:
        ElementTree.SubElement(case, "system-out").text = printable_lines(f"{message}\n{found.message}".rstrip())
    return case


def _case(context: str, gate: Gate) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname=f"decompose.{context}", name=printable(gate.name), time=f"{gate.seconds:.3f}"
    )
    if gate.outcome == "passed":
        ElementTree.SubElement(case, "system-out").text = printable_lines(gate.summary)
    else:
        kind = "failure" if gate.outcome == "failed" else "skipped"
        outcome = ElementTree.SubElement(case, kind, message=printable(gate.summary))
        outcome.text = printable_lines("\n".join(gate.details)) or None
    return case
