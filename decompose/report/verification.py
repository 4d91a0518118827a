"""What ``verify`` found, for reading and for CI servers."""

from __future__ import annotations

from xml.etree import ElementTree

from decompose.model.verification import Gate, Verification
from decompose.report.printable import printable, printable_lines
from decompose.report.text import Colour, Terminal

_MARKS: dict[str, tuple[str, Colour]] = {
    "passed": ("PASS", "green"),
    "failed": ("FAIL", "red"),
    "skipped": ("SKIP", "yellow"),
}


def text(found: Verification, terminal: Terminal) -> str:
    """A line for each gate, what it has to say below it (failures, tests that were skipped), and the count.

    Skipped is never counted as passed.
    """
    room = max((len(gate.name) for gate in found.gates), default=0)
    lines: list[str] = []
    for gate in found.gates:
        mark, colour = _MARKS[gate.outcome]
        lines.append(f" {terminal.paint(mark, colour)} {printable(gate.name):{room}}  {printable(gate.summary)}")
        if gate.outcome != "skipped":
            lines += [f"      {printable(line)}" for detail in gate.details for line in detail.split("\n")]
    lines.append(f"{found.count('failed')} failed, {found.count('passed')} passed, {found.count('skipped')} skipped")
    return "\n".join(lines) + "\n"


def junit(found: Verification) -> str:
    """The gates as test cases of one suite, in the form that CI servers read."""
    suite = ElementTree.Element(
        "testsuite",
        name=f"decompose verify {found.context}",
        tests=str(len(found.gates)),
        failures=str(found.count("failed")),
        skipped=str(found.count("skipped")),
        errors="0",
        time=f"{sum(gate.seconds for gate in found.gates):.3f}",
    )
    for gate in found.gates:
        suite.append(_case(found.context, gate))
    ElementTree.indent(suite)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(suite, encoding="unicode") + "\n"


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
