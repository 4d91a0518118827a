"""A person's shell in a project's folder: what a page of the documentation types, and what it then sees."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[2]
CHECKOUT = ("decompose", "templates", "tests/cases", "sample_monolith", "pyproject.toml")
"""What a contributor's pages work on: enough of this repository to run, in a copy."""
PROJECTS = {"sample": ROOT / "sample_monolith", "clinic": ROOT / "tests/e2e/clinic"}
LEAVE = shutil.ignore_patterns("__pycache__", ".decompose", "*.sqlite3")
HOME = "/home/you"
"""How pages call the folder that the project's folder lies in."""

_TIMES = re.compile(r"\b\d+(?:\.\d+)? ?(?:ms|s|kB|MB)(?![\w-])")
_DAYS = re.compile(r"\b20\d\d-\d\d-\d\d\b")
_COUNTS = re.compile(r"\b\d+ (?=(?:generated )?files?\b|modules import|inputs\b)")
"""How many files we write changes with every template, and says nothing to a reader of a page."""
_MARK = "decompose-test-ended:"
_LONGEST = 600


def masked(line: str) -> str:
    """The line without what differs from run to run, and without how many files there are: times, sizes, days."""
    return _COUNTS.sub("<some> ", _DAYS.sub("<day>", _TIMES.sub("<some>", line.rstrip())))


class Shell:
    """Bash that stays for a whole page, so that what is set or entered in one command holds for the next."""

    def __init__(self, home: Path, project: str) -> None:
        self.folder = home / {"empty": "project", "checkout": "decompose"}.get(project, project)
        self.home = home
        if project in PROJECTS:
            shutil.copytree(PROJECTS[project], self.folder, ignore=LEAVE)
        else:
            self.folder.mkdir(parents=True)
            for part in CHECKOUT if project == "checkout" else ():
                _copy(ROOT / part, self.folder / part)
        (home / ".gitconfig").write_text("[user]\nname = platform-team\nemail = platform-team@example.org\n[init]\ndefaultBranch = main\n")
        variables = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(home), "NO_COLOR": "1", "COLUMNS": "100", "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(self.folder) if project == "checkout" else os.environ.get("PYTHONPATH", ""),
        }  # fmt: skip
        self._bash = subprocess.Popen(["bash", "--norc"], cwd=self.folder, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bash.kill()
        self._bash.wait()

    def run(self, command: str) -> tuple[list[str], int]:
        """The lines that the command prints on both streams, and its exit code."""
        assert self._bash.stdin is not None and self._bash.stdout is not None
        self._bash.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\n{_MARK}%s\\n' $?\n")
        self._bash.stdin.flush()
        limit = threading.Timer(_LONGEST, self._bash.kill)
        limit.start()
        lines: list[str] = []
        try:
            for line in self._bash.stdout:
                if line.startswith(_MARK):
                    return self._shown(lines), int(line.removeprefix(_MARK))
                lines.append(line.rstrip("\n"))
        finally:
            limit.cancel()
        raise AssertionError(f"the shell ended in {command!r}:\n" + "\n".join(lines))

    def _shown(self, lines: list[str]) -> list[str]:
        """The lines as a page shows them, without the line end that stands before the mark."""
        found = lines[:-1] if lines and not lines[-1] else lines
        while found and not found[-1].strip():
            found = found[:-1]
        return [line.replace(str(self.home), HOME).rstrip() for line in found]


def _copy(source: Path, goal: Path) -> None:
    goal.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, goal, ignore=LEAVE)
    else:
        shutil.copyfile(source, goal)
