"""The target's files: found without following links out of it, named as Python would import them."""

# Paths are plain strings here: there are tens of thousands, and pathlib costs ten times as much.
# ruff: noqa: PTH112, PTH113, PTH118, PTH119, PTH120

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from decompose.model.source import SkippedFile, SourceFile, SourceTree
from decompose.scan.ignore import Ignore, parse

LARGEST = 5 * 1024 * 1024
"""Bytes; a larger file is named and skipped: nobody writes such a file by hand."""

_NEVER = frozenset(
    {"__pycache__", "node_modules", "site-packages", "bower_components", "__pypackages__", "lib64", ".decompose"}
)
_UNLESS_PACKAGE = frozenset({"build", "dist", "venv", "env", "eggs", "htmlcov"})

_OTHER_SUFFIXES = (
    ".html", ".htm", ".txt", ".xml", ".jinja", ".jinja2", ".j2", ".mjml", ".sql", ".json", ".yaml", ".yml", ".toml", ".cfg", ".ini",
)  # fmt: skip
_OTHER_NAMES = frozenset(
    {
        "Dockerfile",
        "Pipfile",
        "Pipfile.lock",
        "poetry.lock",
        "uv.lock",
        "Procfile",
        ".env.example",
        ".env.sample",
        ".env.template",
    }
)
_PROJECT_FILES = frozenset({"pyproject.toml", "setup.py", "setup.cfg"})
MOST_LISTED = 2_000
"""Entries of a linked folder that are looked at to see whether it holds Python."""
_DEEPEST = 256
"""Folders inside one another; nobody names a module with more dots."""
_SAMPLE_BYTES = 64 * 1024
_SAMPLE_FILES = 400


class _Folder(NamedTuple):
    """What one folder of the target holds; ``path`` is relative, ``""`` for the project itself."""

    path: str
    names: frozenset[str]
    """Regular files."""


def discover(base: Path, *, exclude: Sequence[str] = (), include_roots: Sequence[str] = ()) -> SourceTree:
    """All files below ``base`` that later stages read, with the names of the modules among them.

    ``exclude`` has patterns as in ``.gitignore``, relative to ``base``; ``include_roots`` has folders from which modules
    are imported, in addition to those that are recognised: the project, ``src``, folders with ``manage.py``, folders with
    ``pyproject.toml`` or ``setup.py`` and packages beneath. Left out without notice: what ``.gitignore`` or ``exclude``
    names, hidden folders, virtual environments, build output. Named in ``skipped``: links, special files, files over 5 MiB,
    names that cannot be shown, folders that cannot be read, modules hidden behind a package of the same name.
    Raises ``OSError`` when ``base`` itself is not a folder that can be read.
    """
    home = os.path.realpath(base)
    found = _Walk(home, parse(exclude))
    found.run()
    roots = _Roots(home, found.folders, include_roots, sorted(found.python))
    python, shadowed = roots.modules(found.python)
    return SourceTree(
        base=home,
        roots=tuple(sorted({file.root for file in python} | {"."})),
        python=tuple(python),
        other=tuple(SourceFile(path, size) for path, size in sorted(found.other.items())),
        skipped=tuple(sorted((*found.skipped, *shadowed), key=lambda file: (file.path, file.reason))),
    )


