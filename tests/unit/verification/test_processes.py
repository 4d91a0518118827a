"""Commands and servers that end when they must."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from decompose.verification.processes import run, server


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def alive(process: int) -> bool:
    """Whether a process runs; one that waits to be buried does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(process: int) -> bool:
    for _ in range(50):
        if not alive(process):
            return True
        time.sleep(0.1)
    return False


def test_a_command_gives_its_code_and_both_outputs(tmp_path: Path) -> None:
    done = run(python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"), cwd=tmp_path, env=os.environ, timeout=30)
    assert (done.code, done.output, done.errors, done.ok) == (3, "out\n", "err\n", False)


def test_the_tail_is_the_last_lines_that_say_something(tmp_path: Path) -> None:
    done = run(python("print('a\\n\\nb\\nc\\n')"), cwd=tmp_path, env=os.environ, timeout=30)
    assert done.tail(2) == ("b", "c")


def test_output_that_is_no_text_does_not_stop_a_run(tmp_path: Path) -> None:
    assert run(python("import os; os.write(1, b'\\xff')"), cwd=tmp_path, env=os.environ, timeout=30).output == "\ufffd"


def test_a_time_limit_ends_the_whole_group(tmp_path: Path) -> None:
    code = "import subprocess, sys, time; c = subprocess.Popen(['sleep', '600']); print(c.pid, flush=True); time.sleep(600)"
    started = time.monotonic()
    done = run(python(code), cwd=tmp_path, env=os.environ, timeout=2)
    assert done.code is None
    assert "stopped after 2 s" in done.errors
    assert time.monotonic() - started < 20
    assert gone(int(done.output))


def test_a_child_that_keeps_the_output_open_does_not_outlive_the_limit(tmp_path: Path) -> None:
    code = "import subprocess; c = subprocess.Popen(['sleep', '600']); print(c.pid, flush=True)"
    done = run(python(code), cwd=tmp_path, env=os.environ, timeout=2)
    assert gone(int(done.output))


SERVER = """
import os, subprocess
from http.server import BaseHTTPRequestHandler, HTTPServer
child = subprocess.Popen(["sleep", "600"])
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()
        self.wfile.write(str(child.pid).encode())
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def test_a_server_answers_and_is_stopped_with_its_children(tmp_path: Path) -> None:
    (tmp_path / "serve.py").write_text(SERVER)
    with server(f"{sys.executable} serve.py", cwd=tmp_path, env=os.environ, log=tmp_path / "log", ready="/healthz") as (found, seconds):
        assert seconds is not None
        child = int(found.get("/healthz")[1])
        assert found.get("/other")[0] == 404
        assert alive(child)
    assert gone(child)
    assert found.get("/healthz")[0] == 0


def test_a_server_that_dies_is_not_waited_for(tmp_path: Path) -> None:
    started = time.monotonic()
    command = f"{sys.executable} -c \"raise SystemExit('no settings')\""
    with server(command, cwd=tmp_path, env=os.environ, log=tmp_path / "log", ready="/", timeout=60) as (found, seconds):
        assert seconds is None
        assert found.tail() == ("no settings",)
    assert time.monotonic() - started < 30
