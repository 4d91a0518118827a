"""The target's git history: which files change together, and who changed them.

A repository can make git run programs (file system monitors, hooks, signature checks, text converters, pagers, helpers
named in its own configuration). The command below was measured to run none of them.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from decompose.model.source import Commit, History

if TYPE_CHECKING:
    import subprocess

BULK = 30
"""Files; a commit that changes more (a reformatting, a rename) says nothing about what belongs together."""

ORDINARY = ("not a git repository", "no commits yet", "git is not installed")
"""Reasons for having no history that nothing is wrong with."""

MOST_COMMITS = 20_000
_SECONDS = 60
_SILENT_SECONDS = 8
"""How long git may say nothing: a repository can hold pipes in the place of its files, and git would wait for them."""
_MOST_LOOKED_AT = 20_000
_SECONDS_A_MONTH = 365.2425 / 12 * 86_400
_GIT = (
    "git", "--no-pager", "--no-optional-locks",
    "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "log.showSignature=false", "-c", "core.pager=cat",
    "-c", "diff.external=", "-c", "core.attributesFile=/dev/null", "-c", "safe.bareRepository=explicit", "-c", "core.quotePath=false",
    "-c", "diff.orderFile=/dev/null", "-c", "diff.ignoreSubmodules=all", "-c", "log.follow=false",
    "log", "--no-ext-diff", "--no-textconv", "--no-show-signature", "--no-color", "--no-merges", "--no-renames", "--no-mailmap",
    "--name-only", "--relative", "-z", f"--max-count={MOST_COMMITS}", "--format=%x01%H%x00%ct%x00%aN", "--", ".",
)  # fmt: skip


def commits(base: Path, since_months: int = 24) -> tuple[Commit, ...]:
    """Changes below ``base`` in the months before the newest of them, newest first; empty when there is no history."""
    return history(base, since_months).commits


def history(base: Path, since_months: int = 24, *, since: str = "") -> History:
    """As :func:`commits`, with the reason when there are none. The newest commit is taken for now: no clock is read. ``since`` is a day, in UTC, instead."""
    done = _run(base, _GIT)
    if isinstance(done, str):
        return History(problem=done)
    found = _parsed(done.stdout.decode("utf-8", "replace"))
    if done.code and not found:
        return History(problem=_reason(done.stderr.decode("utf-8", "replace")))
    newest = max((commit.time for commit in found), default=0)
    oldest = _beginning(since) if since else newest - since_months * _SECONDS_A_MONTH
    return History(tuple(commit for commit in found if commit.time >= oldest and 0 < len(commit.paths) <= BULK))


def _beginning(day: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp())


def state(base: Path) -> tuple[str, ...]:
    """What :func:`history` depends on, without starting git: equal while it would answer the same.

    The last commit's id as its file has it, and size and time of what else says where history begins. It may differ without need.
    """
    found = [shutil.which("git") or ""]
    for folder in (base, *base.parents):
        place = folder / ".git"
        if place.is_symlink() or place.exists():
            found += _repository(place)
    return tuple(found)


def _repository(place: Path) -> Iterator[str]:
    if not place.is_dir():
        pointer = _text(place)  # a worktree or a submodule: `gitdir: PATH`
        yield pointer
        place = place.parent / pointer.removeprefix("gitdir:").strip()
    common = place / (_text(place / "commondir").strip() or ".")
    head = _text(place / "HEAD")
    for _ in range(5):
        yield head
        if not head.startswith("ref:"):
            break
        name = head.removeprefix("ref:").strip()
        head = _text(place / name) or _text(common / name)
    for name in ("packed-refs", "shallow", "info/grafts", "refs/replace", "reftable/tables.list", "config", ""):
        try:
            status = (common / name).stat()
        except OSError:
            continue
        times = (status.st_uid,) if not name else (status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        yield f"{name} {times}"


def _text(file: Path) -> str:
    """The beginning of a small file, ``""`` when there is none."""
    try:
        if not file.is_file():
            return ""
        with file.open("rb") as stream:
            return stream.read(4096).decode("utf-8", "backslashreplace")
    except OSError:
        return ""


def uncommitted(base: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of ``paths`` whose contents the last commit does not hold, sorted; none where there is no repository.

    The files are hashed here and compared with the commit's own list: git's ``status`` would run filters that the repository
    names. A file that differs in its line ends only counts as the same.
    """
    listed = _listed(base)
    if listed is None:
        return ()
    return tuple(path for path in sorted(paths) if listed.get(path) not in _blob_ids(base, path, listed.get(path, "")))


_LIST = (*_GIT[: _GIT.index("log")], "ls-tree", "-r", "-z", "--full-tree", "HEAD")
_PREFIX = (*_GIT[: _GIT.index("log")], "rev-parse", "--show-prefix")


def _listed(base: Path) -> dict[str, str] | None:
    """Object ids of the last commit by path relative to ``base``; ``None`` where there is no repository."""
    where, tree = (_run(base, command) for command in (_PREFIX, _LIST))
    if isinstance(where, str) or isinstance(tree, str) or where.code:
        return None
    prefix = where.stdout.decode("utf-8", "surrogateescape").rstrip("\n")
    found = {}
    for line in tree.stdout.decode("utf-8", "surrogateescape").split("\0"):
        entry, _, path = line.partition("\t")
        if path.startswith(prefix):
            found[path[len(prefix) :]] = entry.rpartition(" ")[2]
    return found


