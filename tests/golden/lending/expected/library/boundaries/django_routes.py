"""Django middleware: what a context's service needs of a request. One line, the last of ``MIDDLEWARE``, installs it.

Boundary calls carry the request's user and trace. Requests for a context's own routes go to its service while its mode
is ``remote``; in the other modes the monolith's views answer them. The monolith says who is calling: sessions, tokens
and CSRF are checked here as before, and what they refuse is answered by the view as before.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import pkgutil
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from . import runtime
from .runtime import Boundary, BoundaryUnavailable, current_trace, current_user

MEMORY = 1024 * 1024
"""Bytes of a request's body that are kept in memory; what is longer waits on disk for the service to take it."""


class Owned(NamedTuple):
    """A context with routes of its own: the views that answer them here, and the apps whose permissions they ask for."""

    boundary: Boundary
    views: frozenset[Any]
    permissions: tuple[str, ...]


class MovedRoutes:
    """See above. Views are recognised as the very objects that the context defines, wherever routes lead to them from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._owned: list[Owned] | None = None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = current_user.set(cast(str, _Subject(request)))
        trace = current_trace.set(request.headers.get("traceparent", ""))
        try:
            if request.content_type == "multipart/form-data" and self._goes(request):
                # The check against forgery reads a form from the body, which the service needs whole.
                _body(request)
            return self.get_response(request)
        finally:
            current_user.reset(user)
            current_trace.reset(trace)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        owned = self._owner(view)
        if owned is None or owned.boundary.mode != "remote":
            return None
        body = _body(request)
        user = _caller(request, view)
        if user is None:
            if body is not None:
                _put_back(request, body)
            return None
        from . import proxy

        outgoing = proxy.Request(
            method=str(request.method),
            target=request.get_full_path_info(),
            headers={name.lower(): value for name, value in request.headers.items()},
            host=request.get_host(),
            scheme=str(request.scheme),
            address=request.META.get("REMOTE_ADDR", ""),
            body=body,
            length=_length(body),
        )
        try:
            key = user.pk
            reply = proxy.forward(
                owned.boundary, outgoing, "" if key is None else str(key), _claims(owned, user)
            )
        except BoundaryUnavailable as unavailable:
            return _problem(request, owned.boundary, unavailable)
        return _response(reply)

    def _owner(self, view: Any) -> Owned | None:
        if self._owned is None:
            # The context's views are imported when the first request comes: its models are ready by then.
            self._owned = list(_contexts())
        candidates = [getattr(view, "cls", None), getattr(view, "view_class", None)]
        while view is not None:
            candidates.append(view)
            view = getattr(view, "__wrapped__", None)
        for owned in self._owned:
            if any(each in owned.views for each in candidates if each is not None):
                return owned
        return None

    def _goes(self, request: HttpRequest) -> bool:
        try:
            owned = self._owner(resolve(request.path_info).func)
        except Resolver404:
            return False
        return owned is not None and owned.boundary.mode == "remote"


class _Subject:
    """The key of a request's user as text, asked for when a call is made: a view may find out by then who is calling."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    def __str__(self) -> str:
        key = getattr(getattr(self._request, "user", None), "pk", None)
        return "" if key is None else str(key)


def _contexts() -> Iterator[Owned]:
    """The boundaries beside this module whose contexts have routes."""
    package = importlib.import_module(__package__ or "")
    for found in pkgutil.iter_modules(package.__path__):
        name = f"{package.__name__}.{found.name}"
        if not found.ispkg or importlib.util.find_spec(f"{name}.routes") is None:
            continue
        routes = importlib.import_module(f"{name}.routes")
        # A view that left the monolith is answered by nobody here any more.
        views = [runtime._find(path) for path in routes.VIEWS]
        boundary = Boundary(found.name, name)
        yield Owned(
            boundary, frozenset(view for view in views if view is not None), routes.PERMISSIONS
        )


# Who is calling ---------------------------------------------------------------------------------------


