"""Flask: what a context's service needs of a request. ``flask_routes.init_app(app)``, the last line of the application's
factory, installs it.

Boundary calls carry the request's user and trace. Requests for a context's own routes go to its service while its mode
is ``remote``; in the other modes the monolith's views answer them. The monolith says who is calling: sessions are read
here as before, and whom the service does not let in is answered by the view as before.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import pkgutil
from collections.abc import Iterator
from typing import Any, NamedTuple, cast
from urllib.parse import quote

from flask import Flask, Response, current_app, g, request

from . import runtime
from .runtime import Boundary, BoundaryUnavailable, current_trace, current_user


class Owned(NamedTuple):
    """A context with routes of its own, and the views that answer them here."""

    boundary: Boundary
    views: tuple[Any, ...]


def init_app(app: Flask) -> None:
    """Installs it in an application."""
    app.before_request(_arrive)
    app.teardown_request(_leave)


def _arrive() -> Response | None:
    # A subject that is looked up when a call is made: a view may find out by then who is calling.
    subject = current_user.set(cast(str, _Subject()))
    trace = current_trace.set(request.headers.get("traceparent", ""))
    g.boundary_held = (subject, trace)
    view = current_app.view_functions.get(request.endpoint or "")
    owned = _owner(view)
    return None if owned is None or owned.boundary.mode != "remote" else _forwarded(owned)


def _leave(error: BaseException | None = None) -> None:
    held = g.pop("boundary_held", None)
    if held is not None:
        current_trace.reset(held[1])
        current_user.reset(held[0])


class _Subject:
    """The key of the request's user as text."""

    def __str__(self) -> str:
        user = _user()
        if user is None:
            return ""
        from . import objects

        key = objects.key_of(user)
        return "" if key is None else str(key)


def _user() -> Any:
    """The user that Flask-Login knows, ``None`` when it knows nobody or is not there."""
    if not hasattr(current_app, "login_manager"):
        return None
    from flask_login import current_user as known

    return known._get_current_object() if known.is_authenticated else None


def _owner(view: Any) -> Owned | None:
    """The context that a view belongs to. Views are recognised as the very objects that the context defines."""
    owned: list[Owned] = current_app.extensions.setdefault("boundary_routes", [])
    if not owned:
        owned += _contexts()
    kind = getattr(view, "view_class", None)
    for each in owned:
        if any(view is known or (kind is not None and kind is known) for known in each.views):
            return each
    return None


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
        yield Owned(Boundary(found.name, name), tuple(view for view in views if view is not None))


def _forwarded(owned: Owned) -> Response | None:
    from . import proxy

    user = _user()
    body = request.get_data(cache=True)
    query = request.query_string.decode("ascii")
    outgoing = proxy.Request(
        method=request.method,
        target=quote(request.path, safe="/:@!$&'()*+,;=~-._") + (f"?{query}" if query else ""),
        headers={name.lower(): value for name, value in request.headers.items()},
        host=request.host,
        scheme=request.scheme,
        address=request.remote_addr or "",
        body=io.BytesIO(body) if body else None,
        length=len(body),
    )
    try:
        reply = proxy.forward(owned.boundary, outgoing, str(_Subject()), _claims(owned, user))
    except BoundaryUnavailable as unavailable:
        return _problem(owned.boundary, unavailable)
    if reply.status == 401 and user is None:
        return None  # The view says in the monolith's own way that somebody must log in.
    return Response(
        reply.body if reply.pieces is None else reply.pieces, reply.status, headers=reply.headers
    )


def _claims(owned: Owned, user: Any) -> dict[str, Any]:
    """What the service may ask of its caller: the columns that it keeps of users."""
    if user is None:
        return {}
    from types import SimpleNamespace

    from . import objects, wire

    contract = owned.boundary.contract
    operation: Any = SimpleNamespace(name="route")
    for name, source in contract.REPLICAS.items():
        if source.label == objects.label_of(user):
            return {
                "user": wire.tag(
                    wire.snapshot(contract, operation, name, user), contract, operation
                )
            }
    return {}


def _problem(boundary: Boundary, unavailable: BoundaryUnavailable) -> Response:
    """A problem document (RFC 9457): 504 when the service took too long, else 503."""
    runtime.logger.error("route of %s not answered: %s", boundary.name, unavailable)
    late = type(unavailable.__cause__).__name__.endswith("Timeout")
    document = {
        "type": "about:blank",
        "title": "the service did not answer in time" if late else "the service does not answer",
        "status": 504 if late else 503,
        "instance": request.path,
    }
    return Response(
        json.dumps(document), 504 if late else 503, content_type="application/problem+json"
    )
