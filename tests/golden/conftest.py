"""``--update-golden`` writes the expected trees anew; the diff is reviewed like code."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the expected trees anew")
