"""One writer at a time: a lock that ends with its holder, however it ends."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from decompose.emit import transaction
from decompose.emit.interrupts import Deferred
from decompose.emit.tree import Tree, failure
from decompose.errors import Locked

HOLDER = f"{transaction.STATE}/run.pid"
_held: dict[str, int] = {}


@contextmanager
def exclusive(base: Path) -> Iterator[None]:
    """The project at ``base`` is ours alone inside the ``with`` block, and what a dead run left is healed on entry.

    May be nested in one process. Raises :class:`Locked` at once when another process holds it, naming its process id.
    The lock is the kernel's (``flock``): it is free as soon as its holder is gone, whatever files are left.
    """
    key = str(base.resolve())
    if key in _held:
        yield
        return
    with Tree(base) as tree:
        try:
            # A signal that comes meanwhile is raised when this block ends, with the lock already on record.
            with Deferred():
                _held[key] = _acquire(tree)
            transaction.heal(tree)
            yield
        finally:
            with Deferred():
                if (fd := _held.pop(key, None)) is not None:
                    _release(tree, fd)


def _acquire(tree: Tree) -> int:
    try:
        tree.folder(transaction.STATE)
        while True:
            fd = _open(tree)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = _holder(fd)
                os.close(fd)
                if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                    raise Locked(
                        f"another run of decompose{holder} is writing to {tree.base}",
                        place=tree.full(HOLDER),
                        hint="wait until it ends",
                    ) from error
                raise
            # The holder before us removes the file when it ends: a lock on a removed file protects nothing.
            found = tree.status(HOLDER)
            if found is not None and os.path.samestat(found, os.fstat(fd)):
                return _signed(tree, fd)
            os.close(fd)
    except OSError as error:
        raise failure("lock", tree.full(HOLDER), error) from error


def _signed(tree: Tree, fd: int) -> int:
    """The lock with our process id in it; given back when there is no room even for that."""
    try:
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    except OSError:
        _release(tree, fd)
        raise
    return fd


def _open(tree: Tree) -> int:
    with tree.parent(HOLDER) as (folder, name):
        return os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644, dir_fd=folder)


def _holder(fd: int) -> str:
    """`` (process 123)``; the holder writes its number just after it has the lock, so a moment's patience helps."""
    for _ in range(5):
        number = os.pread(fd, 20, 0).strip()
        if number.isdigit():
            return f" (process {number.decode()})"
        time.sleep(0.01)
    return ""


def _release(tree: Tree, fd: int) -> None:
    try:
        tree.unlink(HOLDER)
    except OSError as error:
        raise failure("unlock", tree.full(HOLDER), error) from error
    finally:
        os.close(fd)
        tree.remove_folder(transaction.STATE)
