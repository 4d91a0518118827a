"""Answers the other side: callbacks of a service, and events. Whoever asks shows a token made out to this process."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .. import passage, tokens, wire
from ..objects import Detached
from ..runtime import Answer, Boundary, current_user
from . import inbox
from .replies import once

PACKAGE = __name__.removesuffix(".exchange.views")

MOST_EVENTS = 500
"""Events that one request may bring."""


@csrf_exempt
@require_POST
def run(request: HttpRequest, context: str, operation: str) -> HttpResponse:
    """Runs an operation that a service needs of the monolith."""
    boundary = _callbacks(context)
    if boundary is None:
        return _response(wire.problem(404, "no such boundary", operation))
    with _asked(request, context) as problem:
        if problem is not None:
            return _response(problem)
        contract = boundary.contract.OPERATIONS.get(operation)

        def serve() -> Answer:
            return boundary.serve(operation, request.body, Detached(operation))

        key = request.headers.get("idempotency-key", "")
        if contract is None or contract.kind != "command" or not key:
            return _response(serve())
        return _response(once(key, f"{context}.{operation}"[:100], serve))


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Takes events; the reply says of each what became of it."""
    with _asked(request, inbox.name()) as problem:
        if problem is not None:
            return _response(problem)
        try:
            document = json.loads(request.body)
            source, events = (
                str(document["source"]),
                [inbox.Event(*each) for each in document["events"]],
            )
        except (ValueError, TypeError, KeyError):
            return _response(wire.problem(422, "no events", "events"))
        if len(events) > MOST_EVENTS:
            return _response(wire.problem(413, "too many events", "events"))
        outcomes = {event.uid: inbox.take(source, event) for event in events}
        return _response(Answer(200, json.dumps(outcomes).encode()))


# Nobody logs in here: the token says who asks.
run.login_required = receive.login_required = False  # type: ignore[attr-defined]


@contextlib.contextmanager
def _asked(request: HttpRequest, audience: str) -> Iterator[Answer | None]:
    """Serves a request on behalf of the user of its token; the problem where there is no valid one."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        if kind.lower() != "bearer":
            raise tokens.InvalidToken("no bearer token")
        claims = tokens.verify(token, audience, tokens.accepted_keys())
    except tokens.InvalidToken as error:
        yield wire.problem(401, f"who is calling? {error}", audience)
        return
    held = current_user.set(str(claims.get("sub", "")))
    try:
        with passage.arrived(request.headers):
            yield None
    finally:
        current_user.reset(held)


def _callbacks(context: str) -> Boundary | None:
    """The callbacks of a context by the name of their package, ``None`` when there are none here."""
    name = f"{PACKAGE}.{context}"
    if not context.isidentifier() or not context.endswith("_callbacks"):
        return None
    if importlib.util.find_spec(name) is None or importlib.util.find_spec(f"{name}.local") is None:
        return None
    return Boundary(context, name)


def _response(answer: Answer) -> HttpResponse:
    kind = "application/json" if answer.status == 200 else "application/problem+json"
    reply: Any = HttpResponse(answer.body, status=answer.status, content_type=kind)
    if answer.status == 401:
        reply["WWW-Authenticate"] = "Bearer"
    return reply
