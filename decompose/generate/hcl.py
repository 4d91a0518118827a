"""Values as Terraform writes them: HCL in the layout of ``terraform fmt``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

WIDTH = 110
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


class Expression(msgspec.Struct, frozen=True):
    """HCL that is no literal: ``aws_lb_target_group.service.arn``."""

    text: str


def string(text: str) -> str:
    """A quoted string in which nothing is a template: ``${`` and ``%{`` mean themselves."""
    return re.sub(r"([$%])\{", r"\1\1{", json.dumps(text, ensure_ascii=False)).replace("\x7f", "\\u007f")


def filled(value: Any, reference: Callable[[str], str]) -> Any:
    """``value`` with every placeholder ``${NAME}`` in its strings as the expression that ``reference`` gives for the name.

    A string that is one placeholder becomes the expression itself, another one a template. The value of an environment variable
    (``{"name": ..., "value": ...}``) is text out of somebody's code: only its own name is a placeholder there.
    """
    match value:
        case {"name": str() as name, "value": str() as text, **rest} if not rest and text != f"${{{name}}}":
            return value
        case dict():
            return {key: filled(each, reference) for key, each in value.items()}
        case list() | tuple():
            return [filled(each, reference) for each in value]
        case str() if _PLACEHOLDER.search(value):
            whole = _PLACEHOLDER.fullmatch(value)
            return Expression(reference(whole[1]) if whole else _template(value, reference))
    return value


def _template(text: str, reference: Callable[[str], str]) -> str:
    """A quoted template."""
    parts = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        parts += [string(text[end : match.start()])[1:-1], f"${{{reference(match[1])}}}"]
        end = match.end()
    return f'"{"".join([*parts, string(text[end:])[1:-1]])}"'


def literal(value: Any, indent: int = 0) -> str:
    """A value, its lines after the first indented by ``indent`` columns; on one line where that is short."""
    match value:
        case Expression():
            return value.text
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case int() | float():
            return repr(value)
        case str():
            return string(value)
        case Mapping():
            return _object(value, indent)
        case Sequence():
            return _list(value, indent)
    raise TypeError(f"no HCL for {type(value).__name__}")


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool | Expression) or value is None


def _list(items: Sequence[Any], indent: int) -> str:
    line = f"[{', '.join(literal(item) for item in items)}]"
    if all(map(_is_plain, items)) and indent + len(line) <= WIDTH:
        return line
    pad = " " * (indent + 2)
    return "[\n" + "".join(f"{pad}{literal(item, indent + 2)},\n" for item in items) + " " * indent + "]"


def _object(value: Mapping[str, Any], indent: int) -> str:
    if not value:
        return "{}"
    line = f"{{ {', '.join(f'{_key(name)} = {literal(each)}' for name, each in value.items())} }}"
    if all(map(_is_plain, value.values())) and indent + len(line) <= WIDTH:
        return line
    return "{\n" + attributes(value, indent + 2) + "\n" + " " * indent + "}"


def attributes(values: Mapping[str, Any], indent: int = 0) -> str:
    """``name = value`` lines; the equals signs of neighbours that take one line each stand below one another."""
    pad = " " * indent
    pairs = [(_key(name), literal(value, indent)) for name, value in values.items()]
    lines: list[str] = []
    for index, (name, text) in enumerate(pairs):
        room = len(name) if "\n" in text else max(len(key) for key, _ in _neighbours(pairs, index))
        lines.append(f"{pad}{name:{room}} = {text}")
    return "\n".join(lines)


def _neighbours(pairs: Sequence[tuple[str, str]], index: int) -> Sequence[tuple[str, str]]:
    first = last = index
    while first > 0 and "\n" not in pairs[first - 1][1]:
        first -= 1
    while last + 1 < len(pairs) and "\n" not in pairs[last + 1][1]:
        last += 1
    return pairs[first : last + 1]


def _key(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else string(name)
