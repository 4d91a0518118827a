"""When a saved plan no longer speaks of what is there."""

from __future__ import annotations

import msgspec
from reviews_shop import shop

from decompose.model.settings import Config, EdgeDecision, VerifySettings
from decompose.planning.drift import config_digest, drift


def test_a_plan_fits_the_source_and_decisions_it_was_made_from() -> None:
    project = shop("")
    assert drift(project.plan(), digest="drawn", config=project.config) == ()


def test_a_change_of_the_source_is_drift() -> None:
    project = shop("")
    assert drift(project.plan(), digest="other", config=project.config) == ("the source has changed since the plan was made",)


def test_another_decision_is_drift() -> None:
    project = shop("")
    changed = msgspec.structs.replace(project.config, decisions=(EdgeDecision("x", "stay"),))
    assert "decisions" in drift(project.plan(), digest="drawn", config=changed)[0]


def test_how_to_verify_is_no_decision() -> None:
    assert config_digest(Config(path="x", verify=VerifySettings(python="y"))) == config_digest(Config())
