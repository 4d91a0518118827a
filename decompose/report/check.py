"""What ``check`` found: for reading, for forges, for editors and for CI servers.

SARIF is version 2.1.0 of OASIS; JUnit has no standard, its form here is the one that Jenkins and pytest agree on; annotations are GitHub's workflow
commands.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree

from decompose import __version__
from decompose.model.findings import Checked, Finding
from decompose.model.location import Location
from decompose.model.lock import Link
from decompose.report.codes import CODES
from decompose.report.printable import printable
from decompose.report.text import Terminal, plural

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def text(found: Checked, terminal: Terminal) -> str:
    """Each finding with its chain and the next step, then the count."""
    lines: list[str] = []
    for each in found.findings:
        colour = "red" if each.level == "error" else "yellow"
        lines.append(f"{printable(str(each.at))}: {terminal.paint(each.code, colour)} {printable(each.message)}")  # type: ignore[arg-type]
        if each.chain:
            lines.append(f"  chain  {printable(chain_words(each.chain, each.at))}")
        if len(each.places) > 1:
            lines.append(f"  also   {printable(', '.join(map(str, each.places[1:_PLACES])))}{' ...' if len(each.places) > _PLACES else ''}")
        lines.append(f"  next   {printable(each.next)}")
        lines.append(f"  more   decompose explain {each.code}")
    return "\n".join([*lines, *([""] if lines else []), summary(found)]) + "\n"


def summary(found: Checked) -> str:
    """``1 new (42 known, 3 fixed)`` in words."""
    errors = sum(each.level == "error" for each in found.findings)
    warnings = len(found.findings) - errors
    known = f"{found.known:,} known when the plan was signed"
    extra = [f"{found.ignored:,} ignored with a reason"] if found.ignored else []
    extra += [f"{plural(len(found.unread), 'file')} not read"] if found.unread else []
    extra += [f"{found.unseen:,} known not seen, so nothing counts as gone"] if found.unseen else []
    extra += [plural(warnings, "warning")] if warnings else []
    head = f"{plural(errors, 'finding')}" if errors else "Nothing new crosses the accepted cut"
    return f"{head} ({', '.join([known, *extra])})."


_PLACES = 6
"""Places named in one finding."""


def chain_words(chain: Iterable[Link], at: Location) -> str:
    """``a -> b (12) -> c (other.py:3)``: the file only where it is not that of the finding."""
    words = ""
    last = ""
    for link in chain:
        place = str(link.at.line) if link.at.path == at.path else str(link.at)
        words += f"{' -> ' if link.source == last else ('; ' if words else '') + link.source + ' -> '}{link.target} ({place})"
        last = link.target
    return words


# --- forges and CI servers ----------------------------------------------------------------------


def github(found: Checked) -> str:
    """A workflow command for each finding, which shows it beside the line."""
    lines = []
    for each in found.findings:
        message = f"{each.message}\nNext: {each.next}"
        lines.append(f"::{each.level} file={_property(each.at.path)},line={each.at.line},title={_property(f'decompose {each.code}')}::{_data(message)}")
    return "".join(f"{line}\n" for line in lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def junit(found: Checked) -> str:
    """A test case for each finding, and one that passes where there is none. Warnings are cases that pass with a note."""
    suite = ElementTree.Element("testsuite", name="decompose check", errors="0", skipped="0", time="0")
    for each in found.findings:
        case = ElementTree.SubElement(suite, "testcase", classname=f"decompose.{each.code}", name=_xml(each.key), time="0")
        body = f"{each.at}: {each.message}\nnext: {each.next}"
        if each.level == "error":
            ElementTree.SubElement(case, "failure", message=_xml(each.message), type=each.code).text = _xml(body)
        else:
            ElementTree.SubElement(case, "system-out").text = _xml(body)
    if not found.findings:
        ElementTree.SubElement(suite, "testcase", classname="decompose", name="nothing new crosses the accepted cut", time="0")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in suite)))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml(text: str) -> str:
    """``text`` without the characters that XML cannot hold."""
    return _NO_XML.sub("\ufffd", text)


def sarif(found: Checked) -> dict[str, Any]:
    """One run with a rule for each code in it; a finding keeps its fingerprint when lines move."""
    codes = sorted({each.code for each in found.findings})
    driver = {
        "name": "decompose",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [
            {"id": code, "shortDescription": {"text": CODES[code].title}, "fullDescription": {"text": CODES[code].text}, "help": {"text": CODES[code].text}}
            for code in codes
        ],
    }
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"PROJECT": {"description": {"text": "The folder of the monolith"}}},
        "results": [_result(each, codes) for each in found.findings],
    }
    return {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(finding: Finding, codes: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.level,
        "message": {"text": f"{finding.message}. Next: {finding.next}"},
        "locations": [{"physicalLocation": _physical(finding.at)}],
        "partialFingerprints": {"decompose/crossing/v1": hashlib.blake2b(finding.key.encode("utf-8", "replace"), digest_size=16).hexdigest()},
    }
    if len(finding.places) > 1:
        result["relatedLocations"] = [{"id": id, "physicalLocation": _physical(at), "message": {"text": "here, too"}} for id, at in enumerate(finding.places[1:], 1)]
    if finding.chain:
        steps = [{"location": {"physicalLocation": _physical(link.at), "message": {"text": f"{link.source} -> {link.target}"}}} for link in finding.chain]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    return result


def _physical(at: Location) -> dict[str, Any]:
    return {"artifactLocation": {"uri": _uri(at.path), "uriBaseId": "PROJECT"}, "region": {"startLine": at.line}}


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path.encode("utf-8", "surrogateescape"))
