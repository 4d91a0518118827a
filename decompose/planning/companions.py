"""Files of data that code reads from beside itself: SQL, templates of mails, tables."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping


def companions(sources: Mapping[str, bytes], files: Iterable[str]) -> list[str]:
    """Of ``files`` those that a module among ``sources`` names, sorted; both are paths.

    A file is named when it lies below the module's folder and the module's text has every part of the way to it: ``"data"`` and
    ``"rates.csv"``, or ``"data/rates.csv"``.
    """
    named: dict[str, set[str]] = {}
    for path, text in sources.items():
        if path.endswith(".py"):
            named.setdefault(path.rpartition("/")[0], set()).update(_parts(text))
    return sorted(file for file in files if file not in sources and any(_is_named(file, folder, parts) for folder, parts in named.items()))


def _is_named(file: str, folder: str, parts: set[str]) -> bool:
    start = f"{folder}/" if folder else ""
    return file.startswith(start) and parts.issuperset(file.removeprefix(start).split("/"))


def _parts(text: bytes) -> Iterable[str]:
    for node in ast.walk(ast.parse(text)):
        # A docstring has no name of a file alone.
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value:
            yield from node.value.split("/")
