"""Texts that ship with decompose, found in a checkout and in an installed wheel alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

from decompose.errors import FileError


@cache
def templates() -> Mapping[str, str]:
    """All templates by their path below the template folder (``service/django/settings.py.j2``).

    Raises :class:`FileError` when the installation carries none.
    """
    for folder in (files("decompose") / "_templates", Path(__file__).resolve().parent.parent / "templates"):
        if folder.is_dir():
            return _texts(folder)
    raise FileError("the templates of decompose are missing", hint="install decompose again")


@cache
def schemas() -> Mapping[str, str]:
    """The JSON Schemas by file name (``plan.json``), empty when the package ships none."""
    folder = files("decompose") / "schemas"
    return _texts(folder) if folder.is_dir() else MappingProxyType({})


def _texts(folder: Traversable) -> Mapping[str, str]:
    return MappingProxyType(dict(sorted(_walk(folder, ""))))


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.name.startswith("__pycache__"):
            continue
        if entry.is_dir():
            yield from _walk(entry, f"{prefix}{entry.name}/")
        elif entry.is_file():
            yield f"{prefix}{entry.name}", entry.read_text(encoding="utf-8")
