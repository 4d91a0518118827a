from __future__ import annotations

import pytest
from sources import detected, only

from decompose.detect.flask_config import detect
from decompose.model.facts import Fact, Setting, SettingRead, Unresolved

CONFIG = """
import os

class Base:
    PAGE = 20
    lower = 1

class Production(Base):
    KEY = os.environ["KEY"]
    HOST = os.getenv("HOST", "here")

CONFIGS = {"tests": Base, "production": Production}
"""


def settings(given: str) -> list[tuple[str, str, str]]:
    main = f"import config\nfrom config import CONFIGS, Production\nfrom flask import Flask\ndef make(name, settings: object = Production):\n    app = Flask(__name__)\n    app.config.from_object({given})\n"
    facts: list[Fact] = detected(detect, main, config=CONFIG)
    return [(each.name, each.value, each.environment) for each in only(Setting, facts)]


@pytest.mark.parametrize("given", ["Production", "config.Production", "Production()", '"config.Production"', "settings", "CONFIGS[name]", 'CONFIGS.get(name)', "settings or Production"])
def test_the_object_that_configures_is_found_however_it_is_given(given: str) -> None:
    found = settings(given)
    assert [name for name, _, _ in found][:3] == ["KEY", "HOST", "PAGE"]
    assert ("PAGE", "20", "") in found and ("HOST", "os.getenv('HOST', 'here')", "HOST") in found


def test_what_is_not_known_is_said() -> None:
    facts = detected(detect, "from flask import Flask\ndef make(settings):\n    Flask(__name__).config.from_object(settings)\n")
    assert [each.reason for each in only(Unresolved, facts)] == ["what the application is configured from is not known"]


@pytest.mark.parametrize(
    "read", ['current_app.config["PAGE"]', 'current_app.config.get("PAGE", 1)', 'app.config["PAGE"]'], ids=["item", "get", "application"]
)
def test_a_read_of_a_setting(read: str) -> None:
    facts = detected(detect, f"from flask import Flask, current_app\napp = Flask(__name__)\ndef size():\n    return {read}\n")
    assert [(each.definition, each.name) for each in only(SettingRead, facts)] == [("app.size", "PAGE")]


def test_another_object_with_a_config_is_no_application() -> None:
    assert detected(detect, 'import flask\nfrom x import machine\ndef size():\n    return machine.config["PAGE"]\n') == []
