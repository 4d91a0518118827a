from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import Server, server
from running import Run, Side, execute
from service_plans import write_library

SEED = """
import datetime, decimal
from django.contrib.auth.models import User
from library.boundaries import loans, runtime
from library.catalog.models import Book, Shelf
from library.loans.models import Loan, LoanClosed
from library.loans import services
reader = User.objects.create(username="ann")
book = Book.objects.create(isbn="1", title="Emma", price=120, shelf=Shelf.objects.create(room="B12"))
date = datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone.utc)
"""


WARM = """
import hypothesis
from library.boundaries import client, wire
from library.boundaries.loans import contract
"""
"""Imports that would cost every snippet half a second."""


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library with its extracted service, migrations made, on disk."""
    folder = write_library(tmp_path_factory.mktemp("library"))
    for place, settings in ((folder, "library.settings"), (folder / "services/loans", "loans_service.settings")):
        execute(place, settings, "manage.py", "makemigrations", "-v0", "catalog", "loans")
    return folder


@pytest.fixture(scope="session")
def monolith(library: Path) -> Iterator[Run]:
    """Runs Python code in the monolith, where there are a reader and a book; gives back what it printed."""
    side = Side(library, "library.settings", SEED + WARM)
    yield side
    side.close()


@pytest.fixture(scope="session")
def cold_monolith(library: Path) -> Iterator[Run]:
    """The monolith before any operation left mode ``local``."""
    side = Side(library, "library.settings", SEED)
    yield side
    side.close()


@pytest.fixture(scope="session")
def telling(library: Path) -> Iterator[Run]:
    """The monolith that tells the service of its changes."""
    side = Side(library, "library.settings", SEED + WARM, EXCHANGE="1", LOANS_EVENTS="on")
    yield side
    side.close()


@pytest.fixture(scope="session")
def service(library: Path) -> Iterator[Run]:
    """Runs Python code in the service, whose tables are empty; gives back what it printed."""
    side = Side(library / "services/loans", "loans_service.settings")
    yield side
    side.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server for the whole run."""
    with server() as started:
        yield started
