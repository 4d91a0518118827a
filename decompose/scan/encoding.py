"""The text of a Python file, in the encoding that it declares."""

from __future__ import annotations

import codecs
import re

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_BLANK_OR_COMMENT = re.compile(rb"^[ \t\f]*(?:#|$)")
_LINE_END = re.compile(rb"\r\n|\r|\n")

# Only plain character sets: codecs such as unicode_escape, utf-7 or rot13 can hide code from a reader.
_CHARACTER_SET = re.compile(
    r"utf8(-?sig)?|(us-?)?ascii|646|l(atin-?)?\d+|iso-?8859-?\d+|iso-?ir-?\d+|cp-?\d+|windows-?\d+|ibm-?\d+|koi8-?[rtu]"
    r"|gb\w+|big5(-?hkscs)?|euc-?\w+|s(hift)?-?jis(-?\w+)?|iso-?2022-?\w+(-\w+)?|mac-?\w+|johab|hz|tis-?620|kz1048|hp-?roman8|uhc|ms936|936"
)


class Unreadable(Exception):
    """The bytes are not the text of a Python file: ``reason`` and the line where that shows."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason, line)
        self.reason = reason
        self.line = line


def encoding_of(data: bytes) -> str:
    """The codec that Python would use: from the byte order mark or the cookie in the first two lines, else ``utf-8``.

    With a byte order mark it is ``utf-8-sig``. Raises :class:`Unreadable` for a codec that is unknown, that is not a plain
    character set, or that contradicts the mark.
    """
    marked = data.startswith(codecs.BOM_UTF8)
    start = data[3:512] if marked else data[:512]
    default = "utf-8-sig" if marked else "utf-8"
    if b"coding" not in start:
        return default
    for number, line in enumerate(_LINE_END.split(start)[:2], 1):
        found = _COOKIE.match(line)
        if found is None:
            if not _BLANK_OR_COMMENT.match(line):
                break
            continue
        name = found.group(1).decode("latin-1")
        try:
            known = codecs.lookup(name).name
        except (LookupError, ValueError):
            known = ""
        if known == "utf-8" or name.lower().replace("_", "-").startswith("utf-8-"):
            return default
        if marked:
            raise Unreadable(f"byte order mark of UTF-8, but declared as {name}", number)
        if not _CHARACTER_SET.fullmatch(known.replace("_", "-")):
            raise Unreadable(f"encoding {name} is unknown or not a plain character set", number)
        return known
    return default


def decode(data: bytes) -> str:
    """The text, line ends as they are. Raises :class:`Unreadable`."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Unreadable("encoded in UTF-16 or UTF-32, which Python does not read", 1)
    if b"\0" in data:
        raise Unreadable("holds NUL bytes", _line(data, data.index(b"\0")))
    encoding = encoding_of(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable(f"not valid {encoding}: byte 0x{data[error.start]:02x}", _line(data, error.start)) from None


def _line(data: bytes, offset: int) -> int:
    return len(_LINE_END.findall(data, 0, offset)) + 1
