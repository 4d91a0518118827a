"""A run of the monolith's own suite, unedited, in a copy of the tree, and the outcome of each test as its runner printed it."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from decompose.verification.processes import Completed, run

READING = "4"
"""How outcomes are read from a runner's output: counted up when that changes, so that no kept run was read in another way."""

LEFT_OUT = {".git", ".decompose", ".venv", "venv", "env", "node_modules", "__pycache__", ".tox", ".mypy_cache", ".pytest_cache", "build"}
"""Folders that a test run does not need; ``build`` only when it is no package."""


class SuiteRun(msgspec.Struct, frozen=True):
    """Outcome by test id: ``passed``, ``failed``, ``error``, ``skipped``, ``expected``. ``total`` is the runner's own count.

    ``traces`` are the texts of failures by id.
    """

    outcomes: dict[str, str]
    total: int
    traces: dict[str, str] = {}
    tail: tuple[str, ...] = ()

    def count(self, *outcomes: str) -> int:
        return sum(each in outcomes for each in self.outcomes.values())


def copy(base: Path, target: Path, *, without: Iterable[str] = (), originals: Mapping[str, bytes] | None = None) -> None:
    """A copy of the tree, without the named paths and with the given texts in place of the files at their paths."""
    leave = {*without}

    def ignored(folder: str, names: list[str]) -> set[str]:
        relative = Path(folder).relative_to(base).as_posix()
        left = {name for name in names if name in LEFT_OUT and not (Path(folder, name, "__init__.py")).exists()}
        return left | {name for name in names if (name if relative == "." else f"{relative}/{name}") in leave}

    shutil.copytree(base, target, symlinks=True, ignore=ignored)
    for path, text in (originals or {}).items():
        (target / path).write_bytes(text)


def copy_service(folder: Path, target: Path) -> None:
    """A copy of a service to be tried out, which writes files where it pleases."""
    shutil.copytree(folder, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))


def tree_hash(base: Path, *extra: str) -> str:
    """A hash over all files of a tree and what else decides the outcome of a run."""
    digest = hashlib.sha256("\0".join(extra).encode())
    for file in sorted(base.rglob("*")):
        if file.is_file() and not file.is_symlink() and "__pycache__" not in file.parts:
            digest.update(file.relative_to(base).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:24]


def suite(tree: Path, command: str, python: Path, env: Mapping[str, str], timeout: float) -> SuiteRun | Completed:
    """Runs the suite and reads each test's outcome; the plain result of the command when no test could be read."""
    words = shlex.split(command.replace("{python}", shlex.quote(str(python))))
    report = tree / ".decompose-junit.xml"
    if _is_pytest(words):
        words = [*words, f"--junitxml={report}", "-p", "no:cacheprovider"]
    elif not any(word.startswith(("-v", "--verbosity")) for word in words):
        words = [*words, "-v", "2"]
    done = run(words, cwd=tree, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **env}, timeout=timeout)
    found = _from_junit(report) if report.exists() else _from_unittest(done.errors + "\n" + done.output)
    if done.code is None or found is None or not found.total:
        return done
    return msgspec.structs.replace(found, tail=done.tail())


def _is_pytest(words: list[str]) -> bool:
    return any(Path(word).name in ("pytest", "py.test") for word in words)


def _from_junit(report: Path) -> SuiteRun | None:
    try:
        root = ElementTree.parse(report).getroot()
    except ElementTree.ParseError:
        return None
    outcomes: dict[str, str] = {}
    traces: dict[str, str] = {}
    for case in root.iter("testcase"):
        id = f"{case.get('classname', '')}.{case.get('name', '')}".lstrip(".")
        state = "passed"
        for kind, name in (("skipped", "skipped"), ("failure", "failed"), ("error", "error")):
            element = case.find(kind)
            if element is not None:
                state = name
                traces[id] = (element.text or "") + "\n" + (element.get("message") or "")
        outcomes[id] = state
    return SuiteRun(outcomes, len(outcomes), {id: trace for id, trace in traces.items() if outcomes[id] in ("failed", "error")})


# A test that stands for a module that cannot be imported has the module's dotted name.
_STARTED = re.compile(r"^(?P<name>\w[\w.]*) \((?P<id>\w+(?:\.\w+)+)\)")
# Behind what something printed without ending its line, such as a bar of progress.
_STARTED_BEHIND = re.compile(r"(?<!\w)(?P<name>test\w*) \((?P<id>\w+(?:\.\w+)+)\)")
_ENDED = re.compile(r"(?:^|\.\.\. ?)(?P<outcome>ok|FAIL|ERROR|expected failure|unexpected success|skipped .*)$")
_BLOCK = re.compile(r"^(?P<outcome>FAIL|ERROR): (?P<name>\w[\w.]*) \((?P<id>\w+(?:\.\w+)+)\)")
_RAN = re.compile(r"^Ran (?P<count>\d+) tests? in", re.MULTILINE)
_WORDS = {"ok": "passed", "FAIL": "failed", "ERROR": "error", "expected failure": "expected", "unexpected success": "failed"}


def _from_unittest(text: str) -> SuiteRun | None:
    """Outcomes from ``unittest``'s verbose output; what tests print in between is passed over."""
    ran = _RAN.search(text)
    if ran is None:
        return None
    outcomes: dict[str, str] = {}
    traces: dict[str, list[str]] = {}
    pending, block = "", ""
    for line in text.splitlines():
        failure = _BLOCK.match(line)
        if failure:
            block = _unittest_id(failure)
            outcomes[block] = _WORDS[failure["outcome"]]
            traces.setdefault(block, [])
            pending = ""
            continue
        if block:
            if line.startswith("Ran "):
                block = ""
            else:
                traces[block].append(line)
            continue
        started = _STARTED.match(line) or _STARTED_BEHIND.search(line)
        if started:
            pending = _unittest_id(started)
            outcomes.setdefault(pending, "passed")
        ended = _ENDED.search(line)
        if ended and pending:
            outcomes[pending] = _WORDS.get(ended["outcome"], "skipped")
            pending = ""
    return SuiteRun(outcomes, int(ran["count"]), {id: "\n".join(lines) for id, lines in traces.items()})


def _unittest_id(match: re.Match[str]) -> str:
    # Python 3.11 prints the method's name once, 3.12 and later as part of the id.
    return match["id"] if match["id"].endswith(f".{match['name']}") else f"{match['id']}.{match['name']}"
