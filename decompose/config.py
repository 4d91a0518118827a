"""Reads ``decompose.toml`` or ``[tool.decompose]``: what a person decided, checked, with the place of every value.

The nearest file wins, looking upwards from the project as far as the root of its git repository; without a repository only
the project's own folder is looked at. Keys are kebab-case; an unknown one is an error, never ignored.
"""

from __future__ import annotations

import keyword
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args

import msgspec

from decompose.config_meanings import described
from decompose.config_operations import operation_schema, operation_values, operations
from decompose.config_target import target, target_schema, target_values
from decompose.errors import ConfigError, FileError, UsageError
from decompose.model.disposition import Disposition
from decompose.model.settings import (
    Config,
    ContextSettings,
    EdgeDecision,
    EvidenceSettings,
    Options,
    VerifySettings,
    Waiver,
)
from decompose.model.target import FORMATS

FILE_NAME = "decompose.toml"
SCHEMA = "config.schema.json"
"""Lies in ``.decompose``, for editors."""
CONTEXT_NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
WEIGHT_KINDS = (
    "call",
    "cochange",
    "coverage",
    "data",
    "file",
    "fk",
    "import",
    "inherit",
    "name",
    "package",
    "reference",
    "route",
    "signal",
    "span",
    "statement",
    "task",
    "template",
    "topic",
    "trace",
    "tx",
)
"""What a weight can be given to: the kinds of edges, shared data, keys, transactions, routes, folders, git history, names, topics, files, and what was seen at run time: those of :data:`decompose.cut.coupling.KINDS`, which this layer may not import."""

TREATMENTS = (
    "accept-eventual",
    "merge-contexts",
    "move-ownership",
    "move-write",
    "outbox",
    "reference-by-key",
    "reference-data",
    "replica",
    "saga",
    "single-writer",
    "soft-delete-contract",
    "split-table",
)
"""What can be chosen for keys, transactions and tables: those of :mod:`decompose.planning.decisions`, which this layer may not import."""

_LARGEST = 1024 * 1024
"""Bytes; nobody writes a larger configuration."""
_ENDLESS_KEY = re.compile(r"""(?<![\w"'-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')\s*+\.\s*+){64}""")

_DISPOSITIONS: tuple[str, ...] = get_args(Disposition)
_DECISION_ID = re.compile(r"[A-Z]+-")
_OF_DATA = re.compile(r"[^:]*:(foreign-key|transaction|table):")
"""What names a key, a transaction or a table by what it is, which no other key's coming or going changes."""
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_LINK = re.compile(r"(https?|vscode|vscode-insiders|vscodium|idea|pycharm|file|cursor|zed):\S*\{path\}\S*", re.ASCII)
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")
_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True)
class Loaded:
    """A configuration and where it comes from.

    ``places`` maps the dotted key of every value that was set (``contexts.orders.modules``) to ``path:line``; what is not
    in it has its default.
    """

    config: Config
    places: Mapping[str, str]


def load(start: Path, *, explicit: Path | None = None, isolated: bool = False) -> Config:
    """The configuration in force for the project at ``start``; the defaults when there is no file or ``isolated`` is true.

    Raises :class:`ConfigError` for a value that cannot be, :class:`FileError` when ``explicit`` cannot be read.
    """
    return read(start, explicit=explicit, isolated=isolated).config


def read(start: Path, *, explicit: Path | None = None, isolated: bool = False) -> Loaded:
    """As :func:`load`, with the place of every value."""
    if isolated:
        return Loaded(Config(), {})
    path = explicit or find(start)
    if path is None:
        return Loaded(Config(), {})
    return parse(_text(path), str(path))


def find(start: Path) -> Path | None:
    """The nearest file with settings at or above ``start``, ``None`` when there is none up to the git root."""
    start = start.resolve()
    folder = start if start.is_dir() else start.parent
    return next((own for candidate in upwards(folder) if (own := settings_in(candidate)) is not None), None)


def settings_in(folder: Path) -> Path | None:
    """The file with settings that lies in ``folder`` itself."""
    own = folder / FILE_NAME
    if own.is_file():
        return own
    project = folder / "pyproject.toml"
    return project if project.is_file() and _speaks_of_us(project) else None


