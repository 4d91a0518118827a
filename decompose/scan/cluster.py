"""The compile step on an existing Dask cluster: file contents travel there, summaries come back; no disk is shared.

Needs the extra ``decompose-cli[dask]`` here, and decompose with the same version and the same Python on every worker.
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from decompose import __version__
from decompose.errors import FileError, UsageError
from decompose.scan.read import WorkerLost

if TYPE_CHECKING:
    from distributed import Client

PATIENCE = 5
"""Seconds in which a scheduler has to answer."""
_ADDRESS = re.compile(r"(?:(?:tcp|tls|wss?|ucx)://)?(?P<host>\[[0-9a-fA-F:.]+\]|[\w.-]+):(?P<port>[0-9]{1,5})/?")


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """An executor on the cluster whose scheduler is at ``address`` (``tcp://host:8786``, ``host:8786``).

    Raises :class:`UsageError` when the extra is missing or the workers could not give the same results as this process,
    :class:`FileError` when nobody answers, there are no workers, or the scheduler is lost on the way.
    """
    client = _client(address)
    try:
        _check_workers(client, address)
        yield _OnCluster(client, address)
    finally:
        # A scheduler that is gone cannot be told goodbye.
        with suppress(OSError, TimeoutError):
            client.close(timeout=2)


def _client(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError:
        raise UsageError("a scheduler needs the package distributed", hint="pip install 'decompose-cli[dask]'") from None
    _quiet()
    try:
        # Knocked at first: a client that finds nobody tries again and again, and leaves threads behind.
        _knock(address)
        return Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise FileError(f"no scheduler answers at {address}", hint="start one with `dask scheduler`", place=address) from error


def _knock(address: str) -> None:
    found = _ADDRESS.fullmatch(address)
    if found is None or int(found["port"]) > 65_535:
        raise UsageError(f"{address!r} is no address of a scheduler", hint="such as tcp://host:8786")
    socket.create_connection((found["host"].strip("[]"), int(found["port"])), PATIENCE).close()


def _quiet() -> None:
    """Lost connections are reported by us, once, and not by the library's log as well."""
    import logging

    for name in ("distributed", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _check_workers(client: Client, address: str) -> None:
    try:
        if not client.scheduler_info()["workers"]:
            raise FileError("the cluster has no workers", place=address, hint="start some with `dask worker`")
        answers = client.run(identity)
    except FileError:
        raise
    except (OSError, TimeoutError) as error:
        raise FileError(f"the scheduler at {address} stopped answering", place=address) from error
    except Exception as error:
        # The question is a function of ours: a worker that cannot import it answers with an error of one class or another.
        raise UsageError(
            f"a worker of the cluster cannot import decompose: {error}",
            place=address,
            hint=f"install decompose-cli {__version__} where the workers run",
        ) from error
    for worker, answer in sorted(answers.items()):
        if tuple(answer) != identity():
            theirs, ours = (f"decompose {version} on Python {python}" for version, python in (answer, identity()))
            raise UsageError(f"worker {worker} runs {theirs}, this is {ours}: the results could differ", place=address)


def identity() -> tuple[str, str]:
    """What has to be the same everywhere for the same results: the versions of decompose and of Python."""
    return __version__, f"{sys.version_info.major}.{sys.version_info.minor}"


class _OnCluster(Executor):
    """Dask's executor, with failures of the cluster told apart from those of the work."""

    def __init__(self, client: Client, address: str) -> None:
        self._executor = client.get_executor(pure=False)
        self._address = address

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
        outer: Future[Any] = Future()
        inner: Future[Any] = self._executor.submit(function, *arguments, **options)
        inner.add_done_callback(lambda done: self._hand_on(done, outer))
        return outer

    def _hand_on(self, inner: Future[Any], outer: Future[Any]) -> None:
        try:
            outer.set_result(inner.result())
        except (CancelledError, OSError) as error:
            lost = FileError("the connection to the scheduler was lost", place=self._address, hint="run again; what was kept is not read again")
            lost.__cause__ = error
            outer.set_exception(lost)
        except Exception as error:
            # By name, because the library need not be imported here.
            killed = type(error).__name__ == "KilledWorker"
            outer.set_exception(WorkerLost() if killed else error)
