"""The boundary over HTTP: ``POST /boundary/v1/<operation>``, and its description.

Requests and replies are those of the contract; failures are problem documents (RFC 9457), never a stack trace.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from library.boundaries import wire
from library.boundaries.exchange.replies import once
from library.boundaries.runtime import Answer, Boundary
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


@require_safe
def description(request: HttpRequest) -> JsonResponse:
    """The OpenAPI document, made from the classes that check the requests."""
    return JsonResponse(wire.openapi(BOUNDARY, "lending: loans"))


def _response(answer: Answer) -> HttpResponse:
    kind = "application/json" if answer.status == 200 else "application/problem+json"
    return HttpResponse(answer.body, status=answer.status, content_type=kind)