class _Walk:
    def __init__(self, home: str, exclude: Ignore) -> None:
        self.home = home
        self.exclude = exclude
        self.folders: dict[str, _Folder] = {}
        self.python: dict[str, int] = {}
        self.other: dict[str, int] = {}
        self.skipped: list[SkippedFile] = []

    def run(self) -> None:
        # A stack, not recursion: folders can be nested deeper than Python's frames.
        stack: list[tuple[str, tuple[Ignore, ...]]] = [("", (self.exclude,) if self.exclude else ())]
        while stack:
            path, rules = stack.pop()
            try:
                with os.scandir(os.path.join(self.home, path)) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                if not path:
                    raise
                self.skip(path, f"folder cannot be read: {error.strerror}")
                continue
            below = self.folder(path, listed, rules)
            stack.extend(reversed(below))

    def folder(
        self, path: str, listed: list[os.DirEntry[str]], rules: tuple[Ignore, ...]
    ) -> list[tuple[str, tuple[Ignore, ...]]]:
        prefix = f"{path}/" if path else ""
        names = {entry.name for entry in listed}
        if path and "pyvenv.cfg" in names:
            return []
        if ".gitignore" in names and (own := self.gitignore(path)):
            rules = (*rules, own)
        regular: set[str] = set()
        below: list[tuple[str, tuple[Ignore, ...]]] = []
        for entry in listed:
            name = entry.name
            place = prefix + name
            try:
                link, folder = entry.is_symlink(), entry.is_dir(follow_symlinks=False)
            except OSError as error:
                self.skip(place, f"cannot be looked at: {error.strerror}")
                continue
            if link:
                ignored = name.startswith(".") or name in _NEVER or _ignored(rules, place) or _ignored(rules, place + "/")
                if not ignored:
                    self.link(place)
            elif folder:
                if name.startswith(".") or name in _NEVER or _ignored(rules, place + "/"):
                    continue
                if name.endswith(".egg-info") or (name in _UNLESS_PACKAGE and not self.is_package(place)):
                    continue
                if not _showable(name):
                    self.skip(place, "the folder's name holds characters that cannot be shown")
                    continue
                if place.count("/") >= _DEEPEST:
                    self.skip(place, f"inside more than {_DEEPEST} folders")
                    continue
                below.append((place, rules))
            elif self.file(entry, place, rules):
                regular.add(name)
        self.folders[path] = _Folder(path, frozenset(regular))
        return below

    def file(self, entry: os.DirEntry[str], place: str, rules: tuple[Ignore, ...]) -> bool:
        name = entry.name
        python = name.endswith(".py")
        if (
            not python
            and not name.endswith(_OTHER_SUFFIXES)
            and name not in _OTHER_NAMES
            and not name.startswith("Dockerfile")
        ):
            return False
        if _ignored(rules, place):
            return False
        if not _showable(name):
            self.skip(place, "the name holds characters that cannot be shown")
            return False
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            self.skip(place, f"cannot be looked at: {error.strerror}")
            return False
        if not stat.S_ISREG(status.st_mode):
            self.skip(place, "not a regular file")
            return False
        if status.st_size > LARGEST:
            self.skip(place, f"larger than {LARGEST // (1024 * 1024)} MiB ({status.st_size} bytes)")
            return False
        (self.python if python else self.other)[place] = status.st_size
        return True

    def link(self, place: str) -> None:
        """A link is named when it could have led to modules; what it leads to inside the project is read there."""
        full = os.path.join(self.home, place)
        try:
            target = os.path.realpath(full, strict=True)
        except (OSError, ValueError):
            if place.endswith(".py"):
                self.skip(place, "link that leads nowhere")
            return
        if not (place.endswith(".py") or (os.path.isdir(target) and _may_hold_python(target))):
            return
        if target == self.home or target.startswith(self.home + os.sep):
            self.skip(
                place,
                f"link, not followed: its target {_shown(os.path.relpath(target, self.home))} is inside the project",
            )
        else:
            self.skip(place, "link that leaves the project, not followed")

    def is_package(self, place: str) -> bool:
        return os.path.isfile(os.path.join(self.home, place, "__init__.py"))

    def gitignore(self, path: str) -> Ignore:
        try:
            descriptor = os.open(
                os.path.join(self.home, path, ".gitignore"), os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW
            )
        except OSError:
            return Ignore((), path)
        # Looked at before it is opened as a file: Python would refuse a folder here.
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return Ignore((), path)
        with os.fdopen(descriptor, "rb") as file:
            text = file.read(1 << 20).decode("utf-8", "replace")
        return parse(text.splitlines(), path)

    def skip(self, place: str, reason: str) -> None:
        self.skipped.append(SkippedFile(_shown(place), 1, reason))


