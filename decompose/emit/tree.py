"""The user's tree, reached without ever following a link out of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from decompose.errors import FileError, RefusedInput

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_RESERVED = (".git", ".hg", ".svn")


def check_path(path: str) -> None:
    """Raises :class:`RefusedInput` unless ``path`` is a plain relative path that stays inside the project."""
    parts = path.split("/")
    if not path or any(part in ("", ".", "..") for part in parts) or any(ord(c) < 32 or c in "\\\x7f" for c in path):
        raise RefusedInput(f"refusing to write to {path!r}: not a plain path inside the project")
    if any(part.lower() in _RESERVED for part in parts):
        raise RefusedInput(f"refusing to write to {path!r}: it belongs to version control")


def failure(action: str, path: str, error: OSError) -> FileError:
    """The input or output error as one that names the path and the reason."""
    hints = {
        errno.ENOSPC: "free some space, then run the same command again",
        errno.EDQUOT: "free some space, then run the same command again",
        errno.EROFS: "the file system is mounted read-only",
        errno.EACCES: "check the permissions of the folder",
        errno.EPERM: "check the permissions of the folder",
    }
    reason = os.strerror(error.errno) if error.errno else str(error)
    return FileError(f"cannot {action} {path}: {reason}", hint=hints.get(error.errno or 0, ""), place=path)


class Tree:
    """An open project folder. Paths are relative with ``/``; links on the way are refused, missing files are ``None``."""

    def __init__(self, base: Path) -> None:
        self.base = base
        try:
            self._fd = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise failure("open", str(base), error) from error

    def close(self) -> None:
        os.close(self._fd)

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def full(self, path: str) -> str:
        """The path as a person would write it."""
        return str(self.base / path)

    @contextmanager
    def parent(self, path: str) -> Iterator[tuple[int, str]]:
        """The open folder of ``path`` and the last part of it. Raises ``FileNotFoundError``, :class:`RefusedInput`."""
        *folders, name = path.split("/")
        fd = os.dup(self._fd)
        try:
            for index, folder in enumerate(folders):
                try:
                    inner = os.open(folder, _FOLDER, dir_fd=fd)
                except OSError as error:
                    if error.errno in (errno.ELOOP, errno.ENOTDIR):
                        wrong = "/".join(folders[: index + 1])
                        raise RefusedInput(
                            f"refusing to write below {wrong}: it is a link or not a folder", place=wrong
                        ) from error
                    raise
                os.close(fd)
                fd = inner
            yield fd, name
        finally:
            os.close(fd)

    def status(self, path: str) -> os.stat_result | None:
        """What is there, links not followed; ``None`` when nothing is."""
        try:
            with self.parent(path) as (fd, name):
                return os.stat(name, dir_fd=fd, follow_symlinks=False)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise failure("read", self.full(path), error) from error

    def read(self, path: str, *, most: int | None = None) -> bytes | None:
        """The content of a regular file, ``None`` when there is none.

        A link or a folder in its place is refused, and so is a file of more than ``most`` bytes.
        """
        found = self.status(path)
        if found is None:
            return None
        if most is not None and found.st_size > most:
            raise FileError(
                f"{path} is larger than anything decompose writes there ({found.st_size} bytes)", place=self.full(path)
            )
        if not stat.S_ISREG(found.st_mode):
            kind = "a link" if stat.S_ISLNK(found.st_mode) else "not a regular file"
            raise RefusedInput(f"refusing to touch {path}: it is {kind}", place=path)
        try:
            with (
                self.parent(path) as (fd, name),
                os.fdopen(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd), "rb") as file,
            ):
                return file.read()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise failure("read", self.full(path), error) from error

    def create(self, path: str, content: bytes, mode: int, *, exact: bool = False) -> None:
        """Writes a new file; ``mode`` is subject to the umask unless ``exact``. Nothing is synced yet. Raises ``OSError``."""
        with self.parent(path) as (fd, name):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(name, flags, mode, dir_fd=fd), "wb") as file:
                if exact:
                    os.fchmod(file.fileno(), mode)
                file.write(content)

    def sync(self, path: str) -> None:
        """Forces a file to the disk. Raises ``OSError``."""
        with self.parent(path) as (fd, name):
            inner = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=fd)
            try:
                os.fsync(inner)
            finally:
                os.close(inner)

    def sync_folder(self, path: str) -> None:
        """Forces the entries of a folder (``""`` is the project) to the disk. Raises ``OSError``."""
        with self.parent(f"{path}/." if path else ".") as (fd, _):
            os.fsync(fd)

    def folder(self, path: str) -> bool:
        """Makes a folder; false when it was there. Raises ``OSError``."""
        with self.parent(path) as (fd, name):
            try:
                os.mkdir(name, dir_fd=fd)
            except FileExistsError:
                return False
            return True

    def names(self, path: str) -> list[str]:
        """The sorted names in a folder, none when it does not exist. Raises ``OSError``."""
        try:
            with self.parent(f"{path}/.") as (fd, _), os.scandir(fd) as entries:
                return sorted(entry.name for entry in entries)
        except FileNotFoundError:
            return []

    def rename(self, source: str, target: str) -> None:
        """Moves a file over another in one step. Raises ``OSError``."""
        with self.parent(source) as (source_fd, source_name), self.parent(target) as (target_fd, target_name):
            os.replace(source_name, target_name, src_dir_fd=source_fd, dst_dir_fd=target_fd)

    def link(self, source: str, target: str) -> None:
        """Gives a file a second name, or copies it where the file system knows no such thing. Raises ``OSError``."""
        try:
            with self.parent(source) as (source_fd, source_name), self.parent(target) as (target_fd, target_name):
                os.link(source_name, target_name, src_dir_fd=source_fd, dst_dir_fd=target_fd, follow_symlinks=False)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EXDEV, errno.ENOSYS, errno.EACCES):
                raise
            found, content = self.status(source), self.read(source)
            if found is None or content is None:
                raise
            self.create(target, content, stat.S_IMODE(found.st_mode), exact=True)
            self.sync(target)

    def unlink(self, path: str) -> None:
        """Removes a file; nothing happens when it is gone. Raises ``OSError``."""
        try:
            with self.parent(path) as (fd, name):
                os.unlink(name, dir_fd=fd)
        except FileNotFoundError:
            pass

    def remove_folder(self, path: str) -> bool:
        """Removes an empty folder; false when it is not empty or not there."""
        try:
            with self.parent(path) as (fd, name):
                os.rmdir(name, dir_fd=fd)
        except OSError:
            return False
        return True
