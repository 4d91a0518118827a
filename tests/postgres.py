"""A PostgreSQL server of the tests' own, with databases as they need them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest


class Server:
    """A running server; addresses are those of the role ``copier``."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = count(1)

    def address(self, database: str = "postgres", host: str = "127.0.0.1") -> str:
        return f"postgres://copier@{host}:{self._port}/{database}"

    def database(self, schema: str = "", *, options: str = "") -> str:
        """The address of a new database with these tables, whose sessions are far from UTC."""
        import psycopg

        name = f"database_{next(self._numbers)}"
        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} {options}")
            connection.execute(f"ALTER DATABASE {name} SET TimeZone = 'Asia/Tokyo'")
        with psycopg.connect(self.address(name), autocommit=True) as connection:
            connection.execute(schema)
        return self.address(name)


@contextmanager
def server(network: str = "") -> Iterator[Server]:
    """Starts a server and takes it away afterwards. Skips where PostgreSQL is not installed, or may not run.

    Clients are let in from this machine, and from ``network`` (a subnet such as that of containers) where one is given.
    """
    pytest.importorskip("psycopg")
    initdb, pg_ctl = shutil.which("initdb"), shutil.which("pg_ctl")
    if initdb is None or pg_ctl is None:
        pytest.skip("the programs of PostgreSQL are not installed")
    user = None
    if os.geteuid() == 0:
        if "postgres" not in {each.pw_name for each in pwd.getpwall()}:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        user = "postgres"
    folder = Path(tempfile.mkdtemp(prefix="decompose-postgres-", dir="/tmp"))
    if user:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cluster = f"{folder}/data"
    addresses = "*" if network else "127.0.0.1"
    start = f"-p {port} -k {folder} -c listen_addresses={addresses} -c fsync=off"

    def run(*words: str, timeout: int = 120) -> None:
        subprocess.run(words, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, timeout=timeout)

    try:
        run(initdb, "-D", cluster, "-U", "copier", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale", "C")
        if network:
            with Path(cluster, "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {network} trust\n")
        run(pg_ctl, "-D", cluster, "-w", "-o", start, "-l", f"{folder}/log", "start")
        try:
            yield Server(port)
        finally:
            run(pg_ctl, "-D", cluster, "-m", "immediate", "stop", timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
