"""Who is calling: a short-lived token signed by the monolith (see ``tokens`` of the boundaries). Without one: 401.

The token's subject is the key of a user. The user is a shadow row here; the row is made when a new user calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.functional import SimpleLazyObject
from rest_framework.authentication import BaseAuthentication

from library.boundaries import tokens
from library.boundaries.runtime import current_trace, current_user
from loans_service import shadows

AUDIENCE = "loans"
"""What tokens for this service are made out to."""

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/openapi.json"})
"""What may be asked without a token: nothing that holds data."""


class Identity:
    """Middleware: refuses requests without a valid token, sets the user and the trace of the others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        trace = current_trace.set(request.headers.get("traceparent", ""))
        try:
            if request.path in OPEN_PATHS:
                request.user = AnonymousUser()
                return self.get_response(request)
            return self._identified(request)
        finally:
            current_trace.reset(trace)

    def _identified(self, request: HttpRequest) -> HttpResponse:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            if kind.lower() != "bearer":
                raise tokens.InvalidToken("no bearer token")
            claims = tokens.verify(token, AUDIENCE, tokens.accepted_keys())
        except tokens.InvalidToken as error:
            return _refused(str(error))
        subject = str(claims.get("sub", ""))
        request.user = SimpleLazyObject(lambda: user(subject)) if subject else AnonymousUser()
        # The boundary's callers are services, not browsers: nothing here rides on a cookie.
        request._dont_enforce_csrf_checks = True
        held = current_user.set(subject)
        try:
            return self.get_response(request)
        finally:
            current_user.reset(held)


def _refused(reason: str) -> HttpResponse:
    problem = {"type": "about:blank", "title": "who is calling?", "status": 401, "detail": reason}
    reply = JsonResponse(problem, status=401, content_type="application/problem+json")
    reply["WWW-Authenticate"] = "Bearer"
    return reply


def user(subject: str) -> Any:
    """The shadow row of a user, made when it is not there yet."""
    kind = get_user_model()
    key = kind._meta.pk.to_python(subject)
    shadows.ensure(kind, key)
    return kind._base_manager.get(pk=key)


class TokenAuthentication(BaseAuthentication):
    """Tells the REST framework what the middleware found out."""

    def authenticate(self, request: Any) -> tuple[Any, None] | None:
        found = request._request.user
        return (found, None) if found.is_authenticated else None

    def authenticate_header(self, request: Any) -> str:
        return "Bearer"
