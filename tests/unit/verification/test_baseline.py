"""What the suite says of the untouched monolith, and what follows from it."""

from __future__ import annotations

import sys
from pathlib import Path

from projects import Monolith

from decompose.model.settings import VerifySettings
from decompose.model.verification import Gate
from decompose.verification.monolith import Suite, rungs

SHOP = Monolith("""
# shop/reviews/models.py
from django.db import models

class Review(models.Model):
    text = models.TextField()

# shop/catalog/views.py
from shop.reviews.models import Review

def page(request):
    return Review.objects.count()
""")

TESTS = """
import os
import pathlib
import pytest

@pytest.fixture(autouse=True)
def database():
    if not pathlib.Path(os.environ["DATABASE"]).exists():
        raise ConnectionError("nobody listens")

def test_a():
    pass

def test_b():
    pass

@pytest.mark.skip
def test_c():
    pass
"""


def ladder(base: Path, scratch: Path) -> list[Gate]:
    tests = base / "tests" / "test_shop.py"
    tests.parent.mkdir(parents=True, exist_ok=True)
    tests.write_text(TESTS)
    settings = VerifySettings(test_command="{python} -m pytest tests", environment=(("DATABASE", str(base.parent / "database")),))
    suite = Suite(base, SHOP.service("reviews"), (), {}, ("tests/test_shop.py",), settings, Path(sys.executable), scratch)
    return list(rungs(suite, None))


def test_a_suite_in_which_nothing_passes_proves_nothing(tmp_path: Path) -> None:
    local, loopback, remote = ladder(tmp_path / "shop", tmp_path / "first")
    assert (local.outcome, loopback.outcome, remote.outcome) == ("failed", "skipped", "skipped")
    assert "no test of the untouched monolith passes (2 failed, 1 skipped)" in local.summary
    assert local.details[0] == "2 tests: ConnectionError: nobody listens"


def test_a_suite_in_which_nothing_passes_is_run_again(tmp_path: Path) -> None:
    ladder(tmp_path / "shop", tmp_path / "first")
    (tmp_path / "database").touch()
    local, *_ = ladder(tmp_path / "shop", tmp_path / "second")
    assert (local.outcome, local.summary) == ("passed", "2 passed, 0 failed, 1 skipped of 3, every test as before")