def _speaks_of_us(project: Path) -> bool:
    """Whether a ``pyproject.toml`` has our table. One that does not even hold our name may be anything: it is not ours to judge."""
    try:
        with project.open("rb") as file:
            if b"decompose" not in file.read(_LARGEST):
                return False
    except OSError:
        return False
    return "decompose" in _tool_table(_document(_text(project), str(project)))


def upwards(folder: Path) -> list[Path]:
    """``folder`` and its parents up to the git root; only ``folder`` when it lies in no repository."""
    chain = [folder, *folder.parents]
    for index, candidate in enumerate(chain):
        if (candidate / ".git").exists():
            return chain[: index + 1]
    return [folder]


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError(f"larger than any configuration ({path.stat().st_size} bytes)", place=str(path))
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError("the file is not UTF-8 text", place=str(path)) from error
    except OSError as error:
        raise FileError(f"cannot read the configuration: {error.strerror or error}", place=str(path)) from error


def _document(text: str, path: str) -> dict[str, Any]:
    # Python's parser takes time that grows with the square of a key's parts.
    if found := _ENDLESS_KEY.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise ConfigError("not a configuration: a key of more than 64 parts", place=f"{path}:{line}")
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError("not a configuration: too deeply nested", place=path) from None
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\((?:at line (\d+), column \d+|at end of document)\)", str(error))
        last = text.rstrip().count("\n") + 1  # what is not ended began there or above
        place = f"{path}:{found[1] or last}" if found else path
        message = str(error).replace(found[0], "" if found[1] else "(the file ends inside it)").strip() if found else str(error)
        raise ConfigError(f"not valid TOML: {message}", place=place) from error


def _tool_table(document: Mapping[str, Any]) -> Mapping[str, Any]:
    tool = document.get("tool", {})
    return tool if isinstance(tool, dict) else {}


# --- one file -----------------------------------------------------------------------------------


def parse(text: str, path: str) -> Loaded:
    """The configuration that ``text`` says; ``path`` is where errors point to and decides which tables are ours."""
    document = _document(text, path)
    if Path(path).name == "pyproject.toml":
        table = _tool_table(document).get("decompose", {})
        reader = Reader(text, path, "tool.decompose")
        if not isinstance(table, dict):
            raise ConfigError("[tool.decompose] must be a table", place=reader.place("tool"))
        tables = {key: value for key, value in table.items() if key in _TABLES and isinstance(value, (dict, list))}
        document = {**tables, "decompose": {key: value for key, value in table.items() if key not in tables}}
        reader.prefix = "tool.decompose"
    else:
        reader = Reader(text, path, "")
    config = _config(document, reader)
    return Loaded(msgspec.structs.replace(config, places=tuple(sorted(reader.places.items()))), reader.places)