def _may_hold_python(folder: str) -> bool:
    """False when nothing below a folder could be a module: not following links, and looking at :data:`MOST_LISTED` entries at most."""
    waiting, listed = [folder], 0
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                below: list[str] = []
                for entry in entries:
                    listed += 1
                    if listed > MOST_LISTED or entry.name.endswith(".py"):
                        return True
                    if entry.name == "pyvenv.cfg":
                        below = []
                        break
                    if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".") and entry.name not in _NEVER:
                        below.append(entry.path)
        except OSError:
            return True
        waiting += below
    return False


def _ignored(rules: tuple[Ignore, ...], place: str) -> bool:
    """The last rule that says anything about the place decides, the innermost file first."""
    for rule in reversed(rules):
        verdict = rule.verdict(place)
        if verdict is not None:
            return verdict
    return False


def _showable(name: str) -> bool:
    """False for names with control characters or bytes that are not UTF-8: no output could show them unchanged."""
    if name.isascii():
        return name.isprintable()
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in name)


def _shown(place: str) -> str:
    return "".join(
        character
        if _showable(character)
        else f"\\x{ord(character) - 0xDC00:02x}" if 0xDC80 <= ord(character) <= 0xDCFF else f"\\u{ord(character):04x}"
        for character in place
    )  # fmt: skip