def _caller(request: HttpRequest, view: Any) -> Any:
    """The request's user as the view would find it, ``None`` when the view would refuse the credentials."""
    kind = getattr(view, "cls", None)
    if not hasattr(kind, "get_authenticators"):
        return _of_session(request)
    from rest_framework.exceptions import APIException

    instance = kind(**getattr(view, "initkwargs", {}))
    actions: Mapping[str, str] = getattr(view, "actions", None) or {}
    instance.request, instance.action_map = request, actions
    instance.action = actions.get(str(request.method).lower())
    found = getattr(request, "user", None)
    try:
        # With the view's own parsers: a token against forgery may be looked for in the body.
        return instance.initialize_request(request).user
    except APIException:
        # The framework has made nobody of the user meanwhile; the view finds out by itself what it refuses, and says why.
        request.user = found
        return None


def _of_session(request: HttpRequest) -> Any:
    from django.contrib.auth.models import AnonymousUser

    return getattr(request, "user", None) or AnonymousUser()


def _claims(owned: Owned, user: Any) -> dict[str, Any]:
    """What the service may ask of its caller: the columns it keeps of users, and what the user may do."""
    if user.pk is None:
        return {}
    from types import SimpleNamespace

    from . import wire

    contract = owned.boundary.contract
    claims: dict[str, Any] = {
        "staff": bool(getattr(user, "is_staff", False)),
        "superuser": bool(getattr(user, "is_superuser", False)),
    }
    operation: Any = SimpleNamespace(name="route")
    for name, source in contract.REPLICAS.items():
        if source.label.lower() == settings.AUTH_USER_MODEL.lower():
            row = wire.snapshot(contract, operation, name, user)
            claims["user"] = wire.tag(row, contract, operation)
    if owned.permissions:
        claims["permissions"] = sorted(
            name
            for name in user.get_all_permissions()
            if name.partition(".")[0] in owned.permissions
        )
    return claims


# Bodies -----------------------------------------------------------------------------------------------


def _body(request: Any) -> BinaryIO | None:
    """The request's body as a file at its beginning; whoever reads the request afterwards finds it whole."""
    held = getattr(request, "_moved_body", None)
    if held is not None:
        return cast(BinaryIO, held)
    if not request.META.get("CONTENT_LENGTH") and not request.META.get("HTTP_TRANSFER_ENCODING"):
        return None
    body = tempfile.SpooledTemporaryFile(max_size=MEMORY)  # noqa: SIM115 - the request closes it
    if hasattr(request, "_body"):
        body.write(request._body)
    else:
        shutil.copyfileobj(request, body)
        _put_back(request, cast(BinaryIO, body))
    request._moved_body = body
    return cast(BinaryIO, body)


def _put_back(request: Any, body: BinaryIO) -> None:
    body.seek(0)
    if not hasattr(request, "_body"):
        request._stream, request._read_started = _Kept(body), False


class _Kept:
    """A request's body for a reader who closes what it has read; the service wants it, too."""

    def __init__(self, body: BinaryIO) -> None:
        self._body = body

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def close(self) -> None:
        """Nothing: whoever holds the body closes it."""


def _length(body: BinaryIO | None) -> int:
    return 0 if body is None else body.seek(0, 2)


def _response(reply: Any) -> HttpResponseBase:
    response: HttpResponseBase
    if reply.pieces is None:
        response = HttpResponse(reply.body, status=reply.status)
    else:
        response = StreamingHttpResponse(reply.pieces, status=reply.status)
    del response.headers["Content-Type"]
    for name, value in reply.headers:
        if name == "set-cookie":
            response.cookies.load(value)
        elif name in response.headers:
            response.headers[name] = f"{response.headers[name]}, {value}"
        else:
            response.headers[name] = value
    return response


def _problem(
    request: HttpRequest, boundary: Boundary, unavailable: BoundaryUnavailable
) -> HttpResponse:
    """A problem document (RFC 9457): 504 when the service took too long, else 503."""
    runtime.logger.error("route of %s not answered: %s", boundary.name, unavailable)
    late = type(unavailable.__cause__).__name__.endswith("Timeout")
    document = {
        "type": "about:blank",
        "title": "the service did not answer in time" if late else "the service does not answer",
        "status": 504 if late else 503,
        "instance": request.path,
    }
    return HttpResponse(
        json.dumps(document), status=document["status"], content_type="application/problem+json"
    )
