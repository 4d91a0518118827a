"""Whose code asks? The innermost frame that tells decides.

Code of the context is as good as its caller: tests may call it directly, and so may monolith code that was left as it is. What
serves a request is the monolith, whoever sent the request; what a test runner does for a test is the test.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Literal

from .spec import Spec

Side = Literal["test", "monolith"]
_Kind = Literal["test", "monolith", "pass"]

ENTRIES = (
    os.path.join("django", "core", "handlers"),
    os.path.join("flask", "app.py"),
    os.path.join("starlette", "applications.py"),
)
"""Parts of paths of the code that hands a request to an application: what it calls is the application's own doing."""

RUNNERS = (
    f"{os.sep}unittest{os.sep}",
    f"{os.sep}_pytest{os.sep}",
    os.path.join("django", "test", "testcases.py"),
    os.path.join("pytest_django", ""),
)
"""Parts of paths of the code that runs tests, their fixtures included."""


@dataclass(frozen=True)
class Asked:
    """Whose code asked, and where: ``path`` below the tree's root, ``function`` by its bare name; empty for a runner or nobody."""

    side: Side
    path: str = ""
    line: int = 0
    function: str = ""


class Frames:
    """The rule for one tree."""

    def __init__(self, spec: Spec) -> None:
        self._root = os.path.realpath(spec.root) + os.sep
        self._kit = os.path.dirname(os.path.realpath(__file__)) + os.sep
        self._boundaries = os.path.join(self._root, *spec.package.split("."), "")
        self._tests = frozenset(spec.tests)
        self._moved = spec.moved
        self._kinds: dict[tuple[str, int, str], _Kind] = {}
        self._paths: dict[str, str] = {}

    def asked(self) -> Asked:
        """Who asks what is being answered now."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            code = frame.f_code
            # Not the code object itself: equal code of two files is one key of a dictionary.
            key = (code.co_filename, code.co_firstlineno, code.co_name)
            kind = self._kinds.get(key)
            if kind is None:
                kind = self._kinds[key] = self._kind(code)
            if kind != "pass":
                path = self._path(code)
                if not path.startswith(self._root):
                    return Asked(kind)
                return Asked(kind, path[len(self._root) :], frame.f_lineno, code.co_name)
            frame = frame.f_back
        return Asked("monolith")

    def _path(self, code: CodeType) -> str:
        found = self._paths.get(code.co_filename)
        if found is None:
            found = self._paths[code.co_filename] = os.path.realpath(code.co_filename)
        return found

    def _kind(self, code: CodeType) -> _Kind:
        if code.co_filename.startswith("<"):
            return "pass"  # Code that a library made from a text is its own.
        path = self._path(code)
        if path.startswith((self._kit, self._boundaries)):
            return "pass"
        if not path.startswith(self._root):
            if any(part in path for part in ENTRIES):
                return "monolith"
            return "test" if any(part in path for part in RUNNERS) else "pass"
        relative = path[len(self._root) :]
        if relative in self._tests or os.path.basename(relative) == "conftest.py":
            return "test"
        if relative in self._moved:
            spans = self._moved[relative]
            if not spans or any(first <= code.co_firstlineno <= last for first, last in spans):
                return "pass"
        return "monolith"