class _Roots:
    """From which folders modules are imported, and what each file is called from there."""

    def __init__(self, home: str, folders: dict[str, _Folder], include: Sequence[str], files: list[str]) -> None:
        self.home = home
        self.folders = folders
        self.files = files
        self.packages = {path for path, folder in folders.items() if "__init__.py" in folder.names}
        self.above = self._above()
        self.explicit = self._explicit(include)
        self.known: dict[str, str] = {}
        self.evidence: Counter[str] | None = None
        self.chosen: dict[str, str] = {}
        self.held: dict[str, set[str]] = _held(files)

    def _above(self) -> list[str]:
        """The packages around the project itself, outermost first, when its folder is a package."""
        names: list[str] = []
        folder = self.home
        if "" not in self.packages or "manage.py" in self.folders[""].names:
            return names
        while os.path.isfile(os.path.join(folder, "__init__.py")) and len(names) < 20:
            names.insert(0, os.path.basename(folder))
            folder = os.path.dirname(folder)
        return names

    def _explicit(self, include: Sequence[str]) -> set[str]:
        roots = {""} | {place.strip("/").removeprefix("./").rstrip(".") for place in include}
        children: dict[str, list[str]] = defaultdict(list)
        for path in self.folders:
            if path:
                children[path.rpartition("/")[0]].append(path)
        for path, folder in self.folders.items():
            # A ``manage.py`` inside a package is one of its modules; programs stand beside packages.
            inside = path in self.packages and path.rpartition("/")[0] in self.packages
            if ("manage.py" in folder.names and not inside) or (
                path not in self.packages
                and not _PROJECT_FILES.isdisjoint(folder.names)
                and any(child in self.packages for child in children[path])
            ):
                roots.add(path)
        return roots

    def modules(self, files: dict[str, int]) -> tuple[list[SourceFile], list[SkippedFile]]:
        """Every file under exactly one name; those that no import could reach are named."""
        skipped: list[SkippedFile] = []
        kept: list[SourceFile] = []
        by_name: dict[str, str] = {}
        # Packages first: where a module and a package share a name, Python imports the package.
        for place in sorted(files, key=lambda place: (not place.endswith("__init__.py"), place)):
            root, module = self.name(place)
            is_package = place == "__init__.py" or place.endswith("/__init__.py")
            holder = by_name.get(module)
            if holder is not None:
                if is_package is False and holder == f"{place[:-3]}/__init__.py":
                    skipped.append(SkippedFile(place, 1, f"hidden behind the package {holder} of the same name"))
                    continue
                root, module = ".", _dotted(place)
                if module in by_name:
                    skipped.append(SkippedFile(place, 1, f"has the same module name as {by_name[module]}"))
                    continue
            by_name[module] = place
            kept.append(SourceFile(place, files[place], module, is_package, root))
        kept.sort(key=lambda file: file.path)
        return kept, skipped

    def name(self, place: str) -> tuple[str, str]:
        """The import root (``"."`` for the project, ``".."`` around it) and the module's dotted name."""
        folder, _, _ = place.rpartition("/")
        root, prefix = self.folder(folder)
        parts = place[len(root) + 1 if root else 0 :].split("/")
        module = ".".join([*prefix, _dotted("/".join(parts))]) if parts != ["__init__.py"] else ".".join(prefix)
        if prefix:
            return "/".join([".."] * len(prefix)), module
        return root or ".", module or "__init__"

    def folder(self, folder: str) -> tuple[str, list[str]]:
        root = self._root(folder)
        return root, self.above if not root else []

    def _root(self, folder: str) -> str:
        """The folder from which the modules in ``folder`` are imported."""
        known = self.known.get(folder)
        if known is not None:
            return known
        explicit = folder
        while explicit not in self.explicit:
            explicit = explicit.rpartition("/")[0]
        # The outermost package between the explicit root and the folder settles it; without one the root does.
        top = ""
        path = folder
        while path != explicit and len(path) > len(explicit):
            if path in self.packages:
                top = path
            path = path.rpartition("/")[0]
        root = explicit
        if top:
            parent = top.rpartition("/")[0]
            if parent != explicit:
                root = self._namespace_or_root(parent, explicit)
        else:
            candidate = folder
            while candidate != explicit and candidate:
                if (
                    candidate.rpartition("/")[2] in ("src", "apps", "lib")
                    and self._namespace_or_root(candidate, explicit) == candidate
                ):
                    root = candidate
                    break
                candidate = candidate.rpartition("/")[0]
        self.known[folder] = root
        return root

    def _namespace_or_root(self, folder: str, explicit: str) -> str:
        """A folder without ``__init__.py`` above packages: part of their names, or where imports begin?

        The project's own imports tell: whichever way of writing is found more often. Without any, imports begin there,
        unless it is inside a package already.
        """
        chosen = self.chosen.get(folder)
        if chosen is None:
            imported = self._imports()
            dotted = _dotted(folder[len(explicit) + 1 if explicit else 0 :])
            through = sum(count for name, count in imported.items() if name == dotted or name.startswith(dotted + "."))
            names = self.held[folder] - self.held[""]
            direct = sum(count for name, count in imported.items() if name.partition(".")[0] in names)
            chosen = self.chosen[folder] = explicit if through > direct else folder
        return chosen

    def _imports(self) -> Counter[str]:
        """Modules imported by absolute name, counted over a sample of the files."""
        if self.evidence is None:
            counted: Counter[str] = Counter()
            step = max(1, len(self.files) // _SAMPLE_FILES)
            for place in self.files[::step]:
                for found in _IMPORT.finditer(_sample(os.path.join(self.home, place))):
                    counted[found.group(1).decode("latin-1")] += 1
            self.evidence = counted
        return self.evidence


_IMPORT = re.compile(rb"^[ \t]*(?:from|import)[ \t]+([A-Za-z_][\w.]*)", re.MULTILINE)


def _sample(full: str) -> bytes:
    try:
        descriptor = os.open(full, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        return file.read(_SAMPLE_BYTES) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""


def _held(files: Iterable[str]) -> dict[str, set[str]]:
    """By folder, the names that could be imported from it: modules, and folders with Python somewhere beneath."""
    held: dict[str, set[str]] = defaultdict(set)
    for file in files:
        folder, _, name = file.rpartition("/")
        held[folder].add(name.removesuffix(".py"))
        while folder:
            outer, _, name = folder.rpartition("/")
            if name in held[outer]:
                break
            held[outer].add(name)
            folder = outer
    return held


def _dotted(place: str) -> str:
    """``shop/orders/__init__.py`` -> ``shop.orders``; dots inside names, which no import could say, become ``_``."""
    parts = place.removesuffix(".py").split("/")
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    name = ".".join(part.replace(".", "_") or "_" for part in parts)
    return name if name.isascii() else unicodedata.normalize("NFKC", name)
