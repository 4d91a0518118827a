"""Reads Cobertura XML, as ``coverage xml`` and most other tools write it.

Expat reads it without ever fetching anything. A document type that only names its DTD, as older reports do, is passed over; one
that declares anything of its own (entities, that could grow without end) is refused.
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

import msgspec

from decompose.errors import ConfigError
from decompose.model.location import Location

_HINT = "write it with `coverage xml`; any Cobertura report will do"


class MeasuredFile(msgspec.Struct, frozen=True):
    """A file as the report names it. ``lines`` are ``(line, hits)`` of its statements, sorted; coverage.py has hits 0 and 1 only."""

    name: str
    lines: tuple[tuple[int, int], ...]
    at: Location


class Report(msgspec.Struct, frozen=True):
    """One report; ``roots`` are the folders that file names may be relative to."""

    path: str
    roots: tuple[str, ...]
    files: tuple[MeasuredFile, ...]


def read(content: bytes, path: str) -> Report:
    """The report in ``content``. Raises :class:`ConfigError` with the line for anything that is none."""
    reader = _Reader(path)
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as error:
        raise ConfigError(f"not a coverage report: {expat.ErrorString(error.code)}", place=f"{path}:{error.lineno}", hint=_HINT) from None
    except (LookupError, ValueError) as error:  # an encoding that there is not, or that expat cannot read
        raise ConfigError(f"not a coverage report: {error}", place=reader.place, hint=_HINT) from None
    if not reader.files:
        raise ConfigError("the coverage report names no file", place=path, hint=_HINT)
    files = (MeasuredFile(name, tuple(sorted(lines.items())), reader.first[name]) for name, lines in sorted(reader.files.items()))
    return Report(path, tuple(dict.fromkeys(reader.roots)), tuple(files))


class _Reader:
    """Collects files and lines while expat goes through the document."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.roots: list[str] = []
        self.files: dict[str, dict[int, int]] = {}
        self.first: dict[str, Location] = {}
        self._current: dict[int, int] | None = None
        self._source: list[str] | None = None
        self._begun = False
        self.parser = expat.ParserCreate()
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    @property
    def place(self) -> str:
        return f"{self.path}:{self.parser.CurrentLineNumber}"

    def _refuse(self, message: str) -> ConfigError:
        return ConfigError(message, place=self.place, hint=_HINT)

    def _doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        if internal:
            raise self._refuse("the report declares entities or elements of its own, which is refused")

    def _start(self, tag: str, attributes: dict[str, Any]) -> None:
        if not self._begun:
            self._begun = True
            if tag != "coverage":
                raise self._refuse(f"not a coverage report: it is a document <{tag[:40]}>")
        if tag == "class":
            name = attributes.get("filename", "")
            if not name:
                raise self._refuse("a <class> of the report has no filename")
            self.first.setdefault(name, Location(self.path, self.parser.CurrentLineNumber))
            self._current = self.files.setdefault(name, {})
        elif tag == "line" and self._current is not None:
            number, hits = self._number(attributes, "number"), self._number(attributes, "hits")
            self._current[number] = max(self._current.get(number, 0), hits)
        elif tag == "source":
            self._source = []

    def _number(self, attributes: dict[str, Any], name: str) -> int:
        value = attributes.get(name, "")
        if not (value.isascii() and value.isdigit() and len(value) < 19):
            raise self._refuse(f"{name} of a <line> is {value[:40]!r}, not a number")
        return int(value)

    def _text(self, text: str) -> None:
        if self._source is not None:
            self._source.append(text)

    def _end(self, tag: str) -> None:
        if tag == "class":
            self._current = None
        elif tag == "source" and self._source is not None:
            self.roots.append("".join(self._source).strip())
            self._source = None