def _blob_ids(base: Path, path: str, known: str) -> tuple[str, ...]:
    """The ids that git would give to the file's contents as they are and with plain line ends."""
    try:
        contents = (base / path).read_bytes()
    except OSError:
        return ()
    algorithm = hashlib.sha256 if len(known) == 64 else hashlib.sha1
    texts = {contents, contents.replace(b"\r\n", b"\n")}
    return tuple(algorithm(b"blob %d\0" % len(text) + text).hexdigest() for text in texts)


def person(base: Path) -> str:
    """Who works here as git knows it, ``name <address>``; ``""`` when it does not."""
    own = {**_environment(), **{name: os.environ[name] for name in ("HOME", "XDG_CONFIG_HOME") if name in os.environ}}
    del own["GIT_CONFIG_GLOBAL"]  # a name stands in the person's own settings
    said = [_run(base, ["git", "config", "--get", name], own) for name in ("user.name", "user.email")]
    name, address = (each.stdout.decode(errors="replace").strip() if isinstance(each, _Answer) and each.code == 0 else "" for each in said)
    return f"{name} <{address}>" if name and address else name or address


def at_revision(base: Path, revision: str, path: str) -> bytes | None:
    """A file of the project as it was at a revision; ``None`` where that has no such file, or there is no such revision."""
    if revision.startswith("-"):
        return None  # git would take it for an option
    answer = _run(base, ["git", "show", f"{revision}:./{path}"])
    return answer.stdout if isinstance(answer, _Answer) and answer.code == 0 else None


class _Answer(NamedTuple):
    code: int
    stdout: bytes
    stderr: bytes


def _run(base: Path, command: Sequence[str], environment: Mapping[str, str] | None = None) -> _Answer | str:
    """What git says, or why it could not be asked. ``environment`` replaces one without any of the user's settings."""
    import subprocess  # where the last result is still right, no git is started

    if special := _special_file(base):
        return f"the repository holds {special}, which is not a regular file"
    try:
        process = subprocess.Popen(
            command, cwd=base, env=environment or _environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except FileNotFoundError:
        return "git is not installed"
    except OSError as error:
        return f"git could not be started: {error.strerror}"
    with process:
        try:
            stdout, stderr = _heard(process)
            return _Answer(process.wait(_SILENT_SECONDS), stdout, stderr)
        except TimeoutError as error:
            return str(error)
        except subprocess.TimeoutExpired:
            return "git did not end"
        finally:
            if process.returncode is None:
                process.kill()


def _heard(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """Both streams to their end. Raises ``TimeoutError`` when git takes too long or falls silent."""
    import selectors

    assert process.stdout is not None and process.stderr is not None
    heard: dict[int, list[bytes]] = {stream.fileno(): [] for stream in (process.stdout, process.stderr)}
    last = time.monotonic() + _SECONDS
    with selectors.DefaultSelector() as selector:
        for descriptor in heard:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            if time.monotonic() > last:
                raise TimeoutError(f"git took longer than {_SECONDS} seconds")
            ready = selector.select(_SILENT_SECONDS)
            if not ready:
                raise TimeoutError(f"git said nothing for {_SILENT_SECONDS} seconds")
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                heard[key.fd].append(data)
                if not data:
                    selector.unregister(key.fd)
    stdout, stderr = (b"".join(parts) for parts in heard.values())
    return stdout, stderr


def _special_file(base: Path) -> str:
    """A pipe, device or socket among the files that git would open before anything else; ``""`` when there is none."""
    for folder in (base, *base.parents):
        found = folder / ".git"
        try:
            status = found.lstat()
        except OSError:
            continue
        if not stat.S_ISDIR(status.st_mode):
            return "" if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode) else ".git"
        return _special_below(found)
    return ""


def _special_below(repository: Path) -> str:
    waiting, seen = [str(repository)], 0
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                listed = list(entries)
        except OSError:
            continue
        seen += len(listed)
        for entry in listed:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in ("objects", "modules", "lfs", "logs", "hooks"):
                    waiting.append(entry.path)
            elif not entry.is_symlink() and not entry.is_file(follow_symlinks=False):
                return f".git/{os.path.relpath(entry.path, repository)}"
        if seen > _MOST_LOOKED_AT:
            break
    return ""


def _environment() -> dict[str, str]:
    """Nothing of the user's settings, nothing that asks, fetches or writes."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
    }


def _parsed(output: str) -> list[Commit]:
    found = []
    for record in output.split("\x01")[1:]:
        parts = record.split("\0")
        if len(parts) < 3 or not parts[1].isdigit():
            continue
        # The header's end and the file names are separated by a line feed that -z leaves in.
        paths = sorted({path.lstrip("\n") for path in parts[3:]} - {""})
        found.append(Commit(parts[0], int(parts[1]), parts[2], tuple(paths)))
    return found


def _reason(errors: str) -> str:
    if "dubious ownership" in errors:
        return "the repository belongs to another user; see git's safe.directory"
    if "not a git repository (or" in errors:
        return "not a git repository"
    if "not a git repository" in errors:
        return "what .git refers to is not a git repository"
    if "does not have any commits" in errors:
        return "no commits yet"
    lines = [line for line in errors.splitlines() if line.strip()]
    return f"git failed: {lines[-1].strip()[:200]}" if lines else "git failed"
