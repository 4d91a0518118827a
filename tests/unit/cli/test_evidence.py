"""Evidence from run time on the command line: given, shown, explained, refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from decompose.report.schemas import json_schema

Typed = Callable[..., Any]

COVERAGE = """<coverage><class filename="shop/reviews/services.py"><lines>
<line number="1" hits="1"/><line number="5" hits="1"/><line number="6" hits="0"/>
</lines></class></coverage>"""
STATEMENTS = 'query,calls\n"SELECT * FROM orders_order o JOIN catalog_product p ON p.id = o.product_id",12345\nSELECT * FROM strange,3\n'
SPANS = {
    "resourceSpans": [
        {
            "scopeSpans": [
                {
                    "spans": [
                        {"traceId": "t", "spanId": "1", "kind": 2, "attributes": [{"key": "http.route", "value": {"stringValue": "orders/<int:pk>/"}}]},
                        {"traceId": "t", "spanId": "2", "parentSpanId": "1", "attributes": [{"key": "code.function.name", "value": {"stringValue": "shop.reviews.services.find"}}]},
                    ]
                }
            ]
        }
    ]
}


@pytest.fixture
def seen(shop: Path) -> Path:
    """The shop with evidence of every kind."""
    out = shop / "out"
    out.mkdir()
    (out / "coverage.xml").write_text(COVERAGE)
    (out / "statements.csv").write_text(STATEMENTS)
    (out / "spans.json").write_text(json.dumps(SPANS))
    (shop / "decompose.toml").write_text('[evidence]\ncoverage = "out/coverage.xml"\nstatements = "out/*.csv"\nspans = "out/spans.json"\n')
    return shop


def test_the_first_screen_says_what_was_seen_and_what_never_ran(decompose: Typed, seen: Path) -> None:
    for _ in range(2):  # the second time from the result of the first
        found = decompose("analyze", seen)
        assert found.code == 0, found.err
        assert "Seen at run time in 3 files: ties between modules and tables, 1 by statements, 1 by spans" in found.out
        assert "1 module of 1 measured never ran: shop.reviews.services" in found.out


def test_json_has_it_and_fits_the_schema_and_is_the_same_each_time(decompose: Typed, seen: Path) -> None:
    found = decompose("analyze", seen, "--format", "json", "--no-cache").out
    document = json.loads(found)
    jsonschema.Draft202012Validator(json_schema("analysis")).validate(document)
    assert [tie["figures"] for tie in document["runtime"]["ties"]] == ["1 time", "12,345 times"]
    assert document["runtime"]["files"] == ["out/coverage.xml", "out/statements.csv", "out/spans.json"]
    assert "strange" in [each["text"] for each in document["unresolved"]]
    assert decompose("analyze", seen, "--format", "json", "--no-cache").out == found


def test_without_evidence_nothing_is_said_of_it(decompose: Typed, shop: Path) -> None:
    assert "runtime" not in json.loads(decompose("analyze", shop, "--format", "json", "--no-cache").out)
    assert "run time" not in decompose("analyze", shop).out


def test_options_name_files_from_where_the_person_is(decompose: Typed, seen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (seen / "decompose.toml").unlink()
    monkeypatch.chdir(seen / "out")
    options = ("--coverage", "coverage.xml", "--query-stats", "statements.csv", "--spans", "spans.json")
    assert "in 3 files" in decompose("analyze", seen, "--no-cache", *options).out
    monkeypatch.chdir(seen)
    assert "in 1 file:" in decompose("analyze", seen, "--no-cache", "--spans", "out/spans.json").out


def test_commands_after_an_analysis_go_on_with_its_evidence_from_any_folder(decompose: Typed, seen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (seen / "decompose.toml").unlink()
    monkeypatch.chdir(seen)
    assert decompose("analyze", ".", "--query-stats", "out/statements.csv").code == 0
    monkeypatch.chdir(seen / "shop")
    found = decompose("explain", "orders_order", "-C", "..")
    assert "is queried together with table catalog_product" in found.out
    assert "--query-stats" in found.err


@pytest.mark.parametrize("name", ["", "a\nb", "a\udcff.xml"])
def test_names_that_no_screen_can_show_are_refused(decompose: Typed, shop: Path, name: str) -> None:
    found = decompose("analyze", shop, "--coverage", name)
    assert (found.code, "Traceback" in found.err) == (2, False)


def test_unresolved_evidence_is_listed_and_the_rest_explained(decompose: Typed, seen: Path) -> None:
    assert "strange" in decompose("show", "unresolved", "-C", seen).out
    assert "is queried together with table catalog_product" in decompose("explain", "orders_order", "-C", seen).out


@pytest.mark.parametrize(
    ("name", "text", "code", "place"),
    [
        ("coverage.xml", '<!DOCTYPE coverage [<!ENTITY a "b">]><coverage/>', 2, "out/coverage.xml:1"),
        ("coverage.xml", COVERAGE.replace("shop/reviews", "elsewhere"), 2, "out/coverage.xml:1"),
        ("statements.csv", "query,calls\nSELECT 1,often\n", 2, "out/statements.csv:2"),
        ("spans.json", "{}\n{oops}", 2, "out/spans.json:2"),
        ("spans.json", None, 3, "out/spans.json"),
    ],
)
def test_evidence_that_cannot_be_used_ends_with_file_place_cause_and_next_step(decompose: Typed, seen: Path, name: str, text: str | None, code: int, place: str) -> None:
    file = seen / "out" / name
    file.unlink()
    if text is not None:
        file.write_text(text)
    found = decompose("analyze", seen)
    assert found.code == code
    assert place in found.err
    assert "hint" in found.err
    assert "Traceback" not in found.err


def test_a_large_file_of_evidence_is_no_unreadable_file_of_the_project(decompose: Typed, seen: Path) -> None:
    (seen / "out/spans.json").write_text(json.dumps(SPANS) + "\n" * 6 * 1024 * 1024)
    assert decompose("analyze", seen, "--strict").code == 0
    (seen / "decompose.toml").unlink()
    assert decompose("analyze", seen, "--strict").code == 6
    assert decompose("analyze", seen, "--strict", "--spans", seen / "out/spans.json").code == 0
