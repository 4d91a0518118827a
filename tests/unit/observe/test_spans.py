"""OTLP as JSON: what is kept of a span, and what is refused with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from decompose.errors import ConfigError
from decompose.observe.spans import Span, read


def attributes(said: dict[str, str]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": value}} for key, value in said.items()]


def request(*spans: dict[str, Any]) -> dict[str, Any]:
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {"name": "x"}, "spans": list(spans)}]}]}


def one(said: dict[str, str], **more: Any) -> Span:
    span = {"traceId": "t", "spanId": "1", "name": "n", "attributes": attributes(said), **more}
    return read(json.dumps(request(span)).encode(), "spans.json")[0]


def problem(content: bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(content, "spans.json")
    return caught.value


def test_names_of_today_and_of_before_are_understood() -> None:
    new = one({"code.function.name": "shop.a.f", "code.file.path": "/srv/shop/a.py", "db.query.text": "SELECT 1", "http.request.method": "get", "http.route": "/a"})
    old = one({"code.function": "f", "code.namespace": "shop.a", "code.filepath": "/srv/shop/a.py", "db.statement": "SELECT 1", "http.method": "GET", "http.route": "/a"})
    assert new == old
    assert (new.function, new.method) == ("shop.a.f", "GET")


def test_a_function_that_is_named_in_full_gets_no_namespace_before_it() -> None:
    assert one({"code.function.name": "shop.a.f", "code.namespace": "shop.a"}).function == "shop.a.f"


def test_a_mark_of_byte_order_is_passed_over() -> None:
    assert read(b"\xef\xbb\xbf" + json.dumps(request({"traceId": "t", "spanId": "1"})).encode(), "s")


def test_kinds_are_numbers_and_words() -> None:
    assert one({}, kind=5).kind == one({}, kind="SPAN_KIND_CONSUMER").kind == "consumer"
    assert one({}, kind=99).kind == one({}).kind == "internal"


def test_values_that_are_no_text_are_passed_over() -> None:
    span = {"traceId": "t", "spanId": "1", "attributes": [{"key": "http.route", "value": {"intValue": "5"}}, {"key": "http.route"}, {"key": "code.function", "value": {}}]}
    assert read(json.dumps(request(span)).encode(), "s")[0].route == ""


def test_a_file_has_a_request_on_each_line_or_is_one_document() -> None:
    lines = "\n".join(json.dumps(request({"traceId": "t", "spanId": str(number)})) for number in range(3)) + "\n"
    assert [span.at.line for span in read(lines.encode(), "s")] == [1, 2, 3]
    document = json.dumps(request({"traceId": "t", "spanId": "1"}), indent=2)
    assert [span.at.line for span in read(document.encode(), "s")] == [1]


def test_what_is_empty_may_be_missing_or_null() -> None:
    text = b'{"resourceSpans": null}\n{}\n' + json.dumps(request({"traceId": "t", "spanId": "1", "parentSpanId": None, "attributes": None})).encode()
    assert read(text, "s")[0].parent == ""


@pytest.mark.parametrize(
    ("content", "message", "place"),
    [
        (b"", "not valid JSON", "spans.json:1"),
        (b"\x0a\x1f\x8b\x08", "not valid JSON", "spans.json:2"),
        (b"{}\n{oops}\n", "not valid JSON", "spans.json:2"),
        (b'{\n"resourceSpans": [\n{]}', "not valid JSON", "spans.json:3"),
        (b"{}\n{}\n", "no span", "spans.json"),
        (b'{}\n{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": 7}]}]}]}\n', "$.resourceSpans[0].scopeSpans[0].spans[0].traceId", "spans.json:2"),
        (b'{"resourceSpans": {}}', "Expected `array | null`", "spans.json:1"),
        (b'{"a":' * 100_000 + b"}", "not valid JSON", "spans.json:1"),
        (b'{"resourceSpans": "\xff"}', "JSON", "spans.json:1"),
    ],
)
def test_what_is_no_otlp_is_an_error_with_its_line_and_a_next_step(content: bytes, message: str, place: str) -> None:
    error = problem(content)
    assert message in error.message or "not OTLP" in error.message
    assert error.place == place
    assert "file exporter" in error.hint
