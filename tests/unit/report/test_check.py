"""The forms of what a check found, judged by the schemas that their readers publish.

Two of these schemas are not part of the project: put ``sarif-schema-2.1.0.json`` (OASIS) and ``junit-10.xsd`` (Jenkins) into a folder and name it in
``DECOMPOSE_SCHEMAS``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from decompose.model.findings import Checked, Finding
from decompose.model.location import Location
from decompose.model.lock import Link
from decompose.report import check as report
from decompose.report.codes import CODES
from decompose.report.json import encode
from decompose.report.schemas import json_schema
from decompose.report.text import Terminal

AT = Location("shop/orders/a b,:ü.py", 12)
FOUND = Checked(
    findings=(
        Finding(
            "D201", "D201 shop.orders.views -> shop.billing.models", "orders imports <shop.billing.models> & 100%\nof it", "ask", AT,
            places=(AT, Location("shop/orders/b.py", 3)), chain=(Link("shop.orders.views", "shop.core", AT), Link("shop.core", "shop.billing.models", Location("shop/core.py", 4))),
        ),
        Finding("D209", "D209 x", "nothing \x00\x1b[31m here", "remove it", Location("shop/orders/b.py", 1), level="warning"),
    ),
    known=42, fixed=("D203 a -> b",), ignored=1,
)  # fmt: skip
NOTHING = Checked((), 42, (), 0)


def schema(name: str) -> Path:
    folder = os.environ.get("DECOMPOSE_SCHEMAS", "")
    if not folder or not (Path(folder) / name).is_file():
        pytest.skip(f"{name} is not there: name its folder in DECOMPOSE_SCHEMAS")
    return Path(folder) / name


@pytest.mark.parametrize("found", [FOUND, NOTHING], ids=["findings", "nothing"])
def test_sarif_fits_the_schema_of_oasis(found: Checked) -> None:
    validator = jsonschema.Draft4Validator(json.loads(schema("sarif-schema-2.1.0.json").read_text()))
    assert [error.message for error in validator.iter_errors(report.sarif(found))] == []


@pytest.mark.parametrize("found", [FOUND, NOTHING], ids=["findings", "nothing"])
def test_junit_fits_the_schema_of_jenkins(found: Checked) -> None:
    xmlschema = pytest.importorskip("xmlschema")
    xmlschema.XMLSchema(str(schema("junit-10.xsd"))).validate(report.junit(found))


def test_the_json_form_fits_its_schema() -> None:
    jsonschema.Draft202012Validator(json_schema("check")).validate(json.loads(encode(FOUND)))


def test_sarif_has_a_rule_for_every_result_and_a_fingerprint_without_lines() -> None:
    (run,) = report.sarif(FOUND)["runs"]
    assert [run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] for each in run["results"]] == [each["ruleId"] for each in run["results"]]
    moved = Finding(FOUND.findings[0].code, FOUND.findings[0].key, "other words", "", Location("elsewhere.py", 99))
    (again,) = report.sarif(Checked((moved,), 0, (), 0))["runs"][0]["results"]
    assert again["partialFingerprints"] == run["results"][0]["partialFingerprints"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "shop/orders/a%20b%2C%3A%C3%BC.py"


def test_junit_counts_failures_and_has_a_case_when_there_is_nothing() -> None:
    (suite,) = ElementTree.fromstring(report.junit(FOUND))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    (suite,) = ElementTree.fromstring(report.junit(NOTHING))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")


def test_annotations_are_one_line_each_and_escape_what_would_end_them() -> None:
    first, second = report.github(FOUND).splitlines()
    assert first.startswith("::error file=shop/orders/a b%2C%3Aü.py,line=12,title=decompose D201::orders imports") and "100%25%0Aof it%0ANext: ask" in first
    assert second.startswith("::warning file=")


def test_text_names_the_chain_the_other_places_and_the_next_step() -> None:
    text = report.text(FOUND, Terminal(100))
    assert "  chain  shop.orders.views -> shop.core (12) -> shop.billing.models (shop/core.py:4)\n" in text
    assert "  also   shop/orders/b.py:3\n" in text and "\x1b" not in text
    assert text.endswith("1 finding (42 known when the plan was signed, 1 ignored with a reason, 1 warning).\n")


@pytest.mark.parametrize("code", ["D201", "D202", "D203", "D204", "D205", "D206", "D207", "D208", "D209", "D210", "D310", "D311", "D403"])
def test_every_code_of_a_check_is_explained(code: str) -> None:
    assert len(CODES[code].text) > 100
