"""What a file is for. Apart from the graph, so that whoever has a path only can ask without reading source."""

from __future__ import annotations

from typing import Literal


def role(path: str) -> Literal["code", "test", "migration", "settings"]:
    """What a file is for, by the conventions of Django, Flask, pytest and Alembic."""
    *folders, name = path.split("/")
    if "tests" in folders or "test" in folders or name.startswith("test_") or name.endswith("_test.py") or name in ("tests.py", "conftest.py"):
        return "test"
    if "migrations" in folders or ("versions" in folders and {"alembic", "migration"} & set(folders)):
        return "migration"
    if name == "settings.py" or "settings" in folders or name.startswith("settings_"):
        return "settings"
    return "code"
