"""What a person at a terminal sees while something takes long, on a real pseudo-terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")

SLOW = """
import sys, time
from decompose.syntax import summary
read = summary.summarize
def slowly(*arguments):
    time.sleep(0.15)
    return read(*arguments)
import decompose.syntax
decompose.syntax.summarize = slowly
from decompose.cli.app import run
sys.exit(run(sys.argv[1:]))
"""


def on_a_terminal(program: str, *words: object, columns: int = 80, **environment: str) -> tuple[str, str]:
    """What went to standard output, a pipe, and to standard error, a terminal."""
    main, other = pty.openpty()
    settings = {**{name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}, "TERM": "xterm", "COLUMNS": str(columns), **environment}
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)], stdout=subprocess.PIPE, stderr=other, stdin=subprocess.DEVNULL, env=settings
    )
    os.close(other)
    assert process.stdout is not None
    shown = b""
    while True:
        try:
            data = os.read(main, 4096)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        shown += data
    result = process.stdout.read()
    process.stdout.close()
    assert process.wait() == 0
    os.close(main)
    return result.decode(), shown.decode()


def last_screen(shown: str) -> str:
    """What stands there in the end: every line without what was written over."""
    return "\n".join(re.split(r"\r\x1b\[K|\r(?!$)", line)[-1].rstrip("\r") for line in shown.split("\n"))


def test_a_bar_is_shown_after_a_second_and_gone_in_the_end(shop: Path) -> None:
    result, shown = on_a_terminal(SLOW, "analyze", shop, "--jobs", 1, "-f", "json", "--timings")
    assert re.search(r"read +\[#+-*\] \d+/\d+", shown)
    assert result.startswith("{") and "[#" not in last_screen(shown) and last_screen(shown).startswith("scan ")


def test_a_warning_meanwhile_stands_on_a_line_of_its_own(shop: Path, tmp_path: Path) -> None:
    (shop / ".decompose").symlink_to(tmp_path)
    _, shown = on_a_terminal(SLOW, "analyze", shop, "--jobs", 1, "-f", "csv")
    assert any(line.startswith("Warning") or "mWarning" in line[:12] for line in last_screen(shown).split("\n"))


def test_the_bar_never_wraps_on_a_narrow_screen(shop: Path) -> None:
    _, shown = on_a_terminal(SLOW, "analyze", shop, "--jobs", 1, "-f", "csv", columns=20)
    assert "read" in shown and all(len(part) < 20 for part in re.findall(r"\x1b\[K([^\r\n]*)", shown))


@pytest.mark.parametrize(("words", "environment"), [(["--quiet"], {}), ([], {"CI": "true"}), ([], {"TERM": "dumb"})])
def test_no_bar_where_nobody_watches(shop: Path, words: list[str], environment: dict[str, str]) -> None:
    _, shown = on_a_terminal(SLOW, "analyze", shop, "--jobs", 1, "-f", "csv", *words, **environment)
    assert "[#" not in shown and "read" not in shown


def test_what_is_quick_shows_none(shop: Path) -> None:
    _, shown = on_a_terminal("import sys; from decompose.cli.app import run; import time; time.monotonic = lambda: 0.0; sys.exit(run(sys.argv[1:]))", "analyze", shop, "-f", "csv")
    assert "[" not in shown.replace("\x1b[", "")
