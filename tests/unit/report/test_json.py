"""The JSON that other programs rely on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from drawing import draw

import decompose
from decompose.cut.propose import propose
from decompose.model.codegraph import CodeGraph, Edge
from decompose.model.facts import Unresolved
from decompose.model.location import Location
from decompose.model.settings import Config
from decompose.report.json import analysis_document, encode, to_json
from decompose.report.schemas import KINDS, json_schema, text
from decompose.resources import schemas

SHOP = """
shop.orders.models: table orders_order; key customer_id -> crm_customer CASCADE
shop.orders.views: imports shop.orders.models; writes orders_order; route /orders/
shop.orders.tasks: imports shop.orders.models; reads orders_order; task shop.orders.tasks.send
shop.crm.models: table crm_customer
shop.crm.views: imports shop.crm.models; writes crm_customer; route /customers/
"""


def graph() -> CodeGraph:
    drawn = draw(SHOP)
    at = (Location("shop/crm/views.py", 9), Location("shop/crm/views.py", 3))
    late = [Edge("shop.crm.views", "shop.orders.models", "import", at, when) for when in ("call", "typing")]
    unknown = Unresolved("import", "import_module(name)", "name is computed", Location("shop/crm/views.py", 7))
    return msgspec.structs.replace(drawn, edges=(*late, *reversed(drawn.edges)), unresolved=(unknown,))  # type: ignore[arg-type]


def analysis() -> dict[str, Any]:
    drawn = graph()
    return to_json(drawn, propose(drawn, Config()))


def test_the_keys_are_those_that_were_published() -> None:
    published = [
        "schema", "project", "modules", "definitions", "edges", "tables", "foreign_keys", "accesses", "routes", "tasks",
        "schedules", "externals", "environment", "transactions", "contexts", "unresolved", "scores", "crud", "kept", "changes",
        "alternatives",
    ]  # fmt: skip
    assert list(analysis()) == published


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("modules", "id path lines context"),
        ("definitions", "id kind line context"),
        ("edges", "src dst kind weight at"),
        ("tables", "id model owner contested"),
        ("foreign_keys", "id src dst on_delete at cut"),
        ("accesses", "definition table mode at"),
        ("routes", "methods path handler at context"),
        ("tasks", "name definition at context"),
        ("contexts", "name modules tables cohesion stability readiness"),
        ("unresolved", "kind text reason at"),
    ],
)
def test_every_entry_has_its_published_keys(name: str, keys: str) -> None:
    entries = analysis()[name]
    assert entries and all(set(keys.split()) <= set(entry) for entry in entries)


def test_places_are_pairs_of_path_and_line() -> None:
    assert analysis()["foreign_keys"][0]["at"] == ["shop/orders/models.py", 20]


def test_only_imports_that_do_not_run_at_load_say_when() -> None:
    whens = {edge.get("when") for edge in analysis()["edges"] if edge["kind"] == "import"}
    assert whens == {None, "call", "typing"}


def test_lists_are_sorted_whatever_the_order_of_the_facts() -> None:
    found = analysis()
    assert found["edges"] == sorted(found["edges"], key=lambda e: (e["src"], e["dst"], e["kind"], e.get("when", "")))
    assert [edge["at"] for edge in found["edges"] if edge.get("when") == "call"] == [[["shop/crm/views.py", 3], ["shop/crm/views.py", 9]]]


def test_modules_and_definitions_know_their_context() -> None:
    found = analysis()
    owner = {table["id"]: table["owner"] for table in found["tables"]}
    assert {m["context"] for m in found["modules"] if m["id"].startswith("shop.orders")} == {owner["orders_order"]}


def test_text_that_is_no_unicode_can_still_be_read() -> None:
    assert json.loads(encode({"text": "half \ud800 pair"})) == {"text": "half \\ud800 pair"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_package_carries_the_schemas_made_from_the_types(kind: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        Path(decompose.__file__).parent.joinpath("schemas", f"{kind}.json").write_text(text(kind))
        schemas.cache_clear()
    assert schemas()[f"{kind}.json"] == text(kind), "a type has changed; run the tests once with UPDATE_GOLDEN=1 and review the diff"


@pytest.mark.parametrize("kind", KINDS)
def test_every_schema_is_a_schema(kind: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(kind))


def test_an_analysis_fits_its_schema_and_a_broken_one_does_not() -> None:
    validator = jsonschema.Draft202012Validator(json_schema("analysis"))
    found = json.loads(encode(analysis()))
    assert not list(validator.iter_errors(found))
    found["edges"][0]["kind"] = "guess"
    assert list(validator.iter_errors(found))


def test_the_document_and_its_plain_form_are_the_same() -> None:
    drawn = graph()
    context_map = propose(drawn, Config())
    assert json.loads(encode(analysis_document(drawn, context_map))) == json.loads(encode(to_json(drawn, context_map)))
