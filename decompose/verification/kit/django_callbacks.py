"""The monolith as its service sees it while a test runs: it answers callbacks, in this process and in the test's transaction.

Requests are answered one after the other by a thread that works on the connections of the thread which started it: that one waits
for the service meanwhile, and what the test wrote is not committed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.core.handlers.wsgi import WSGIRequest
from django.db import connections
from django.http import Http404, HttpResponse
from django.urls import resolve


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are noted by those who send them."""


def serve(urls: str, aliases: Iterable[str]) -> str:
    """Starts to answer the addresses of a URL module; gives back where."""
    shared = {alias: connections[alias] for alias in aliases}
    for connection in shared.values():
        connection.inc_thread_sharing()
    server = make_server("127.0.0.1", 0, _application(urls), handler_class=_Quiet)

    def work() -> None:
        for alias, connection in shared.items():
            connections[alias] = connection
        server.serve_forever()

    threading.Thread(target=work, daemon=True, name="callbacks").start()
    return f"http://127.0.0.1:{server.server_address[1]}"


def _application(urls: str) -> Callable[..., Iterable[bytes]]:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = WSGIRequest(environ)
        try:
            found = resolve(request.path_info, urls)
            response = found.func(request, *found.args, **found.kwargs)
        except Http404:
            response = HttpResponse(status=404)
        start_response(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return [bytes(response.content)]

    return application
