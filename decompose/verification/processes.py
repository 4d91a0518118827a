"""Commands with a time limit and servers that are always stopped, each in a process group of its own."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec


class Completed(msgspec.Struct, frozen=True):
    """A finished command: exit code (``None`` when it ran into its time limit), standard output and error, wall seconds."""

    code: int | None
    output: str
    errors: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.code == 0

    def tail(self, lines: int = 15) -> tuple[str, ...]:
        """The end of what it said, error output last."""
        text = [line for line in (self.output + "\n" + self.errors).splitlines() if line.strip()]
        return tuple(text[-lines:])


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float) -> Completed:
    """Runs a command to its end or its time limit in seconds; on the limit its whole process group is killed."""
    started = time.monotonic()
    process = subprocess.Popen(
        [*command], cwd=cwd, env={**env}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    try:
        output, errors = process.communicate(timeout=timeout)
        code: int | None = process.returncode
    except subprocess.TimeoutExpired:
        _kill(process, signal.SIGKILL)
        output, errors = process.communicate()
        errors += f"\nstopped after {timeout:.0f} s"
        code = None
    except BaseException:
        _kill(process, signal.SIGKILL)
        process.wait()
        raise
    return Completed(code, output, errors, time.monotonic() - started)


def _kill(process: subprocess.Popen[str], sign: signal.Signals) -> None:
    # The group may be gone already.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, sign)


class Server(msgspec.Struct, frozen=True):
    """A server that answers: its address and the file with its output."""

    url: str
    log: Path

    def tail(self, lines: int = 15) -> tuple[str, ...]:
        return tuple(self.log.read_text(errors="replace").splitlines()[-lines:])

    def get(self, path: str, timeout: float = 5.0) -> tuple[int, bytes]:
        """Status and body of a GET request; status 0 when nobody answered, with the reason as body."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=timeout) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError as error:
            return 0, str(error).encode()


@contextlib.contextmanager
def server(command: str, *, cwd: Path, env: Mapping[str, str], log: Path, ready: str, timeout: float = 30.0, port: int = 0) -> Iterator[tuple[Server, float | None]]:
    """Starts a server on a port of the loopback interface, by default a free one, and stops it in the end.

    ``{port}`` in the command is replaced, ``PORT`` is set. Yields the server and the seconds until ``ready`` answered with 200,
    ``None`` when it did not within ``timeout`` or the process ended.
    """
    port = port or free_port()
    with log.open("w") as output:
        process = subprocess.Popen(
            shlex.split(command.replace("{port}", str(port))), cwd=cwd, env={**env, "PORT": str(port)},
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
    try:
        found = Server(f"http://127.0.0.1:{port}", log)
        yield found, _wait(found, process, ready, timeout)
    finally:
        _kill(process, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            _kill(process, signal.SIGKILL)
            process.wait()


def _wait(found: Server, process: subprocess.Popen[str], ready: str, timeout: float) -> float | None:
    started = time.monotonic()
    while time.monotonic() - started < timeout:
        if process.poll() is not None:
            return None
        if found.get(ready, 1.0)[0] == 200:
            return time.monotonic() - started
        time.sleep(0.1)
    return None


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
