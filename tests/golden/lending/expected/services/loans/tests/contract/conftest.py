"""Sets the stage for the contract suite: the same assertions against each implementation of the boundary.

==================================  =================================================================================
where                               how
==================================  =================================================================================
the monolith                        its own ``DJANGO_SETTINGS_MODULE``, run from its folder
the service, in this process        ``DJANGO_SETTINGS_MODULE=loans_service.settings``, run from the service's folder
a running service                   the same and ``CONTRACT_MODE=remote CONTRACT_URL=http://...``, with the
                                    ``DATABASE_URL`` of the running process: rows are seeded there
==================================  =================================================================================

``CONTRACT_MODE`` is ``local`` (default), ``loopback``, ``remote`` or ``shadow``: there the code of this process answers,
and every answer to a query is compared with the one of the running service. The database of a running service must be empty: the
suite empties it after each test. Start pytest as ``python -m pytest -p no:django services/...``; it needs no plugin.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import django
import pytest

MODE = os.environ.get("CONTRACT_MODE", "local")
LIVE = MODE in ("remote", "shadow")
NAME = "loans"


def pytest_configure(config: pytest.Config) -> None:
    django.setup()
    from django.conf import settings

    options = {
        "mode": MODE,
        "url": os.environ.get("CONTRACT_URL", ""),
        "attempts": 1,
        "timeout_factor": 20,  # What is slow here is the machine; the limits have their own tests.
        "breaker_failures": 10_000,
        "shadow_timeout": 40,
    }
    settings.BOUNDARIES = {**getattr(settings, "BOUNDARIES", {}), NAME: options}


def pytest_report_header(config: pytest.Config) -> str:
    return f"boundary {NAME}: mode {MODE}, settings {os.environ.get('DJANGO_SETTINGS_MODULE')}"


@pytest.fixture(scope="session", autouse=True)
def database() -> Iterator[None]:
    """A test database of this process, or the one of the running service."""
    from django.test import utils

    utils.setup_test_environment()
    if LIVE:
        _refuse_unless_empty()
        yield
    else:
        held = utils.setup_databases(verbosity=0, interactive=False)
        yield
        utils.teardown_databases(held, verbosity=0)
    utils.teardown_test_environment()


@pytest.fixture(autouse=True)
def clean(database: None) -> Iterator[None]:
    """Every test begins without rows."""
    from django.core.cache import cache
    from django.core.management import call_command
    from django.db import transaction

    cache.clear()
    if LIVE:
        yield
        # The running process must see the rows, so they are committed, and removed afterwards.
        call_command("flush", interactive=False, inhibit_post_migrate=True, verbosity=0)
    else:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def compared(clean: None) -> Iterator[None]:
    """In mode ``shadow``: what a test asked was answered the same by the service."""
    yield
    if MODE == "shadow":
        from library.boundaries import shadow

        assert shadow.drain(60), "the service does not answer"
        found = {outcome for (_, _, outcome), number in shadow.counts.items() if number}
        counted = dict(shadow.counts)
        shadow.counts.clear()
        assert found <= {"same"}, counted


def _refuse_unless_empty() -> None:
    import examples
    from django.apps import apps

    for label in examples.OWNED:
        if apps.get_model(label)._base_manager.exists():
            pytest.exit(
                f"{label} has rows: the suite would delete them. Give it an empty database.",
                returncode=2,
            )
