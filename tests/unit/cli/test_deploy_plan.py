"""What deploying would do, from the command line."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Typed = Callable[..., Any]


@pytest.fixture
def extracted(decompose: Typed, shop: Path) -> Path:
    assert decompose("plan", shop).code == 0
    assert decompose("extract", "reviews", "-C", shop, "--allow-dirty").code == 0
    return shop


def filled(base: Path) -> None:
    """Every value that a person gives, given."""
    for file in base.glob("services/*/**/parameters/*"):
        file.write_text(file.read_text().replace("REPLACE: ", ""))


def test_steps_come_in_order_with_their_commands_and_what_they_create(decompose: Typed, extracted: Path) -> None:
    filled(extracted)
    answer = decompose("deploy-plan", "reviews", "-C", extracted, "-f", "json")
    found = json.loads(answer.out)
    assert answer.code == 0 and found["schema"] == "decompose/deploy-plan/1" and found["stops"] == [] == found["open"]
    commands = [command for step in found["steps"] for command in step["commands"]]
    order = ["shared/template.yaml", "staging services/reviews/deploy/stack.sh", "docker build", "JobImageTag=", "database-role-task.json", "migrate-task.json", " ImageTag="]
    places = [next(i for i, command in enumerate(commands) if part in command) for part in order]
    assert places == sorted(places)
    made = {resource["kind"]: index for index, step in enumerate(found["steps"]) for resource in step["creates"]}
    assert made["AWS::ECS::Cluster"] < made["AWS::RDS::DBInstance"] < made["AWS::ECS::Service"]
    assert all(step["proof"] and step["back"] for step in found["steps"])


def test_every_resource_of_the_templates_is_created_by_one_step(decompose: Typed, extracted: Path) -> None:
    from decompose.generate.crosscheck import load_yaml

    found = json.loads(decompose("deploy-plan", "reviews", "-C", extracted, "-f", "json", "--exit-zero").out)
    named = [resource["name"] for step in found["steps"] for resource in step["creates"]]
    templates = [load_yaml((extracted / f"services/{name}").read_bytes()) for name in ("shared/template.yaml", "reviews/deploy/template.yaml")]
    # Nothing joins a web ACL before somebody names one.
    assert sorted(named) == sorted(name for template in templates for name in template["Resources"] if name != "WebAclAssociation")


def test_values_to_give_stop_it_until_they_are_given(decompose: Typed, extracted: Path) -> None:
    answer = decompose("deploy-plan", "reviews", "-C", extracted, "--environment", "staging")
    assert answer.code == 1 and "services/shared/parameters/staging.json has" in answer.out and "production" not in answer.out.partition("Values that")[2]
    assert "VpcId: vpc-..." in answer.out and "creates  " in answer.out
    assert ".tfvars" not in answer.out  # the scripts deploy with CloudFormation as long as it is there
    assert decompose("deploy-plan", "reviews", "-C", extracted, "--exit-zero").code == 0
    filled(extracted)
    answer = decompose("deploy-plan", "reviews", "-C", extracted)
    assert answer.code == 0 and answer.out.endswith("Nothing stops it.\n")


def test_before_the_extraction_it_says_so(decompose: Typed, shop: Path) -> None:
    assert decompose("plan", shop).code == 0
    answer = decompose("deploy-plan", "reviews", "-C", shop)
    assert answer.code == 1 and "nothing was extracted yet" in answer.out and "decompose extract reviews" in answer.out


def test_what_is_joined_is_not_created(decompose: Typed, extracted: Path) -> None:
    (extracted / "decompose.toml").write_text('[target.ecs]\nformats = ["terraform"]\ncluster = "platform"\n')
    found = json.loads(decompose("deploy-plan", "reviews", "-C", extracted, "-f", "json").out)
    assert "AWS::ECS::Cluster" not in {resource["kind"] for resource in found["steps"][0]["creates"]}
    assert found["steps"][0]["commands"][0].startswith("terraform -chdir=services/shared init")


def test_an_unknown_context_and_broken_values_are_errors(decompose: Typed, extracted: Path) -> None:
    answer = decompose("deploy-plan", "review", "-C", extracted)
    assert answer.code == 2 and "did you mean 'reviews'?" in answer.err
    (extracted / "services/reviews/deploy/parameters/staging.json").write_text("{")
    answer = decompose("deploy-plan", "reviews", "-C", extracted)
    assert answer.code == 3 and "services/reviews/deploy/parameters/staging.json" in answer.err


def test_nobody_is_called(decompose: Typed, extracted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr("subprocess.Popen.__init__", refused)
    assert decompose("deploy-plan", "reviews", "-C", extracted, "--exit-zero").code == 0