class Reader:
    """Takes checked values out of a document and remembers which keys were set where."""

    def __init__(self, text: str, path: str, prefix: str) -> None:
        self.path = path
        self.prefix = prefix
        self.places: dict[str, str] = {}
        self._lines = _key_lines(text)

    def place(self, key: str) -> str:
        """``path:line`` of a dotted key; of its nearest enclosing table when the key itself is not found."""
        whole = self._in_file(key)
        while whole:
            if whole in self._lines:
                return f"{self.path}:{self._lines[whole]}"
            whole = whole.rpartition(".")[0]
        return self.path

    def _in_file(self, key: str) -> str:
        if not self.prefix:
            return key
        return f"{self.prefix}.{key.removeprefix('decompose.')}" if key != "decompose" else self.prefix

    def table(self, document: Any, key: str, known: Iterable[str]) -> dict[str, Any]:
        """The table at ``key`` with all keys known, ``{}`` when it is absent."""
        value = document.get(key.rpartition(".")[2], {}) if isinstance(document, dict) else {}
        return self.checked(value, key, known)

    def checked(self, value: Any, key: str, known: Iterable[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.error(key, f"[{key}] must be a table, not {_kind(value)}")
        names = tuple(known)
        for name in value:
            if name not in names:
                raise self.unknown(f"{key}.{name}" if key else name, name, names)
            if not isinstance(value[name], dict):
                self.note(f"{key}.{name}" if key else name)
        return value

    def note(self, key: str) -> None:
        self.places[key] = self.place(key)

    def unknown(self, key: str, name: str, known: Iterable[str]) -> ConfigError:
        return self.error(key, f"unknown key {name!r}", hint=_ELSEWHERE.get(name) or did_you_mean(name, known))

    def error(self, key: str, message: str, *, hint: str = "") -> ConfigError:
        return ConfigError(message, hint=hint, place=self.place(key))

    def text(
        self,
        table: Mapping[str, Any],
        key: str,
        default: str = "",
        *,
        pattern: re.Pattern[str] | None = None,
        form: str = "",
    ) -> str:
        name = key.rpartition(".")[2]
        value = table.get(name, default)
        if not isinstance(value, str):
            raise self.error(key, f"{name} must be a string, not {_kind(value)}")
        if "\0" in value or (pattern and name in table and not pattern.fullmatch(value)):
            raise self.error(key, f"{name} = {value!r} is not {form or 'valid text'}")
        return value

    def texts(self, table: Mapping[str, Any], key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        name = key.rpartition(".")[2]
        value = table.get(name, list(default))
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise self.error(key, f"{name} must be a list of strings that are not empty")
        return tuple(value)

    def integer(self, table: Mapping[str, Any], key: str, default: int, least: int, most: int) -> int:
        name = key.rpartition(".")[2]
        value = table.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.error(key, f"{name} must be a whole number from {least} to {most}, not {value!r}")
        return value

    def number(self, table: Mapping[str, Any], key: str, default: float, *, above: float) -> float:
        name = key.rpartition(".")[2]
        value = table.get(name, default)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value) or value < above:
            raise self.error(key, f"{name} must be a number of at least {above:g}, not {value!r}")
        return float(value)


_HEADER = re.compile(r"\s*\[(\[?)\s*([^\]]+?)\s*\]?\]\s*(#.*)?$")
_KEY = re.compile(r"""\s*("[^"]*"|'[^']*'|[A-Za-z0-9_.-]+)\s*=""")


def _key_lines(text: str) -> dict[str, int]:
    """The line of every table header and key, dotted; entries of ``[[name]]`` are ``name.0``, ``name.1`` ..."""
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = ".".join(part.strip().strip("\"'") for part in header[2].split("."))
            if header[1]:
                lines.setdefault(table, number)
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}.{counts[table]}"
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            name = key[1].strip("\"'")
            lines.setdefault(f"{table}.{name}" if table else name, number)
    return lines


_GENERAL = (
    "apart",
    "boundary-package",
    "context-count",
    "contexts",
    "exclude",
    "min-version",
    "seed",
    "services-folder",
    "settings",
    "since",
    "source",
    "source-link",
)
INERT = {"plugins": "plugins come from the installed environment; a project cannot name code that decompose would load"}
"""Keys without any effect, with the reason: other tools have them, and a project must not lead anywhere by them."""
_ELSEWHERE = {"library": "what stays a library is listed as `modules` under [shared]"}
"""Words for what has another name here, with the next step."""
_CONTEXT = ("description", "merge", "modules", "owns", "split", "team", "was")
_DECISION = ("by", "choice", "id", "reason")
_WAIVER = ("by", "id", "reason", "until")
_WAIVE = "waive"
"""What is easily taken for a choice."""
_VERIFY = ("database", "environment", "python", "test-command", "timeout")
_SHARED = ("modules", "reference-tables")
_EVIDENCE = ("coverage", "spans", "statements")
_TABLES = ("contexts", "decisions", "evidence", "operations", "shared", "target", "verify", "waivers", "weights")


def _config(document: dict[str, Any], reader: Reader) -> Config:
    for name in document:
        if name not in ("decompose", *_TABLES):
            where = "decompose" if name in _GENERAL else ""
            hint = f"move it under [{where}]" if where else did_you_mean(name, ("decompose", *_TABLES))
            raise reader.error(name, f"unknown table or key {name!r}", hint=hint)
    general = reader.table(_without_inert(document, reader), "decompose", _GENERAL)
    _check_version(reader, general)
    least, most = _count(reader, general)
    weights = reader.table(document, "weights", WEIGHT_KINDS)
    shared = reader.table(document, "shared", _SHARED)
    settings = reader.text(general, "decompose.settings")
    return Config(
        path=reader.path,
        source=reader.texts(general, "decompose.source"),
        exclude=reader.texts(general, "decompose.exclude"),
        settings_module=settings.removesuffix(".py").replace("/", "."),
        contexts_min=least,
        contexts_max=most,
        weights=tuple((kind, reader.number(weights, f"weights.{kind}", 0.0, above=0.0)) for kind in sorted(weights)),
        evidence=_evidence(document, reader),
        contexts=_contexts(document, reader),
        shared_modules=reader.texts(shared, "shared.modules"),
        apart=_apart(general, reader),
        reference_tables=reader.texts(shared, "shared.reference-tables"),
        decisions=_decisions(document, reader),
        waivers=_waivers(document, reader),
        operations=operations(document, reader),
        boundary_package=reader.text(
            general, "decompose.boundary-package", pattern=_DOTTED, form="a dotted package name"
        ),
        source_link=reader.text(
            general, "decompose.source-link", pattern=_LINK, form="a link with {path} in it, such as https://example.org/team/project/blob/main/{path}#L{line}"
        ),
        services_folder=reader.text(
            general, "decompose.services-folder", "services", pattern=_FOLDER, form="a folder inside the project"
        ),
        seed=reader.integer(general, "decompose.seed", 0, 0, 2**32 - 1),
        since=_day(general.get("since", ""), "decompose.since", reader),
        verify=_verify(document, reader),
        target=target(document, reader),
    )


def _without_inert(document: dict[str, Any], reader: Reader) -> dict[str, Any]:
    """The document without keys that are let be; each is noted, so that a person can be told."""
    general = document.get("decompose")
    if not isinstance(general, dict):
        return document
    for name in INERT:
        if name in general:
            reader.note(f"decompose.{name}")
    return {**document, "decompose": {name: value for name, value in general.items() if name not in INERT}}


def _check_version(reader: Reader, general: Mapping[str, Any]) -> None:
    from decompose import __version__

    wanted = reader.text(general, "decompose.min-version", pattern=_VERSION, form="a version such as 1.0")
    if wanted and _release(wanted) > _release(__version__):
        raise reader.error(
            "decompose.min-version",
            f"this project wants decompose {wanted}, and this is {__version__}",
            hint="upgrade decompose-cli",
        )


def _release(version: str) -> tuple[int, ...]:
    found = _VERSION.match(version)
    numbers = [int(part) for part in found[0].split(".")] if found else [0]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _count(reader: Reader, general: Mapping[str, Any]) -> tuple[int, int]:
    key = next((name for name in ("contexts", "context-count") if name in general), "")
    if not key:
        return 0, 0
    value = general[key]
    try:
        if isinstance(value, (int, str)) and not isinstance(value, bool):
            return context_count(str(value))
    except UsageError as error:
        raise reader.error(f"decompose.{key}", error.message) from error
    raise reader.error(f"decompose.{key}", f'{key} must be a number or a range such as "4-8", not {value!r}')


def context_count(text: str) -> tuple[int, int]:
    """``(7, 7)`` of ``7``, ``(4, 8)`` of ``4-8``. Raises :class:`UsageError` for anything else."""
    found = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", text.strip())
    least = int(found[1]) if found else 0
    most = int(found[2] or found[1]) if found else 0
    if not 1 <= least <= most:
        raise UsageError(f"the number of contexts must be N or MIN-MAX from 1, not {text!r}", hint="write 7, or 4-8; without it the score chooses")
    return least, most


def _contexts(document: Mapping[str, Any], reader: Reader) -> tuple[ContextSettings, ...]:
    tables = document.get("contexts", {})
    if not isinstance(tables, dict):
        raise reader.error(
            "contexts", "[contexts.NAME] must be tables", hint="the number of contexts is set under [decompose]"
        )
    found = []
    for name in sorted(tables):
        key = f"contexts.{name}"
        if not CONTEXT_NAME.fullmatch(name):
            raise reader.error(
                key,
                f"{name!r} is not a context name",
                hint="use small letters, digits and hyphens, at most 40, a letter first",
            )
        if keyword.iskeyword(name):
            raise reader.error(key, f"{name!r} is a word of Python's own and cannot name a package", hint=f'choose another, such as "{name}-context"')
        if name == "unassigned":
            raise reader.error(key, "'unassigned' is what belongs to no context", hint="give the context a name of its domain")
        table = reader.checked(tables[name], key, _CONTEXT)
        found.append(
            ContextSettings(
                name=name,
                description=reader.text(table, f"{key}.description"),
                team=reader.text(table, f"{key}.team"),
                modules=reader.texts(table, f"{key}.modules"),
                owns=reader.texts(table, f"{key}.owns"),
                merge=reader.texts(table, f"{key}.merge"),
                was=reader.text(table, f"{key}.was"),
                split=_parts(table, f"{key}.split", reader),
            )
        )
    return tuple(found)


def _evidence(document: Mapping[str, Any], reader: Reader) -> EvidenceSettings:
    """Paths and globs inside the project: a project cannot make decompose read anything else."""
    table = reader.table(document, "evidence", _EVIDENCE)
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(table):
        key = f"evidence.{name}"
        paths = (reader.text(table, key),) if isinstance(table[name], str) else reader.texts(table, key)
        for path in paths:
            if not path or path.startswith("/") or "\\" in path or "\0" in path or ".." in path.split("/"):
                raise reader.error(key, f"{path!r} is no path inside the project", hint="paths in [evidence] are relative to the project, with /")
        found[name] = paths
    return EvidenceSettings(**found)


def _parts(table: Mapping[str, Any], key: str, reader: Reader) -> tuple[str, ...]:
    """The names of a split's parts: two or more, each fit to name a context."""
    parts = reader.texts(table, key)
    if "split" not in table:
        return ()
    for part in parts:
        if not CONTEXT_NAME.fullmatch(part):
            raise reader.error(key, f"{part!r} is not a context name", hint="use small letters, digits and hyphens, at most 40, a letter first")
    if len(set(parts)) < max(2, len(parts)):
        raise reader.error(key, "split names two or more parts, each once", hint='as in split = ["invoices", "payments"]')
    return parts


def _apart(general: Mapping[str, Any], reader: Reader) -> tuple[tuple[str, ...], ...]:
    value = general.get("apart", [])
    fits = isinstance(value, list) and all(
        isinstance(entry, list) and len(entry) > 1 and all(isinstance(glob, str) and glob for glob in entry) for entry in value
    )
    if not fits:
        raise reader.error("decompose.apart", "apart must be a list of lists of two or more globs", hint='as in apart = [["shop.orders.**", "shop.reviews.**"]]')
    return tuple(tuple(entry) for entry in value)


def _decisions(document: Mapping[str, Any], reader: Reader) -> tuple[EdgeDecision, ...]:
    entries = document.get("decisions", [])
    if not isinstance(entries, list):
        raise reader.error("decisions", "decisions are written as [[decisions]], each with id and choice")
    found = []
    for index, entry in enumerate(entries):
        key = f"decisions.{index}"
        table = reader.checked(entry, key, _DECISION)
        for name in ("id", "choice"):
            if not table.get(name):
                raise reader.error(key, f"a decision needs {name}")
        if table["choice"] == _WAIVE:
            raise reader.error(f"{key}.choice", "nothing is chosen by a waiver", hint="write it as [[waivers]] with id, reason, by and until, or with `decompose plan --waive`")
        decision = EdgeDecision(*(reader.text(table, f"{key}.{name}") for name in ("id", "choice", "reason", "by")))
        choices = (*_DISPOSITIONS, *TREATMENTS) if _OF_DATA.match(decision.id) else _DISPOSITIONS
        if not _DECISION_ID.match(decision.id) and decision.choice not in choices:
            raise reader.error(
                f"{key}.choice",
                f"{decision.choice!r} is not a disposition",
                hint=did_you_mean(decision.choice, choices),
            )
        found.append(decision)
    return tuple(found)


def _waivers(document: Mapping[str, Any], reader: Reader) -> tuple[Waiver, ...]:
    entries = document.get("waivers", [])
    if not isinstance(entries, list):
        raise reader.error("waivers", "waivers are written as [[waivers]], each with id and reason")
    found = []
    for index, entry in enumerate(entries):
        key = f"waivers.{index}"
        table = reader.checked(entry, key, _WAIVER)
        for name in ("id", "reason"):
            if not str(table.get(name) or "").strip():
                raise reader.error(key, f"a waiver needs {name}")
        values = {name: reader.text(table, f"{key}.{name}") for name in ("id", "reason", "by")}
        found.append(Waiver(until=_day(table.get("until", ""), f"{key}.until", reader), **values))
    return tuple(found)


def _day(value: Any, key: str, reader: Reader) -> str:
    """A day as TOML writes one, or as a string; ``""`` for none."""
    try:
        if isinstance(value, str):
            return date.fromisoformat(value).isoformat() if value else ""
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
    except ValueError:
        pass
    raise reader.error(key, f"{key.rpartition('.')[2]} must be a day such as 2027-03-01, not {value}")


def _verify(document: Mapping[str, Any], reader: Reader) -> VerifySettings:
    table = reader.table(document, "verify", _VERIFY)
    environment = table.get("environment", {})
    if not isinstance(environment, dict):
        raise reader.error("verify.environment", "[verify.environment] must be a table of strings")
    for name, value in environment.items():
        if not _VARIABLE.fullmatch(name) or not isinstance(value, str) or "\0" in value:
            raise reader.error(f"verify.environment.{name}", f"{name!r} must be a variable name with a string")
        reader.note(f"verify.environment.{name}")
    database = reader.text(table, "verify.database")
    if database and not database.startswith(("postgres://", "postgresql://")):
        raise reader.error("verify.database", "must be the URL of a database on PostgreSQL: postgresql://user:password@host:5432/name")
    return VerifySettings(
        database=database,
        python=reader.text(table, "verify.python"),
        test_command=reader.text(table, "verify.test-command"),
        environment=tuple(sorted(environment.items())),
        timeout=reader.number(table, "verify.timeout", VerifySettings().timeout, above=1.0),
    )


def _kind(value: object) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), type(value).__name__)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``did you mean 'orders'?``, or the list of what is known when nothing is near."""
    names = sorted(known)
    import difflib

    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if names else ""


# --- options of the command line ----------------------------------------------------------------


def with_options(
    config: Config,
    *,
    contexts: str = "",
    exclude: Iterable[str] = (),
    weights: Iterable[str] = (),
    pins: Iterable[str] = (),
    seed: int | None = None,
    evidence: EvidenceSettings | None = None,
    fresh: bool = False,
    since: str = "",
) -> Config:
    """``config`` with options of the command line on top: they win over the file.

    A pin ``NAME=CONTEXT`` takes a module when ``NAME`` is dotted or a glob, else a table. Each kind of ``evidence`` that is given
    replaces that of the file. Raises :class:`UsageError`.
    """
    least, most = context_count(contexts) if contexts else (config.contexts_min, config.contexts_max)
    return msgspec.structs.replace(
        config,
        contexts_min=least,
        contexts_max=most,
        exclude=tuple(dict.fromkeys((*config.exclude, *exclude))),
        weights=tuple(sorted({**dict(config.weights), **dict(map(_weight, weights))}.items())),
        evidence=_instead(config.evidence, evidence),
        contexts=_pinned(config.contexts, pins),
        seed=config.seed if seed is None else seed,
        fresh=config.fresh or fresh,
        since=_given_day(since) or config.since,
    )


def with_formats(config: Config, formats: Iterable[str]) -> Config:
    """``config`` with these forms of the deployment instead of those of the file, where any are given."""
    chosen = set(formats)
    if not chosen:
        return config
    target = config.target
    wanted = tuple(each for each in FORMATS if each in chosen)
    services = tuple((name, msgspec.structs.replace(each, formats=wanted)) for name, each in target.services)
    return msgspec.structs.replace(config, target=msgspec.structs.replace(target, formats=wanted, services=services))


def with_kept(config: Config, said: Options) -> Config:
    """``config`` with the options of an earlier command line on top. Raises :class:`UsageError`."""
    return with_options(
        config, contexts=said.contexts, exclude=said.exclude, weights=said.weights, pins=said.pins, seed=said.seed,
        evidence=said.evidence, fresh=said.fresh, since=said.since,
    )


def _given_day(option: str) -> str:
    try:
        return date.fromisoformat(option).isoformat() if option else ""
    except ValueError:
        raise UsageError(f"{option!r} is no day", hint="a day is written as in 2025-01-31") from None


def _instead(own: EvidenceSettings, given: EvidenceSettings | None) -> EvidenceSettings:
    """``own`` with every kind replaced that is ``given``."""
    if given is None:
        return own
    return msgspec.structs.replace(own, **{name: getattr(given, name) for name in _EVIDENCE if getattr(given, name)})


def _weight(option: str) -> tuple[str, float]:
    kind, _, number = option.partition("=")
    if kind not in WEIGHT_KINDS:
        raise UsageError(f"unknown weight {kind!r}", hint=did_you_mean(kind, WEIGHT_KINDS))
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not (math.isfinite(value) and value >= 0):
        raise UsageError(f"the weight of {kind} must be a number of at least 0, not {number!r}")
    return kind, value


def _pinned(contexts: tuple[ContextSettings, ...], pins: Iterable[str]) -> tuple[ContextSettings, ...]:
    known = {context.name: context for context in contexts}
    for pin in pins:
        name, _, target = pin.rpartition("=")
        if not name or not CONTEXT_NAME.fullmatch(target):
            raise UsageError(f"a pin is MODULE=CONTEXT, not {pin!r}")
        context = known.get(target, ContextSettings(target))
        if "." in name or "*" in name:
            known[target] = msgspec.structs.replace(context, modules=_with(context.modules, name))
        else:
            known[target] = msgspec.structs.replace(context, owns=_with(context.owns, name))
    return tuple(known[name] for name in sorted(known))


def _with(globs: tuple[str, ...], name: str) -> tuple[str, ...]:
    return globs if name in globs else (*globs, name)


# --- for `config show` and `schema config` ------------------------------------------------------


def values(config: Config) -> dict[str, Any]:
    """All settings by dotted key as they would stand in ``decompose.toml``, defaults included."""
    found: dict[str, Any] = {
        "decompose.source": list(config.source),
        "decompose.exclude": list(config.exclude),
        "decompose.settings": config.settings_module,
        "decompose.contexts": f"{config.contexts_min}-{config.contexts_max}" if config.contexts_min else "",
        "decompose.services-folder": config.services_folder,
        "decompose.boundary-package": config.boundary_package,
        "decompose.source-link": config.source_link,
        "decompose.seed": config.seed,
        "decompose.since": config.since,
        "decompose.apart": [list(entry) for entry in config.apart],
    }
    found |= {f"weights.{kind}": weight for kind, weight in config.weights}
    found |= {f"evidence.{name}": list(getattr(config.evidence, name)) for name in _EVIDENCE}
    for context in config.contexts:
        for name in _CONTEXT:
            value = getattr(context, name)
            found[f"contexts.{context.name}.{name}"] = list(value) if isinstance(value, tuple) else value
    found |= {"shared.modules": list(config.shared_modules), "shared.reference-tables": list(config.reference_tables)}
    for index, decision in enumerate(config.decisions):
        found |= {f"decisions.{index}.{name}": getattr(decision, name) for name in ("id", "choice", "reason", "by")}
    for index, waiver in enumerate(config.waivers):
        found |= {f"waivers.{index}.{name}": getattr(waiver, name) for name in ("id", "reason", "until", "by")}
    found |= operation_values(config.operations)
    found |= {"verify.database": config.verify.database, "verify.python": config.verify.python, "verify.test-command": config.verify.test_command}
    found |= {f"verify.environment.{name}": value for name, value in config.verify.environment}
    found |= {"verify.timeout": config.verify.timeout}
    found |= target_values(config.target)
    return found


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of ``decompose.toml`` for editors."""
    text = {"type": "string"}
    texts = {"type": "array", "items": {"type": "string", "minLength": 1}}

    def whole(least: int, most: int) -> dict[str, Any]:
        return {"type": "integer", "minimum": least, "maximum": most}

    def table(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"type": "object", "properties": properties, "additionalProperties": False, **more}

    def patterned(pattern: re.Pattern[str]) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{pattern.pattern}$"}

    count = {"anyOf": [whole(1, 9999), {"type": "string", "pattern": "^[0-9]{1,4}(-[0-9]{1,4})?$"}]}
    general = table(
        {
            "source": texts, "exclude": texts, "settings": text, "contexts": count, "context-count": count,
            "services-folder": patterned(_FOLDER), "boundary-package": patterned(_DOTTED), "source-link": patterned(_LINK),
            "seed": whole(0, 2**32 - 1), "since": {"type": "string", "format": "date"}, "min-version": patterned(_VERSION),
            "apart": {"type": "array", "items": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 2}},
        }
    )  # fmt: skip
    parts = {"type": "array", "items": patterned(CONTEXT_NAME), "minItems": 2, "uniqueItems": True}
    context = table({"description": text, "team": text, "modules": texts, "owns": texts, "merge": texts, "was": text, "split": parts})
    decision = table({"id": text, "choice": text, "reason": text, "by": text}, required=["id", "choice"])
    # Editors that check TOML hand a date over as a string.
    waiver = table({"id": text, "reason": {"type": "string", "minLength": 1}, "until": {"type": "string", "format": "date"}, "by": text}, required=["id", "reason"])
    verify = table(
        {
            "database": patterned(re.compile("postgres(ql)?://.*")), "python": text, "test-command": text, "timeout": {"type": "number", "minimum": 1},
            "environment": {"type": "object", "propertyNames": patterned(_VARIABLE), "additionalProperties": text},
        }
    )  # fmt: skip
    properties = {
        "decompose": general,
        "weights": table({kind: {"type": "number", "minimum": 0} for kind in WEIGHT_KINDS}),
        "evidence": table({name: {"anyOf": [text, texts]} for name in _EVIDENCE}),
        "contexts": {"type": "object", "propertyNames": patterned(CONTEXT_NAME), "additionalProperties": context},
        "shared": table({"modules": texts, "reference-tables": texts}),
        "decisions": {"type": "array", "items": decision},
        "waivers": {"type": "array", "items": waiver},
        "operations": operation_schema(),
        "verify": verify,
        "target": table({"ecs": target_schema()}),
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "decompose.toml", **described(table(properties))}


