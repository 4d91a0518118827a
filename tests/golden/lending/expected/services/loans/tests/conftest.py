"""Starts Django before the tests of the service loans are read."""

from __future__ import annotations

import os

import django
import pytest


def pytest_configure(config: pytest.Config) -> None:
    # The contract suite also runs in the monolith, under the monolith's settings.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loans_service.settings")
    django.setup()
