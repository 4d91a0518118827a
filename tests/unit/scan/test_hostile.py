"""One project full of odd things: each is named with its reason or read, and nothing hides the rest."""

# Names that are no text are bytes here, which pathlib does not know.
# ruff: noqa: PTH102, PTH118, PTH123

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .drawn import draw

SENTINEL = {"shop/__init__.py": "", "shop/good_a.py": "from shop import good_b\n\n\ndef a():\n    return good_b.b()\n", "shop/good_b.py": "def b():\n    return 1\n"}


def analyzed(base: Path, *words: str) -> tuple[dict[str, Any], str]:
    """The analysis by a process of its own, which an odd file could end, and what it said meanwhile."""
    began = time.monotonic()
    command = [sys.executable, "-m", "decompose", "analyze", str(base), "--no-cache", "-f", "json", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr and "Traceback" not in done.stderr
    assert time.monotonic() - began < 100
    document = json.loads(done.stdout)
    assert any(edge["src"] == "shop.good_a" and edge["dst"] == "shop.good_b" for edge in document["edges"])
    return document, done.stderr


DEEP = {
    "brackets": "x = " + "[" * 5000 + "]" * 5000, "calls": "x = " + "f(" * 190 + ")" * 190, "signs": "x = " + "-" * 100_000 + "1",
    "nots": "x = " + "not " * 3000 + "1", "lambdas": "x = " + "lambda: " * 3000 + "1", "sums": "x = " + "1 + " * 20_000 + "1",
    "powers": "x = " + "1 ** " * 20_000 + "1", "attributes": "x = a" + ".a" * 20_000, "subscripts": "x = a" + "[0]" * 20_000,
    "chains": "x = a" + ".f()" * 20_000, "conditions": "x = " + "1 if 1 else " * 3000 + "1", "elifs": "if 1: pass\n" + "elif 1: pass\n" * 3000,
    "blocks": "".join(" " * i + "if 1:\n" for i in range(2000)) + " " * 2000 + "pass", "joined": "x = (" + "'a'\n" * 20_000 + ")",
    "formats": "x = " + "f'{" * 300 + "a" + "}'" * 300, "targets": "x = " * 20_000 + "1", "awaits": "x = " + "await " * 20_000 + "y",
    "comprehensions": "x = " + "[a for a in " * 180 + "b" + "]" * 180, "decorators": "@d\n" * 20_000 + "def f(): pass",
    "bases": "".join(f"class C{i}(C{i + 1}): pass\n" for i in range(3000)), "names": "".join(f"a{i} = a{i + 1}\n" for i in range(3000)) + "a0.x()",
    "doubled": "s = 'a'\n" + "s = s + s\n" * 3000 + "cursor.execute(s)\n", "locals": "def f(x):\n    a = x\n" + "    a = a.f(a, a)\n" * 3000,
    "apps": "INSTALLED_APPS = ['a']\n" + "INSTALLED_APPS += INSTALLED_APPS\n" * 3000, "numbers": "x = '%1000000000d' % 5\ny = 'a' * 10**10\nz = 10**10**10\n",
}  # fmt: skip


def test_no_nesting_and_no_growth_ends_or_stops_the_analysis(tmp_path: Path) -> None:
    draw(tmp_path, {**SENTINEL, **{f"shop/{name}.py": f"from shop import good_b\n{text}\n" for name, text in DEEP.items()}})
    document, _ = analyzed(tmp_path)
    failed = {each["path"].removeprefix("shop/").removesuffix(".py") for each in document["project"]["failed"]}
    read = {edge["src"].removeprefix("shop.") for edge in document["edges"] if edge["dst"] == "shop.good_b"}
    assert set(DEEP) == (failed | read) & set(DEEP) and not failed & read
    assert {"brackets", "signs", "blocks"} <= failed and {"decorators", "names", "doubled", "locals", "apps", "numbers", "joined"} <= read


CODECS = ("utf-16", "utf-32", "utf-7", "rot13", "hex", "zlib", "bz2", "base64", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined", "uu", "quopri", "mbcs", "a" * 300, "os.system")


@pytest.mark.parametrize("codec", CODECS)
def test_a_declared_codec_that_is_no_character_set_is_refused(codec: str) -> None:
    from decompose.syntax import summarize

    found = summarize("a.py", "a", False, f"# coding: {codec}\nimport os\n".encode())
    assert found.failure.startswith("encoding") and found.failure_line == 1


ODD_TEXTS = {
    "conflict": (b"def f():\n<<<<<<< HEAD\n    x = 1\n=======\n    x = 2\n>>>>>>> b\n", "unresolved merge conflict at line 2"),
    "jinja": (b"{% if a %}\nimport os\n{% endif %}\n", "a template, not Python"),
    "cookiecutter": (b"from {{ cookiecutter.slug }} import a\n", "a template, not Python"),
    "python2": (b"import os\nprint 'x'\n", "Python 2"),
    "nul": (b"import os\nx = '\0'\n", "NUL"),
    "elf": (b"\x7fELF\x02\x01" + bytes(range(1, 256)), "not valid"),
    "utf16": ("import os\n".encode("utf-16"), "UTF-16"),
    "notebook": (b"%matplotlib inline\nimport os\n", "syntax error"),
    "shell": (b"#!/bin/sh\necho hi\n", "syntax error"),
    "page": (b"<!DOCTYPE html>\n<html></html>\n", "syntax error"),
}


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_what_is_no_python_is_named_with_one_reason(name: str) -> None:
    from decompose.syntax import summarize

    text, reason = ODD_TEXTS[name]
    found = summarize("a.py", "a", False, text)
    assert reason in found.failure and found.imports == ()


def _socket(place: Path) -> None:
    folder = Path.cwd()
    os.chdir(place.parent)  # the name of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(place.name)
    finally:
        os.chdir(folder)


SPECIAL: dict[str, Callable[[Path], object]] = {
    "pipe.py": os.mkfifo, "socket.py": _socket, "zero.py": lambda place: place.symlink_to("/dev/zero"), "self.py": lambda place: place.symlink_to(place.name),
    "gone.py": lambda place: place.symlink_to("/nonexistent/x.py"), "loop": lambda place: place.symlink_to(".."), "root": lambda place: place.symlink_to("/"),
    "folder.py": lambda place: place.mkdir(), ".gitignore": lambda place: place.mkdir(), "package": lambda place: (place / "__init__.py").mkdir(parents=True),
    "page.html": os.mkfifo, "large.py": lambda place: _sparse(place, 3 << 30), "large.sql": lambda place: _sparse(place, 3 << 30),
}  # fmt: skip


def _sparse(place: Path, size: int) -> None:
    with place.open("wb") as file:
        file.truncate(size)


def test_what_is_no_file_is_never_waited_for_and_never_followed(tmp_path: Path) -> None:
    draw(tmp_path, SENTINEL)
    for name, make in SPECIAL.items():
        make(tmp_path / "shop" / name)
    for name in ("requirements.txt", "pyproject.toml", "decompose.toml"):
        os.mkfifo(tmp_path / name)
    document, _ = analyzed(tmp_path)
    named = {each["path"].removeprefix("shop/") for each in document["project"]["failed"]}
    assert {"pipe.py", "socket.py", "zero.py", "self.py", "gone.py", "loop", "root", "large.py"} <= named


NAMES = (
    b"new\nline", b"\x1b[31m", b"\xff\xfe", "\u202ertl".encode(), b"<script>", b"a|b", b"=cmd", b"`x`", b"$(x)", b'a"b', b"a'b", b"%s", b"{{7*7}}", b" lead", b"-x",
    b"a\\b", b"a:b", b"a,b", b"a#b", b"@x", b"+x", b"[x](javascript:1)", b"a--b", "\u200bzw".encode(), b"...", b"~", b"\x7f", b"\r", "\u2028".encode(), "\U000e0041".encode(),
)  # fmt: skip


@pytest.mark.parametrize("form", ["json", "text", "csv", "mermaid", "dot", "graphml"])
def test_no_name_reaches_an_output_unescaped(tmp_path: Path, form: str) -> None:
    draw(tmp_path, SENTINEL)
    for name in NAMES:
        folder = os.path.join(os.fsencode(tmp_path), b"shop", name)
        os.mkdir(folder)
        for file in (b"__init__.py", name + b".py"):
            with open(os.path.join(folder, file), "wb") as written:
                written.write(b"from shop import good_b\n\n\nclass A: ...\n")
    command = [sys.executable, "-m", "decompose", "analyze", str(tmp_path), "--no-cache", "-f", form, "--color", "never"]
    done = subprocess.run(command, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    out = done.stdout.decode("utf-8")
    allowed = "\r\n" if form == "csv" else "\n"
    assert not [c for c in out + done.stderr.decode() if (c < " " and c not in allowed + "\n") or c in "\x7f\u202e\u200b\u2028\U000e0041"]
    if form == "csv":
        assert not [line for line in out.split("\r\n") if line.startswith(("=", "+", "-", "@"))]
    if form in ("mermaid", "graphml"):
        assert "<script>" not in out