def starter(
    *, source: Iterable[str] = (), settings: str = "", contexts: Iterable[tuple[str, Iterable[str], Iterable[str]]] = ()
) -> str:
    """The text of a first ``decompose.toml``: what was found, and the rest as comments.

    ``contexts`` are (name, module globs, table globs) of a proposal; they stand as comments, since taking one over is a decision.
    """
    import tomlkit

    def toml(value: Any) -> str:
        return str(tomlkit.item(value).as_string())

    roots = sorted(source)
    lines = [
        f"#:schema ./.decompose/{SCHEMA}",
        "# Settings of decompose. Every key is optional; `decompose config show --source` tells which are in force.",
        "",
        "[decompose]",
        f"source = {toml(roots)}" if roots else '# source = ["src"]            # import roots, when they are not found',
        f"settings = {toml(settings)}"
        if settings
        else '# settings = "shop.settings"   # settings module, when it is not found',
        '# exclude = ["**/legacy/**"]',
        '# contexts = "4-8"             # how many; default: chosen by the score',
        '# services-folder = "services"',
        '# source-link = "https://example.org/team/project/blob/main/{path}#L{line}"   # where the review page leads; default: an editor',
        '# apart = [["shop.orders.**", "shop.reviews.**"]]   # never in one context',
        "",
        "# [weights]                    # what holds code together; see `decompose config show`",
        "# data = 5",
        "",
        "# [evidence]                   # what was seen at run time",
        '# coverage = "coverage.xml"',
        '# statements = "statements.csv"  # of pg_stat_statements',
        '# spans = "spans/*.json"         # OpenTelemetry, OTLP as JSON',
        "",
        "# [shared]                     # stays a library, belongs to no context",
        '# modules = ["shop.core.**"]',
        '# reference-tables = ["django_content_type"]',
        "",
    ]
    lines += [
        "# [operations.orders.list_orders]   # an operation of a boundary, or a glob over names; see `decompose show boundary`",
        '# name = "orders_of"',
        "# timeout = 0.5",
        '# fallback = "empty"',
        "# page-size = 200",
        "",
    ]
    lines += [
        "# [target.ecs]                 # where services run; every key: docs/ecs.md, or `decompose config show`",
        '# region = "eu-west-1"',
        '# formats = ["cloudformation"]    # besides the JSON inputs of ECS; default: terraform too',
        "# [target.ecs.services.orders] # what is different for one service",
        "# sizes = { cpu = 1024, memory = 2048 }",
        "",
    ]
    for name, modules, tables in sorted((name, sorted(modules), sorted(tables)) for name, modules, tables in contexts):
        lines += [f"# [contexts.{name}]", f"# modules = {toml(modules)}"]
        lines += [f"# owns = {toml(tables)}"] if tables else []
        lines += [""]
    return "\n".join(lines).rstrip("\n") + "\n"
