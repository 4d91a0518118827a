"""What decompose wrote, remembered: ``.decompose/lock.json`` and the texts it refers to in ``.decompose/base/``.

Both belong into version control: they are what makes a merge with a person's edits possible, on any machine.
"""

from __future__ import annotations

import hashlib

import msgspec

from decompose.errors import FileError
from decompose.model.artifacts import FileClass

LEDGER = ".decompose/lock.json"
BASES = ".decompose/base"
MOST = 64 * 1024 * 1024
"""Bytes; a larger record is not one of ours."""


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A generated file: ``hash`` is of the text last generated, ``deleted`` means that a person deleted the file.

    ``contexts`` are those that generate it, with the step where that can be taken back alone (``reviews/split``); ``conflict`` is set while conflict markers were left in it.
    """

    file_class: FileClass = msgspec.field(name="class")
    hash: str
    contexts: tuple[str, ...]
    deleted: bool = False
    conflict: bool = False


REMOVED = ""
"""Stands for the hash of a file that is gone."""


class Edit(msgspec.Struct, frozen=True):
    """A rewrite of a file of the monolith: hashes of the text before and after it; :data:`REMOVED` after it was taken away."""

    original: str
    result: str


class Ledger(msgspec.Struct, frozen=True):
    """All generated files by path, and all rewrites by context (or context and step, ``reviews/split``) and path, oldest first."""

    files: dict[str, Entry] = {}
    edits: dict[str, dict[str, tuple[Edit, ...]]] = {}
    schema: str = "decompose/lock/1"

    def bases(self) -> set[str]:
        """The hashes of all texts that a later merge may need."""
        generated = {entry.hash for entry in self.files.values() if entry.file_class not in ("once", "rendered") and not entry.deleted}
        pairs = [edit for paths in self.edits.values() for chain in paths.values() for edit in chain]
        return generated | {edit.original for edit in pairs} | {edit.result for edit in pairs if edit.result != REMOVED}


def digest(content: bytes) -> str:
    """The SHA-256 of ``content`` in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def base_path(hash_: str) -> str:
    """Where the text with this hash is kept."""
    return f"{BASES}/{hash_[:2]}/{hash_}"


def decode(content: bytes | None) -> Ledger:
    """The ledger in ``content``, an empty one for ``None``. Raises :class:`FileError` when it is damaged."""
    if content is None:
        return Ledger()
    try:
        ledger = msgspec.json.decode(content, type=Ledger)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileError(
            f"the record of written files is damaged: {error}", place=LEDGER, hint="restore it from version control"
        ) from error
    if ledger.schema != Ledger().schema:
        raise FileError(
            f"the record of written files has the format {ledger.schema!r}",
            place=LEDGER,
            hint="use the version of decompose that wrote it",
        )
    return ledger


def encode(ledger: Ledger) -> bytes:
    """The ledger as JSON with sorted keys, one value a line, so that version control can merge it."""
    return msgspec.json.format(msgspec.json.encode(ledger, order="sorted"), indent=1) + b"\n"
