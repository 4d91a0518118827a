"""Runs Python in the library and in its service, as processes of their own.

Starting Django and migrating takes a second, so one process per side does it once and each snippet runs in a fork of it, with
the database in memory as it was.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

KEY = "a key for tests that is long enough"

Run = Callable[..., str]

_PARENT = """
import contextlib, io, json, os, sys, traceback
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
exec(sys.argv[1])
for line in sys.stdin:
    request = json.loads(line)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.environ.update(request["variables"])
        out, failed = io.StringIO(), ""
        with contextlib.redirect_stdout(out):
            try:
                exec(compile(request["code"], "<snippet>", "exec"), {**globals()})
            except BaseException:
                failed = traceback.format_exc()
        with os.fdopen(write, "w") as pipe:
            json.dump([out.getvalue(), failed], pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        print(pipe.read(), flush=True)
    os.waitpid(child, 0)
"""


def environment(settings: str, **variables: str) -> dict[str, str]:
    """The environment of a process of the library; nothing of ours but the path."""
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": settings,
        "DEBUG": "1",
        "BOUNDARY_TOKEN_KEY": KEY,
        "PYTHONDONTWRITEBYTECODE": "1",
        **variables,
    }


class Side:
    """The monolith or the service: a process with migrated tables in which snippets run after ``seed``."""

    def __init__(self, folder: Path, settings: str, seed: str = "", **variables: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PARENT, seed],
            cwd=folder,
            env=environment(settings, **{"DATABASE_URL": "sqlite://:memory:", **variables}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def __call__(self, code: str, **variables: str) -> str:
        """What the snippet prints. Its exception is the test's failure."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps({"code": code, "variables": variables}) + "\n")
        self._process.stdin.flush()
        printed, failed = json.loads(self._process.stdout.readline() or '["", "the process ended"]')
        assert not failed, failed
        return str(printed)

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def execute(folder: Path, settings: str, *arguments: str, **variables: str) -> str:
    """What a Python process in ``folder`` prints. Its errors are the test's failure."""
    run = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(settings, **variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    return run.stdout
