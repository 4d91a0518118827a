from __future__ import annotations

import pytest
from sources import detected, only

from decompose.detect.environment import detect
from decompose.model.facts import EnvironmentRead, Unresolved


def reads(*texts: str, **files: str) -> list[tuple[str, str, str]]:
    return [(each.definition, each.name, each.default) for each in only(EnvironmentRead, detected(detect, *texts, **files))]


@pytest.mark.parametrize(
    ("text", "default"),
    [
        ("import os\nX = os.environ['KEY']\n", ""),
        ("import os\nX = os.environ.get('KEY', 'a')\n", "'a'"),
        ("from os import getenv as g\nX = g('KEY')\n", ""),
        ("from decouple import config\nX = config('KEY', default=True, cast=bool)\n", "True"),
        ("import environ\nenv = environ.Env()\nX = env.str('KEY', default='b')\n", "'b'"),
        ("import os\nNAME = 'KEY'\nX = os.environ[NAME]\n", ""),
    ],
)
def test_a_variable_read(text: str, default: str) -> None:
    assert reads(text) == [("app", "KEY", default)]


def test_writing_a_variable_is_no_read() -> None:
    assert reads("import os\nos.environ['KEY'] = '1'\n") == []


def test_a_helper_that_reads_is_followed_to_its_callers() -> None:
    text = "import os\ndef env_bool(name, default):\n    return os.getenv(name, default) == 'True'\nDEBUG = env_bool('DEBUG', 'False')\n"
    assert reads(text) == [("app", "DEBUG", "'False'")]


def test_fields_of_a_settings_class_are_variables() -> None:
    text = """
    from pydantic import Field
    from pydantic_settings import BaseSettings, SettingsConfigDict
    class Settings(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="APP_")
        debug: bool = False
        url: str = Field("x", validation_alias="DATABASE_URL")
    """
    assert reads(text) == [("app.Settings", "APP_DEBUG", "False"), ("app.Settings", "DATABASE_URL", "'x'")]


def test_a_computed_name_is_reported() -> None:
    facts = detected(detect, "import os\nfor n in names():\n    os.getenv('A' + n)\n")
    assert [each.reason for each in only(Unresolved, facts)] == ["the variable's name is computed"]
