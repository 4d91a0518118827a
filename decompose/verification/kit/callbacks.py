"""Answers the callbacks of the service in the process of the suite, on the connection of the test: its rows are in no other.

The token is not looked at here: the suite of the callbacks proves the door, this is about what lies behind it.
"""

from __future__ import annotations

import http.server
import importlib
import importlib.util
import os
import threading
from typing import Any

from .spec import Spec

_addresses: dict[int, str] = {}


def variables(spec: Spec) -> dict[str, str]:
    """What the service of this process has to know of it."""
    if spec.framework != "django":
        return {}
    from django.conf import settings

    eager = getattr(settings, "CELERY_TASK_ALWAYS_EAGER", False)
    return {"MONOLITH_URL": address(spec), "DECOMPOSE_KIT_EAGER": "1" if eager else ""}


def address(spec: Spec) -> str:
    """Where this process answers; ``""`` when the service calls nothing."""
    if importlib.util.find_spec(f"{spec.package}.{spec.context}_callbacks") is None:
        return ""
    if os.getpid() not in _addresses:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _handler(spec))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _addresses[os.getpid()] = f"http://127.0.0.1:{server.server_address[1]}"
    return _addresses[os.getpid()]


def _handler(spec: Spec) -> type[http.server.BaseHTTPRequestHandler]:
    from django.db import connections

    runtime, passage, objects = (importlib.import_module(f"{spec.package}.{name}") for name in ("runtime", "passage", "objects"))
    held: dict[str, Any] = {alias: connections[alias] for alias in connections}
    for connection in held.values():
        connection.inc_thread_sharing()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            context, operation = self.path.partition("?")[0].strip("/").split("/")[1::2]
            # The test waits for the reply, so nobody else uses its connection now.
            for alias, connection in held.items():
                connections[alias] = connection
            boundary = runtime.Boundary(context, f"{spec.package}.{context}")
            with passage.arrived(self.headers):
                answer = boundary.serve(operation, body, objects.Detached(operation))
            self.send_response(answer.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Says nothing among the output of the suite."""

    return Handler
