"""Python source laid out as ``ruff format`` lays it out at 100 columns.

Generators put values and names into source through these functions, so that what is written needs no formatter and
no name can become code. A construct that does not fit on one line is written one item a line with a trailing comma,
which the formatter keeps.
"""

from __future__ import annotations

import ast
import keyword
import re
import sys
import textwrap
import tokenize
from collections.abc import Iterable, Sequence

from decompose.errors import RefusedInput
from decompose.generate.render import python_literal

WIDTH = 100
INDENT = "    "


def identifier(name: str) -> str:
    """``name`` itself. Raises :class:`RefusedInput` when it is not a Python name."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise RefusedInput(f"{name!r} is not a Python name", hint="rename it in decompose.toml")
    return name


def dotted(name: str) -> str:
    """``name`` itself. Raises :class:`RefusedInput` when it is not a dotted Python name."""
    for part in name.split("."):
        identifier(part)
    return name


def class_name(snake: str) -> str:
    """``count_reviews`` as ``CountReviews``."""
    return identifier("".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", snake)))


def expression(source: str) -> str:
    """``source``, one Python expression, on one line with double quotes.

    Raises :class:`RefusedInput` when it is not an expression.
    """
    try:
        tree = ast.parse(source.strip(), mode="eval")
    except SyntaxError as error:
        raise RefusedInput(f"not a Python expression: {source!r}", hint=str(error)) from error
    return double_quoted(ast.unparse(tree))


def double_quoted(source: str) -> str:
    """Source on one line with its plain string literals in double quotes."""
    lines = iter([source + "\n"])
    pieces: list[str] = []
    end = 0
    for token in tokenize.generate_tokens(lambda: next(lines, "")):
        if token.type == tokenize.STRING and token.start[0] == 1 and token.string.startswith("'"):
            pieces += [source[end : token.start[1]], python_literal(ast.literal_eval(token.string))]
            end = token.end[1]
    return "".join([*pieces, source[end:]])


def is_literal(source: str) -> bool:
    """Whether ``source`` is an immutable literal, fit for the default of a parameter."""
    try:
        value = ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return False
    return not isinstance(value, list | dict | set)


def items(opening: str, parts: Sequence[str], closing: str, indent: int = 0, before: int = 0) -> str:
    """``opening + parts + closing`` on one line if it fits, else one part a line.

    ``indent`` is the indentation in columns of the line it stands in, ``before`` the columns already taken on it.
    """
    line = f"{opening}{', '.join(parts)}{closing}"
    if not parts or ("\n" not in line and max(indent, before) + len(line) <= WIDTH):
        return line
    inner = " " * (indent + 4)
    # ``*`` and ``**`` parts take a trailing comma too, but for a bare ``*`` in a signature nothing may follow it alone.
    return "\n".join([opening, *(f"{inner}{part}," for part in parts), " " * indent + closing])


def value(data: object, indent: int = 0, before: int = 0) -> str:
    """A literal, nested collections one item a line where they do not fit."""
    line = python_literal(data)
    if max(indent, before) + len(line) <= WIDTH or not isinstance(data, tuple | list | dict) or not data:
        return line
    if isinstance(data, dict):
        heads = [f"{python_literal(key)}: " for key in data]
        parts = [h + value(v, indent + 4, indent + 5 + len(h)) for h, v in zip(heads, data.values(), strict=True)]
        return items("{", [*parts], "}", indent, WIDTH)
    parts = [value(item, indent + 4, indent + 5) for item in data]
    return items("(", parts, ")", indent, WIDTH) if isinstance(data, tuple) else items("[", parts, "]", indent, WIDTH)


def signature(name: str, parameters: Sequence[str], returns: str, indent: int = 0) -> str:
    """The head of a function, up to its colon."""
    return items(f"def {name}(", parameters, f") -> {returns}:", indent)


def returning(source: str, indent: int = 4) -> str:
    """``return`` of a Python expression; a chain of calls that is too long becomes one statement a call."""
    pad = " " * indent
    line = f"{pad}return {source}"
    if len(line) <= WIDTH:
        return line
    steps = _steps(ast.parse(source, mode="eval").body)
    if len(steps) < 2:
        return _statement("return ", steps[0], indent)
    lines = [_statement("result = ", steps[0], indent)]
    lines += [_statement("result = ", ("result" + head, arguments, tail), indent) for head, arguments, tail in steps[1:-1]]
    head, arguments, tail = steps[-1]
    return "\n".join([*lines, _statement("return ", ("result" + head, arguments, tail), indent)])


def _statement(start: str, step: tuple[str, list[str], str], indent: int) -> str:
    head, arguments, tail = step
    pad = " " * indent
    line = f"{pad}{start}{head}{', '.join(arguments)}{tail}"
    if len(line) <= WIDTH:
        return line
    if not arguments or tail != ")" or any(part.startswith("*") for part in arguments):
        return line + "  # fmt: skip"
    return pad + items(start + head, arguments, tail, indent, WIDTH)


def _steps(node: ast.expr) -> list[tuple[str, list[str], str]]:
    """A call chain as (text up to the bracket, arguments, closing); each but the first begins with its dot."""
    match node:
        case ast.Call(func=ast.Attribute(value=inner, attr=name)) if isinstance(inner, ast.Call | ast.Subscript):
            return [*_steps(inner), (f".{name}(", _arguments(node), ")")]
        case ast.Call(func=function):
            return [(f"{_source(function)}(", _arguments(node), ")")]
        case ast.Subscript(value=ast.Call() as inner, slice=index):
            return [*_steps(inner), ("", [], f"[{_source(index)}]")]
        case ast.Attribute(value=ast.Call() as inner, attr=name):
            return [*_steps(inner), ("", [], f".{name}")]
        case _:
            return [(_source(node), [], "")]


def _arguments(call: ast.Call) -> list[str]:
    keywords = [f"{k.arg}={_source(k.value)}" if k.arg else f"**{_source(k.value)}" for k in call.keywords]
    return [*map(_source, call.args), *keywords]


def _source(node: ast.AST) -> str:
    return double_quoted(ast.unparse(node))


def paragraph(text: str, indent: int = 4, width: int = 88) -> str:
    """Text wrapped for a docstring, lines after the first indented."""
    flat = " ".join(text.split())
    return ("\n" + " " * indent).join(textwrap.wrap(flat, width, break_long_words=False, break_on_hyphens=False))


def _import_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest: the formatter's order."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name)


def imports(symbols: Iterable[str], indent: int = 0, own: str = "") -> str:
    """``from module import name`` lines for dotted symbols, sorted, one module a line; a bare name is imported itself.

    With ``own``, the top package of the project, three sections as the formatter makes them: standard library, others, own.
    """
    every = set(symbols)
    if own:
        sections = [set[str](), set[str](), set[str]()]
        for symbol in every:
            top = symbol.partition(".")[0]
            sections[0 if top in sys.stdlib_module_names else 2 if top == own else 1].add(symbol)
        return "\n\n".join(imports(section, indent) for section in sections if section)
    grouped: dict[str, set[str]] = {}
    plain: set[str] = set()
    for symbol in every:
        module, _, name = dotted(symbol).rpartition(".")
        if module:
            grouped.setdefault(module, set()).add(name)
        else:
            plain.add(name)
    pad = " " * indent
    lines = [f"{pad}import {name}" for name in sorted(plain)]
    for module, names in sorted(grouped.items()):
        head = f"{pad}from {module} import "
        ordered = sorted(names, key=_import_order)
        line = head + ", ".join(ordered)
        lines.append(line if len(line) <= WIDTH else pad + items(head.strip() + " (", ordered, ")", indent, WIDTH))
    return "\n".join(lines)
