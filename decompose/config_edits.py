"""Edits of a plan, written into ``decompose.toml`` as a careful person would: comments, order and spacing stay as they are.

Each edit is one small change of the document. What it makes pointless goes (the old pin of a module that is pinned elsewhere), and nothing else.
"""

from __future__ import annotations

import keyword
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any, get_args

import msgspec
import tomlkit

from decompose.config import CONTEXT_NAME
from decompose.cut.globs import matches
from decompose.errors import RefusedInput, UsageError
from decompose.model.edits import Accept, Edit, Edits, Library, Merge, Move, Own, Pin, Rename, Split

_HEAD = re.compile(r"\s*\[\[?\s*[A-Za-z\"'][^=,]*\]\s*(#.*)?$")
"""The head of a table; an entry of a list of lists has a comma."""

SHARED = "shared"
"""The context of what stays a library; its settings stand in a table of their own."""

_LONG = 100
"""Columns beyond which a list is written one entry a line."""


def read_edits(content: bytes, place: str) -> Edits:
    """The edits of a file. Raises :class:`RefusedInput` for what is no such file, naming the edit and the key."""
    try:
        found = msgspec.json.decode(content, type=Edits)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        hint = "export them again from the review page, which `decompose plan --open` shows"
        if str(error).endswith(".op`"):
            hint = f"an op is one of {', '.join(str(each.__struct_config__.tag) for each in get_args(Edit))}"
        raise RefusedInput(f"no edits of a plan: {error}", place=place, hint=hint) from error
    if found.schema != "decompose/edits/1":
        raise RefusedInput(f"{found.schema!r} is no schema that this version reads", place=place, hint="it reads decompose/edits/1")
    return found


def check_name(name: str) -> None:
    """Raises :class:`UsageError` for a word that cannot name a context."""
    if not CONTEXT_NAME.fullmatch(name) or keyword.iskeyword(name) or name == "unassigned":
        raise UsageError(f"{name!r} cannot name a context", hint="use small letters, digits and hyphens, at most 40, a letter first, and no word of Python's own")


