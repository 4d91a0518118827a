"""One page, served to the browser of the person who asked for it and to nobody else.

The server listens on loopback. Its address holds a random word, so that no other user of the machine finds the page; a request must name this
server as its host (a name that another site points at 127.0.0.1 does not), and one that saves must come from the page itself and bring the word
in a header, which no form of another site can.

What saving does is told while it is done, a JSON object a line: ``{"doing": stage, "done": n, "of": n}``, and at last ``{"saved": ...}`` or ``{"error": ...}``.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any

from decompose.config_edits import read_edits
from decompose.errors import DecomposeError, FileError
from decompose.model.edits import Edits

_LARGEST = 8 * 1024 * 1024
"""Bytes of edits; nobody makes more by hand."""

_OFTEN = 0.1
"""Seconds between two steps of a stage that are told."""


Save = Callable[[Edits, Callable[[str, int, int], None]], dict[str, Any]]
"""Saves edits, tells what it does to the second argument, and gives back what the page is to tell the person."""


class ReviewServer(ThreadingHTTPServer):
    """The server of one review. ``address`` is where the page is."""

    daemon_threads = True

    def __init__(self, page: Callable[[str], str], save: Save, *, port: int = 0) -> None:
        self.token = secrets.token_urlsafe(24)
        self.page, self.save = page, save
        self.saving = threading.Lock()
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise FileError(f"cannot listen on port {port}: {error.strerror}", hint="choose another with --port, or none for any that is free") from error

    @property
    def origins(self) -> tuple[str, ...]:
        """What a browser may call this server."""
        return tuple(f"http://{host}:{self.server_address[1]}" for host in ("127.0.0.1", "localhost"))

    @property
    def address(self) -> str:
        return f"{self.origins[0]}/{self.token}/"


def serve(page: Callable[[str], str], save: Save, *, port: int, ready: Callable[[str], None]) -> None:
    """Serves until it is interrupted; ``ready`` hears of the address."""
    with ReviewServer(page, save, port=port) as server:
        ready(server.address)
        server.serve_forever(poll_interval=0.2)


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    server_version = "decompose"
    sys_version = ""
    timeout = 30

    def do_GET(self) -> None:
        if self._known(f"/{self.server.token}/"):
            with self.server.saving:
                page = self.server.page(self.server.token)
            self._answer(HTTPStatus.OK, page.encode("utf-8", "backslashreplace"), "text/html; charset=utf-8")

    def do_POST(self) -> None:
        if not self._known(f"/{self.server.token}/edits"):
            return
        given = self.headers.get("X-Decompose-Token", "")
        if self.headers.get("Origin") not in self.server.origins or not hmac.compare_digest(given.encode(), self.server.token.encode()):
            self._refuse(HTTPStatus.FORBIDDEN, "edits are taken from the review page only")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LARGEST:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "this is longer than any edits")
            return
        try:
            edits = read_edits(self.rfile.read(int(length)), "the review page")
        except DecomposeError as error:
            self._refuse(HTTPStatus.CONFLICT, error.message, code=error.code, hint=error.hint)
            return
        self._save(edits)

    def _save(self, edits: Edits) -> None:
        """Saves, and tells what is done meanwhile. The connection's end is the answer's: its length is not known before."""
        self.close_connection = True
        self._head(HTTPStatus.OK, "application/x-ndjson")
        watched = _Watched(self.wfile)
        try:
            with self.server.saving:
                saved = self.server.save(edits, watched.doing)
        except DecomposeError as error:
            watched.tell({"error": {"code": error.code, "message": error.message, "hint": error.hint}})
        except BaseException:
            watched.tell({"error": {"code": "", "message": "decompose failed; its terminal says how", "hint": ""}})
            raise
        else:
            watched.tell({"saved": saved})

    def _known(self, path: str) -> bool:
        """Whether the request is for this server and knows its word. Answers it when it does not."""
        if f"http://{self.headers.get('Host', '')}" not in self.server.origins:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "this server answers on its own address only")
        elif not hmac.compare_digest(self.path.encode(), path.encode()):
            self._refuse(HTTPStatus.NOT_FOUND, "there is nothing here")
        else:
            return True
        return False

    def _refuse(self, status: HTTPStatus, message: str, *, code: str = "", hint: str = "") -> None:
        self.close_connection = True
        error: dict[str, Any] = {"code": code, "message": message, "hint": hint}
        self._answer(status, json.dumps({"error": error}).encode(), "application/json")

    def _answer(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self._head(status, kind, ("Content-Length", str(len(content))))
        self.wfile.write(content)

    def _head(self, status: HTTPStatus, kind: str, *more: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (
            *more, ("Content-Type", kind), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
        ):  # fmt: skip
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal belongs to the person."""


class _Watched:
    """Whoever waits for edits to be saved. They may leave: what was begun is finished all the same."""

    def __init__(self, stream: BufferedIOBase) -> None:
        self._stream = stream
        self._last = ("", 0.0)

    def doing(self, stage: str, done: int, of: int) -> None:
        """A stage, or a step of it; of many quick steps some are told."""
        before, when = self._last
        now = time.monotonic()
        if stage != before or now - when > _OFTEN or done == of:
            self._last = (stage, now)
            self.tell({"doing": stage, "done": done, "of": of})

    def tell(self, found: dict[str, Any]) -> None:
        with suppress(ConnectionError):
            self._stream.write(json.dumps(found).encode() + b"\n")
            self._stream.flush()
