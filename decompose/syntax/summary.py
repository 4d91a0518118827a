"""One file's text -> its :class:`~decompose.model.syntax.ModuleSummary`. Pure: no file is opened here."""

from __future__ import annotations

import ast
import re
import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice

import msgspec

from decompose.model.source import CRASHED
from decompose.model.syntax import ModuleSummary, Remark
from decompose.scan.encoding import Unreadable, decode
from decompose.syntax import failure
from decompose.syntax.newer import lowered
from decompose.syntax.walk import Walk

# Increase whenever the same text gives another summary: cached summaries of earlier versions are then left alone.
VERSION = 8

TOO_DEEP = "too deeply nested to be parsed"
MOST_PARTS = 1_500_000
"""Names, numbers, signs, strings and twice the lines of one file. Its tree takes up to 600 bytes for each."""
_WORTH_COUNTING = 500_000
_PART = re.compile(r"""\#[^\n]*+|\'\'\'(?:[^\\]|\\.)*?\'\'\'|\"\"\"(?:[^\\]|\\.)*?\"\"\"|'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+"|\w++|[^\w\s]""", re.DOTALL)
_DECEPTIVE = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

_IGNORE = ("ignore", None, Warning, None, 0)
_NOTHING = nullcontext()

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(ModuleSummary)


def summarize(path: str, name: str, is_package: bool, source: bytes | str) -> ModuleSummary:
    """What the text says. Never raises for what the text holds: ``failure`` then has the reason.

    ``path`` is relative to the project, ``name`` the dotted module name, ``source`` the file's bytes (decoded as they
    declare) or its text.
    """
    text = ""
    try:
        text = source if isinstance(source, str) else decode(source)
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if len(text) > _WORTH_COUNTING and _parts(text) > MOST_PARTS:
            raise Unreadable(f"too large to be read: more than {MOST_PARTS:,} parts, where a file that people write has thousands", 1)
        remarks = _remarks(text)
        with silent():
            newer = False
            try:
                tree = ast.parse(text)
            except SyntaxError:
                found = _in_older_syntax(text)
                if found is None:
                    raise
                tree, text, newer = *found, True
        said = Walk(path, name, is_package, text).summary(tree, remarks)
        return _of_newer(said, text) if newer else said
    except Unreadable as error:
        reason, line = error.reason, error.line
    except SyntaxError as error:
        reason, line = failure.reason(error, text)
    except RecursionError:
        reason, line = TOO_DEEP, 1
    except MemoryError:
        # CPython's parser reports its own nesting limit so; real exhaustion ends in the same way for this file.
        reason, line = TOO_DEEP, 1
    except ValueError as error:
        reason, line = f"cannot be parsed: {error}", 1
    return ModuleSummary(path, name, is_package, text.count("\n") + 1 if text else 0, failure=reason, failure_line=line)


@contextmanager
def _silenced() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def silent() -> AbstractContextManager[None]:
    """What Python's parser would warn of is not said. Once for many files: doing it for each costs as much as parsing a small one."""
    return _NOTHING if warnings.filters[:1] == [_IGNORE] else _silenced()


def _parts(text: str) -> int:
    """How many parts a text has, counted no further than needed."""
    lines = 2 * text.count("\n")
    return lines + sum(1 for _ in islice(_PART.finditer(text), max(MOST_PARTS + 1 - lines, 0)))


def summarize_sources(sources: Mapping[str, str | bytes]) -> tuple[ModuleSummary, ...]:
    """Summaries of texts by path, sorted by path; ``shop/__init__.py`` is the package ``shop``."""
    return tuple(summarize(path, *module_name(path), sources[path]) for path in sorted(sources))


def module_name(path: str) -> tuple[str, bool]:
    """``shop/orders/__init__.py`` -> ``("shop.orders", True)``, seen from the root of the path."""
    parts = path.removesuffix(".py").split("/")
    is_package = parts[-1] == "__init__" and len(parts) > 1
    return ".".join(parts[:-1] if is_package else parts), is_package


def crashed(path: str, name: str, is_package: bool, source: bytes) -> ModuleSummary:
    """The summary of a file that ended the process which parsed it."""
    return ModuleSummary(path, name, is_package, source.count(b"\n") + 1, failure=CRASHED, failure_line=1)


def packed(summary: ModuleSummary) -> bytes:
    """The summary in its stored form."""
    kept = summary.kept
    if kept is None:
        raise ValueError("its uses have been written out")
    if not isinstance(kept, bytes):
        summary = msgspec.structs.replace(summary, kept=_encoder.encode(kept))
    return _encoder.encode(summary)


def unpacked(stored: bytes) -> ModuleSummary | None:
    """The summary again, ``None`` for bytes that are not a stored summary."""
    try:
        return _decoder.decode(stored)
    except (msgspec.DecodeError, RecursionError):
        return None


_LAZY = re.compile(r"^[ \t]*lazy;(?:import|from)\b", re.MULTILINE)


def _of_newer(said: ModuleSummary, older: str) -> ModuleSummary:
    """The summary of a text that was respelled: lazy imports run when what they bring is first used."""
    lazy = {older.count("\n", 0, found.end()) + 1 for found in _LAZY.finditer(older)}
    imports = (
        msgspec.structs.replace(each, when="call") if each.when == "load" and each.line in lazy else each
        for each in said.imports
    )
    return msgspec.structs.replace(said, newer=True, imports=tuple(imports))


def _in_older_syntax(text: str) -> tuple[ast.Module, str] | None:
    """The tree of a text for a newer Python with the respelled text, ``None`` when it is not one."""
    for thorough in (False, True):
        older = lowered(text, thorough=thorough)
        if older is None:
            continue
        try:
            return ast.parse(older), older
        except SyntaxError:
            continue
    return None


def _remarks(text: str) -> tuple[Remark, ...]:
    if text.isascii() or not any(character in text for character in _DECEPTIVE):
        return ()
    return tuple(
        Remark(number, f"bidirectional control character {name} hides the order of the code")
        for number, line in enumerate(text.split("\n"), 1)
        for name in dict.fromkeys(
            f"U+{ord(found):04X} {unicodedata.name(found, '')}".rstrip() for found in line if found in _DECEPTIVE
        )
    )
