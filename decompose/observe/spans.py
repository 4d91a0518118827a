"""Reads OpenTelemetry spans from OTLP as JSON: what the collector's file exporter writes, one request a line, or one document.

Of a span only what can lead to a module, a route, a task or a table is kept, under the names of the semantic conventions of today and of
those before them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from decompose.errors import ConfigError
from decompose.model.location import Location
from decompose.observe.lines import line_of

_HINT = "export spans with the collector's file exporter, `format: json` and no compression"

SpanKind = Literal["internal", "server", "client", "producer", "consumer"]
_KINDS: Mapping[int | str, SpanKind] = {
    2: "server", 3: "client", 4: "producer", 5: "consumer",
    "SPAN_KIND_SERVER": "server", "SPAN_KIND_CLIENT": "client", "SPAN_KIND_PRODUCER": "producer", "SPAN_KIND_CONSUMER": "consumer",
}  # fmt: skip

_FUNCTION = ("code.function.name", "code.function")
_FILE = ("code.file.path", "code.filepath")
_METHOD = ("http.request.method", "http.method")
_STATEMENT = ("db.query.text", "db.statement")
_COLLECTION = ("db.collection.name", "db.sql.table")
_OPERATION = ("db.operation.name", "db.operation")
_TASK = ("celery.task_name", "messaging.destination.name", "messaging.destination")
_KEPT = frozenset((*_FUNCTION, *_FILE, *_METHOD, *_STATEMENT, *_COLLECTION, *_OPERATION, *_TASK, "code.namespace", "http.route"))


class Span(msgspec.Struct, frozen=True):
    """One span; what its attributes do not say is ``""``. ``tasks`` are the names that a task may be registered under."""

    trace: str
    id: str
    parent: str
    kind: SpanKind
    name: str
    at: Location
    function: str = ""
    file: str = ""
    route: str = ""
    method: str = ""
    statement: str = ""
    table: str = ""
    operation: str = ""
    tasks: tuple[str, ...] = ()


def read(content: bytes, path: str) -> tuple[Span, ...]:
    """The spans in ``content``. Raises :class:`ConfigError` with the line for what is no OTLP."""
    found = tuple(span for request, line in _requests(content, path) for span in _spans(request, Location(path, line)))
    if not found:
        raise ConfigError("there is no span in it", place=path, hint=_HINT)
    return found


# --- OTLP ---------------------------------------------------------------------------------------


class _Value(msgspec.Struct, rename="camel"):
    string_value: str | None = None


class _Attribute(msgspec.Struct):
    key: str = ""
    value: _Value | None = None


class _Recorded(msgspec.Struct, rename="camel"):
    trace_id: str = ""
    span_id: str = ""
    parent_span_id: str | None = ""
    name: str = ""
    kind: int | str = 0
    attributes: list[_Attribute] | None = None


class _Scope(msgspec.Struct):
    spans: list[_Recorded] | None = None


class _Resource(msgspec.Struct, rename="camel"):
    scope_spans: list[_Scope] | None = None
    instrumentation_library_spans: list[_Scope] | None = None


class _Request(msgspec.Struct, rename="camel"):
    resource_spans: list[_Resource] | None = None


_DECODER = msgspec.json.Decoder(_Request)


def _requests(content: bytes, path: str) -> Iterator[tuple[_Request, int]]:
    """Every request with its line; a document over several lines is one."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    first = content.lstrip().partition(b"\n")[0].strip()
    if first in (b"{", b"") or not first.endswith(b"}"):
        yield _request(content, path, 1), 1
        return
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            yield _request(line, path, number), number


def _request(text: bytes, path: str, line: int) -> _Request:
    try:
        return _DECODER.decode(text)
    except msgspec.ValidationError as error:
        raise ConfigError(f"not OTLP: {error}", place=f"{path}:{line}", hint=_HINT) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        place = f"{path}:{line - 1 + line_of(text, error)}"
        raise ConfigError(f"the spans are not valid JSON: {error}", place=place, hint=_HINT) from None


def _spans(request: _Request, at: Location) -> Iterator[Span]:
    for resource in request.resource_spans or ():
        for scope in (*(resource.scope_spans or ()), *(resource.instrumentation_library_spans or ())):
            for span in scope.spans or ():
                yield _span(span, at)


def _span(recorded: _Recorded, at: Location) -> Span:
    said = {a.key: a.value.string_value or "" for a in recorded.attributes or () if a.key in _KEPT and a.value is not None}
    return Span(
        trace=recorded.trace_id,
        id=recorded.span_id,
        parent=recorded.parent_span_id or "",
        kind=_KINDS.get(recorded.kind, "internal"),
        name=recorded.name,
        at=at,
        function=_qualified(_first(said, _FUNCTION), said.get("code.namespace", "")),
        file=_first(said, _FILE),
        route=said.get("http.route", ""),
        method=_first(said, _METHOD).upper(),
        statement=_first(said, _STATEMENT),
        table=_first(said, _COLLECTION),
        operation=_first(said, _OPERATION).upper(),
        tasks=tuple(dict.fromkeys(said[name] for name in _TASK if said.get(name))),
    )


def _first(said: Mapping[str, str], names: Iterable[str]) -> str:
    return next((said[name] for name in names if said.get(name)), "")


def _qualified(function: str, namespace: str) -> str:
    """The dotted name of a function; older conventions give its module or class apart."""
    if not namespace or function.startswith(f"{namespace}."):
        return function
    return f"{namespace}.{function}" if function else namespace