class SettingsText:
    """The text of a settings file while edits are written into it.

    ``proposed`` are the names of contexts before anybody decided: only these can be renamed and merged by name. ``definitions`` are the modules of
    top-level definitions, ``place`` the contexts of modules before the edits. ``prefix`` is where our tables begin (``tool.decompose.``).
    """

    def __init__(self, text: str, *, prefix: str, proposed: Collection[str], definitions: Mapping[str, str], place: Mapping[str, str]) -> None:
        self.text = text
        self._prefix = prefix
        self._proposed = frozenset(proposed)
        self._definitions = definitions
        self._place = dict(place)

    def apply(self, edit: Edit) -> None:
        """Writes one edit. Raises :class:`UsageError` for a name that no context can have."""
        if isinstance(edit, (Move, Split)):
            self.move(edit.subjects, edit.to)
        elif isinstance(edit, Library):
            self.move(edit.subjects, SHARED)
        elif isinstance(edit, Pin):
            for subject in edit.subjects:
                self.move((subject,), self._here(subject))
        elif isinstance(edit, Own):
            self.own(edit.table, edit.to)
        elif isinstance(edit, Rename):
            self._rename(edit.context, edit.to)
        elif isinstance(edit, Merge):
            self._merge(edit.context, edit.to)
        elif isinstance(edit, Accept):
            self.accept(edit.id, edit.choice, reason=edit.reason, by=edit.by)
        else:
            self.waive(edit.id, reason=edit.reason, until=edit.until, by=edit.by)

    def _here(self, subject: str) -> str:
        """The one context where a subject is."""
        found = {context for module, context in self._place.items() if matches(subject, module)}
        if not found and self._definitions.get(subject) in self._place:
            found = {self._place[self._definitions[subject]]}
        if len(found) != 1:
            raise UsageError(f"{subject} is in {' and '.join(sorted(found)) or 'no context'}: it cannot be pinned as a whole", hint="move it to one context")
        return found.pop()

    # --- edits ----------------------------------------------------------------------------------

    def move(self, subjects: Iterable[str], to: str) -> None:
        """Puts modules, packages and definitions into one context, and out of every other."""
        check_target(to)
        for subject in subjects:
            self._leave("modules", partial(self._within, subject))
            self._with(self._key(to), "modules", subject)
            self._place.update((module, to) for module in self._place if matches(subject, module))

    def _within(self, subject: str, entry: str) -> bool:
        """Whether the pattern of an earlier pin speaks of nothing but what ``subject`` names."""
        head = subject.removesuffix(".**")
        if entry == subject or (subject != head and (entry == head or entry.startswith(f"{head}."))):
            return True
        return self._definitions.get(entry) == subject

    def own(self, table: str, to: str) -> None:
        """Gives a table to one context."""
        check_name(to)
        self._leave("owns", lambda entry: entry == table)
        self._with(self._key(to), "owns", table)

    def _rename(self, name: str, to: str) -> None:
        check_name(to)
        if name in self._contexts():
            self._rename_header(f"contexts.{name}", f"contexts.{to}")
        if name in self._proposed and not self._contexts().get(to, {}).get("was"):
            self._set(self._key(to), "was", name)
        self._renamed_elsewhere(name, to)

    def _merge(self, name: str, to: str) -> None:
        check_name(to)
        theirs = self._contexts().get(name, {})
        names = [theirs["was"]] if theirs.get("was") else [name] if name in self._proposed else []
        self._drop(name)
        for key, values in (("merge", [*names, *theirs.get("merge", ())]), ("modules", theirs.get("modules", ())), ("owns", theirs.get("owns", ()))):
            for value in values:
                if (key, value) != ("merge", to):
                    self._with(self._key(to), key, value)
        self._renamed_elsewhere(name, to)

    def _renamed_elsewhere(self, name: str, to: str) -> None:
        """What else speaks of a context by its name: operations, and decisions about its edges."""
        operations = self._tables().get("operations", {})
        if name in operations and to not in operations:
            self._rename_header(f"operations.{name}", f"operations.{to}")
        with self._edited() as tables:
            for decision in tables.get("decisions", ()):
                if str(decision.get("id", "")).startswith(f"{name}:"):
                    decision["id"] = to + str(decision["id"])[len(name) :]
        self._place.update((module, to) for module, context in self._place.items() if context == name)

    def accept(self, id: str, choice: str, *, reason: str = "", by: str = "") -> None:
        """Chooses a treatment. A waiver of just this decision is over with that."""
        self._without("waivers", lambda entry: entry.get("id") == id)
        self._entry("decisions", {"id": id, "choice": choice, "reason": reason, "by": by})

    def waive(self, id: str, *, reason: str, until: str = "", by: str = "") -> None:
        """Lets a decision, or all whose ids a glob fits, be as they are: to the end of ``until``, a day, or for good."""
        try:
            day = date.fromisoformat(until) if until else ""
        except ValueError:
            raise UsageError(f"{until!r} is no day", hint="a day is written as in 2027-03-01") from None
        if not reason.strip():
            raise UsageError(f"the waiver of {id} needs a reason")
        self._entry("waivers", {"id": id, "reason": reason, "until": day, "by": by})

    def _entry(self, name: str, values: Mapping[str, str | date]) -> None:
        """Changes the last ``[[name]]`` with this id, the one that counts, or adds one. What is ``""`` is not said."""
        head = f"{self._prefix}{name}"
        told = {key: value for key, value in values.items() if value}
        known = [each.get("id") for each in self._tables().get(name, ())]
        if values["id"] not in known:
            lines = [f"[[{head}]]", *(f"{key} = {tomlkit.item(value).as_string()}" for key, value in told.items())]
            self._insert(lines, after=re.compile(rf"\s*\[\[\s*{re.escape(head)}\s*\]\]"))
            return
        number = len(known) - 1 - known[::-1].index(values["id"])
        with self._edited() as tables:
            entry = tables[name][number]
            for key in [key for key in values if key in entry]:
                if key not in told:
                    del entry[key]
                elif entry[key] != told[key]:
                    entry[key] = told[key]
        for key, value in told.items():
            if key not in self._tables()[name][number]:
                self._append(f"[[{head}]]", number, f"{key} = {tomlkit.item(value).as_string()}")

    def _without(self, name: str, gone: Callable[[Mapping[str, Any]], bool]) -> None:
        """Takes entries of ``[[name]]`` out."""
        while (number := next((n for n, each in enumerate(self._tables().get(name, ())) if gone(each)), None)) is not None:
            self._cut_out(f"[[{self._prefix}{name}]]", number)

    def settle(self, present: Collection[str]) -> None:
        """Takes out the tables of contexts that hold nothing any more: a context without modules is an error."""
        for name, table in self._contexts().items():
            if name not in present and not table.get("split"):
                self._drop(name)

    def keep(self, strays: Iterable[tuple[str, str, str]]) -> None:
        """Pins what would have followed other edits, see :func:`decompose.cut.edited.differences`."""
        for kind, subject, context in strays:
            if kind == "table":
                self.own(subject, context)
            else:
                self.move((subject,), context)

    # --- the text -------------------------------------------------------------------------------

    def _tables(self) -> Mapping[str, Any]:
        document: Mapping[str, Any] = tomllib.loads(self.text)
        return document.get("tool", {}).get("decompose", {}) if self._prefix else document

    def _contexts(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._tables().get("contexts", {})
        return found

    @contextmanager
    def _edited(self) -> Iterator[Any]:
        """Our tables, to be changed in place."""
        document = tomlkit.parse(self.text)
        tables: Any = document
        if self._prefix:
            tables = tables.get("tool", {}).get("decompose", {})
        yield tables
        self.text = tomlkit.dumps(document)

    @staticmethod
    def _key(context: str) -> str:
        return SHARED if context == SHARED else f"contexts.{context}"

    def _ensured(self, key: str) -> None:
        found: Any = self._tables()
        for part in key.split("."):
            found = found.get(part)
            if found is None:
                self._insert([f"[{self._prefix}{key}]"], after=re.compile(rf"\s*\[\s*{re.escape(self._prefix)}contexts\."))
                return

    def _set(self, key: str, name: str, value: str) -> None:
        self._ensured(key)
        with self._edited() as tables:
            for part in key.split("."):
                tables = tables[part]
            if name in tables:
                tables[name] = value
                return
        self._append(f"[{self._prefix}{key}]", 0, f"{name} = {tomlkit.item(value).as_string()}")

    def _with(self, key: str, name: str, value: str) -> None:
        """Adds ``value`` to a list where it is not in there."""
        self._ensured(key)
        with self._edited() as tables:
            for part in key.split("."):
                tables = tables[part]
            if name in tables:
                if value not in tables[name]:
                    tables[name].append(value)
                    _wrapped(tables[name], name)
                return
        self._append(f"[{self._prefix}{key}]", 0, f"{name} = [{tomlkit.item(value).as_string()}]")

    def _append(self, head: str, number: int, line: str) -> None:
        """Adds a key behind the last of a table, before the blank lines and comments that lead to the next one."""
        text = self.text.splitlines()
        _, end = self._lines_of(head, number)
        self.text = "\n".join([*text[:end], line, *text[end:]]) + "\n"

    def _cut_out(self, head: str, number: int) -> None:
        """Takes a table out, with a blank line before it; comments around it stay."""
        text = self.text.splitlines()
        start, end = self._lines_of(head, number)
        if start and not text[start - 1].strip():
            start -= 1
        self.text = "\n".join([*text[:start], *text[end:]]).strip("\n") + "\n"

    def _lines_of(self, head: str, number: int) -> tuple[int, int]:
        """Where the table ``number`` with this head begins, and the line behind its last key."""
        squeezed = [re.sub(r"\s", "", each) for each in self.text.splitlines()]
        starts = [n for n, each in enumerate(squeezed) if each == head or each.startswith(f"{head}#")]
        if number >= len(starts):
            raise UsageError(f"{head.strip('[]')} is not written as a table of its own", hint=f"write it as {head}, with one key a line")
        start = starts[number]
        text = self.text.splitlines()
        end = next((n for n in range(start + 1, len(text)) if _HEAD.match(text[n])), len(text))
        while end > start + 1 and (not squeezed[end - 1] or squeezed[end - 1].startswith("#")):
            end -= 1
        return start, end

    def _leave(self, name: str, gone: Callable[[str], bool]) -> None:
        """Takes entries out of the lists ``name`` of all contexts, and of what stays a library."""
        with self._edited() as tables:
            for table in [*tables.get("contexts", {}).values(), *([tables[SHARED]] if SHARED in tables else [])]:
                leaving = [str(entry) for entry in table.get(name, ()) if gone(str(entry))]
                for entry in leaving:
                    table[name].remove(entry)
                if leaving and not len(table[name]):
                    del table[name]

    def _insert(self, lines: Sequence[str], after: re.Pattern[str]) -> None:
        """Adds a table behind the last one whose head fits, else at the end."""
        text = self.text.splitlines()
        heads = [number for number, line in enumerate(text) if _HEAD.match(line)]
        fitting = [number for number in heads if after.match(text[number])]
        end = next((number for number in heads if fitting and number > fitting[-1]), len(text))
        while end < len(text) and end and (not text[end - 1].strip() or text[end - 1].lstrip().startswith("#")):
            end -= 1  # what stands before a table belongs to it
        before, behind = text[:end], text[end:]
        while before and not before[-1].strip():
            before.pop()
        self.text = "\n".join([*before, *([""] if before else []), *lines, *([""] if behind and behind[0].strip() else []), *behind]) + "\n"

    def _rename_header(self, old: str, new: str) -> None:
        head = re.compile(rf"^(\s*\[\s*){re.escape(self._prefix + old)}(?=\s*\]|\.)", re.MULTILINE)
        self.text = head.sub(lambda found: f"{found[1]}{self._prefix}{new}", self.text)
        tables: Any = self._tables()
        for part in new.split("."):
            tables = tables.get(part)
            if tables is None:
                raise UsageError(f"{old} is written in a way that this cannot rename", hint=f"write it as [{self._prefix}{old}], a table of its own")

    def _drop(self, name: str) -> None:
        """Takes the table of one context out, with the lines above it that speak of it."""
        if name not in self._contexts():
            return
        head = re.compile(rf"\s*\[\s*{re.escape(self._prefix)}contexts\.{re.escape(name)}\s*\]")
        text = self.text.splitlines()
        start = next((number for number, line in enumerate(text) if head.match(line)), None)
        if start is None:
            raise UsageError(f"contexts.{name} is written in a way that this cannot take out", hint=f"write it as [{self._prefix}contexts.{name}], a table of its own")
        end = next((number for number in range(start + 1, len(text)) if _HEAD.match(text[number])), len(text))
        while end > start + 1 and end < len(text) and text[end - 1].lstrip().startswith("#"):
            end -= 1
        self.text = "\n".join([*text[:start], *text[end:]]).rstrip("\n") + "\n"


def check_target(name: str) -> None:
    """As :func:`check_name`, for a place that may be the shared code."""
    if name != SHARED:
        check_name(name)


def _wrapped(array: Any, key: str) -> None:
    """One entry a line once the list no longer fits on one; lists that a person laid out stay as they are."""
    text = array.as_string()
    if "\n" not in text and len(text) + len(key) + 3 > _LONG:
        array.multiline(True)
