"""The normal form of a model expression, taken apart: ``objects.filter(user=,read=).order_by('-date').count()``.

In a shape every keyword stands without its value, literal positional arguments stand as they are and any other positional
argument is ``?``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<space>\s+)|(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<keyword>\*\*|[A-Za-z_]\w*=)"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<number>-?\d[\d_.eE+-]*)|(?P<mark>[().,?\[\]*:-])"""
)


class Part(NamedTuple):
    """An attribute with the call that may follow it: ``filter`` and its arguments.

    ``arguments`` is ``None`` for a plain attribute; each argument is ``keyword=`` or the text of a literal, or ``?``. ``name`` is ``""``
    for a call on the class itself and ``"[]"`` for a subscript.
    """

    name: str
    arguments: tuple[str, ...] | None

    def text(self) -> str:
        return self.name if self.arguments is None else f"{self.name}({','.join(self.arguments)})"


@lru_cache(maxsize=1 << 16)
def parts(shape: str) -> tuple[Part, ...]:
    """A shape as its attributes and calls in order; raises ``ValueError`` where it is none."""
    found: list[Part] = []
    depth = 0
    name, arguments, current = "", list[str](), ""
    position = 0
    for match in _TOKEN.finditer(shape):
        if match.start() != position:
            raise ValueError(f"not a shape: {shape!r} at {position}")
        position = match.end()
        token = match.group()
        if match.lastgroup == "space":
            continue
        if depth == 0:
            if token == "(":
                depth, arguments, current = 1, [], ""
            elif token == ".":
                if name:
                    found.append(Part(name, None))
                name = ""
            elif token == "[":
                if name:
                    found.append(Part(name, None))
                depth, name, arguments, current = 1, "[]", [], ""
            elif match.lastgroup == "name" and not name:
                name = token
            else:
                raise ValueError(f"not a shape: {shape!r}")
            continue
        if token in "([":
            depth += 1
        elif token in ")]":
            depth -= 1
            if depth == 0:
                if current:
                    arguments.append(current)
                found.append(Part(name, tuple(arguments)))
                name = ""
                continue
        if depth == 1 and token == ",":
            arguments.append(current)
            current = ""
        else:
            current += token
    if depth or position != len(shape):
        raise ValueError(f"not a shape: {shape!r}")
    if name:
        found.append(Part(name, None))
    return tuple(found)


def taken(found: tuple[Part, ...], first: int) -> str:
    """Which rows of a query are taken at the part ``first``: ``limit`` (``[:?]``), ``bounds`` (``[?:?]``, ``[?:]``), ``one`` (``[0]``) or ``""`` for all."""
    part = found[first] if first < len(found) else None
    if part is None or part.name != "[]" or len(part.arguments or ()) != 1:
        return ""
    [index] = part.arguments or ("",)
    if index.isdecimal():
        return "one"
    return {":?": "limit", "?:?": "bounds", "?:": "bounds"}.get(index, "")


def slots(found: tuple[Part, ...]) -> tuple[tuple[Part, int, str], ...]:
    """The arguments whose values the caller gives, in order: the part, the argument's index in its call, ``keyword=`` or ``?``."""
    return tuple(
        (part, index, argument)
        for part in found
        if part.name != "[]"
        for index, argument in enumerate(part.arguments or ())
        if argument.endswith("=") or argument == "?"
    )


def keywords(found: tuple[Part, ...]) -> tuple[str, ...]:
    """The keyword names of all calls in order, each as often as it is given."""
    return tuple(argument[:-1] for _, _, argument in slots(found) if argument != "?")


def parameter_names(found: tuple[Part, ...]) -> tuple[str, ...]:
    """One parameter name for each slot in order: the keyword, ``value`` for a positional argument; a name taken gets a number."""
    names: list[str] = []
    for _, _, argument in slots(found):
        plain = "value" if argument == "?" else argument[:-1]
        name, number = plain, 2
        while name in names:
            name, number = f"{plain}_{number}", number + 1
        names.append(name)
    return tuple(names)


def expression(root: str, found: tuple[Part, ...]) -> str:
    """Python source of the shape on ``root``, each slot given the parameter of :func:`parameter_names`."""
    names = iter(parameter_names(found))
    text = root
    for part in found:
        if part.name == "[]":
            text += f"[{','.join(part.arguments or ())}]"
            continue
        if part.name:
            text += f".{part.name}" if text else part.name
        if part.arguments is not None:
            text += f"({', '.join(_given(argument, names) for argument in part.arguments)})"
    return text


def _given(argument: str, names: Iterator[str]) -> str:
    if argument == "?":
        return next(names)
    return f"{argument}{next(names)}" if argument.endswith("=") else argument
