"""A service's generated folder with what an account on AWS would know, and the monolith beside it."""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
from fargate import Task, filled, running
from postgres import Server

from decompose.verification import processes

KEY = "a key for tests that is long enough"
NETWORK = "decompose-tests"


class Account:
    """What an account on AWS would know: values of placeholders, and ``secrets`` by their names."""

    def __init__(self, image: str, secrets: Mapping[str, str], monolith: str = "") -> None:
        self.image, self.monolith = image, monolith
        self._secrets = {"BOUNDARY_TOKEN_KEY": KEY, "SECRET_KEY": "x" * 50, "CELERY_BROKER_URL": "memory://", **secrets}

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets by their ARN."""
        return {f"arn:{name}": value for name, value in self._secrets.items()}

    def filled(self, file: Path) -> Any:
        """A generated input with every placeholder filled in."""
        text = file.read_text()
        names = {*re.findall(r"\$\{([A-Z][A-Z0-9_]*)\}", text)}
        values = {name: f"arn:{name.removesuffix('_SECRET_ARN')}" if name.endswith("_SECRET_ARN") else name.lower() for name in names}
        return filled(json.loads(text), {**values, "IMAGE": self.image, "MONOLITH_URL": self.monolith, "ENVIRONMENT": "test"})


class Cloud:
    """A service's folder with what it needs to run. ``database`` is its database's address as this machine sees it."""

    def __init__(self, folder: Path, account: Account, database: str) -> None:
        self.folder, self.account, self.database = folder, account, database

    def task(self, definition: str = "task-definition.json", request: str = "") -> contextlib.AbstractContextManager[Task]:
        """A task of one of the generated definitions, as a generated ``run-task`` request asks for it."""
        deploy = self.folder / "deploy"
        overrides = self.account.filled(deploy / request).get("overrides") if request else None
        return running(self.account.filled(deploy / definition), self.account.secrets, NETWORK, overrides)

    @contextlib.contextmanager
    def without_database(self) -> Iterator[None]:
        """Nobody gets into the service's database, and who is in is thrown out."""
        name, server = self.database.rpartition("/")[2], self.database.rpartition("/")[0] + "/postgres"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            try:
                yield
            finally:
                connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def migrated(self) -> Cloud:
        """The same, after its one-off migration task ended well."""
        with self.task("job-task-definition.json", "migrate-task.json") as migration:
            assert migration.exit_code() == 0, migration.logs()
        return self


def addresses(databases: Server, wires: tuple[str, str]) -> tuple[str, str]:
    """A new database's address as this machine sees it, and as containers do."""
    here = databases.database()
    return here, databases.address(here.rpartition("/")[2], wires[1])


class Monolith:
    """The shop in mode remote behind its own web server; ``run`` runs code beside it."""

    def __init__(self, folder: Path, variables: Mapping[str, str], port: int) -> None:
        self.folder, self.variables, self.port = folder, dict(variables), port

    def run(self, code: str, *words: str) -> str:
        command = [sys.executable, *(words or ("-c", f"import django; django.setup()\n{code}"))]
        done = processes.run(command, cwd=self.folder, env=self.variables, timeout=180)
        assert done.ok, done.tail(40)
        return done.output.strip()
