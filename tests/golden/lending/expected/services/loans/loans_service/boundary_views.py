"""The boundary over HTTP: ``POST /boundary/v1/<operation>``, and its description.

Requests and replies are those of the contract; failures are problem documents (RFC 9457), never a stack trace.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from library.boundaries import wire
from library.boundaries.runtime import Answer, Boundary
from loans_service.models import Reply
from loans_service.shadows import Stored

BOUNDARY = Boundary("loans", "library.boundaries.loans")

# Loaded with the first health check, so that no caller waits for it.
OPERATIONS = BOUNDARY.contract.OPERATIONS


@csrf_exempt
@require_POST
def run(request: HttpRequest, operation: str) -> HttpResponse:
    """Runs an operation; the identity middleware has checked who calls."""
    contract = OPERATIONS.get(operation)
    offset = request.GET.get("offset", "0")
    if not offset.isdecimal():
        return _response(wire.problem(422, "offset is a number", operation))

    def serve() -> Answer:
        return BOUNDARY.serve(operation, request.body, Stored(operation), int(offset))

    key = request.headers.get("idempotency-key", "")
    if contract is None or contract.kind != "command" or not key:
        return _response(serve())
    return _response(once(key, operation, serve))


def once(key: str, operation: str, serve: Callable[[], Answer]) -> Answer:
    """The first reply under a key. The command itself runs outside any transaction of ours, as it did in the monolith."""
    if len(key) > 64:
        return wire.problem(422, "the idempotency key is too long", operation)
    try:
        with transaction.atomic():
            Reply.objects.create(key=key, operation=operation)
    except IntegrityError:
        reply = Reply.objects.get(key=key)
        if reply.operation != operation:
            return wire.problem(422, "the idempotency key belongs to another operation", operation)
        if reply.status is None:
            return wire.problem(503, "the first try has not ended", operation)
        return Answer(reply.status, bytes(reply.body))
    answer = serve()
    Reply.objects.filter(key=key).update(status=answer.status, body=answer.body)
    return answer


@require_safe
def description(request: HttpRequest) -> JsonResponse:
    """The OpenAPI document, made from the classes that check the requests."""
    return JsonResponse(wire.openapi(BOUNDARY, "lending: loans"))


def _response(answer: Answer) -> HttpResponse:
    kind = "application/json" if answer.status == 200 else "application/problem+json"
    return HttpResponse(answer.body, status=answer.status, content_type=kind)
