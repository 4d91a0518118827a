"""What lies between two processes, and what can go wrong there."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

CHUNK = 65536
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes closing a reset, as of a process that is gone."""


class Way:
    """Connections are handed on byte by byte; one that the target refuses is reset.

    Replies come ``delay`` seconds late. Where ``broken`` is a status, requests are answered with it here and go no further.
    """

    def __init__(self, target: str) -> None:
        address = urlsplit(target)
        self.target = (address.hostname or "", address.port or 80)
        self.delay = 0.0
        self.broken = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # closed: no more connections
            while True:
                near, _ = self._server.accept()
                threading.Thread(target=self._connection, args=(near,), daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _connection(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self.target)
        except OSError:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            near.close()
            return
        threading.Thread(target=self._replies, args=(far, near), daemon=True).start()
        self._requests(near, far)

    def _requests(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(CHUNK):
                if self.broken:
                    near.sendall(f"HTTP/1.1 {self.broken} Broken\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                    near.shutdown(socket.SHUT_WR)
                    while near.recv(CHUNK):  # closing on what was not read would be a reset
                        pass
                    break
                far.sendall(data)
        _end(far)

    def _replies(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(CHUNK):
                time.sleep(self.delay)
                near.sendall(data)
        _end(near)


def _end(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()


@contextlib.contextmanager
def between(target: str) -> Iterator[Way]:
    """A way to the base address ``target``, open on this machine."""
    way = Way(target)
    threading.Thread(target=way.serve, daemon=True).start()
    try:
        yield way
    finally:
        way.close()
