"""Independent judges find nothing in any generated file. What a machine does not have is skipped by name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from deployment_plans import TARGETS, artifacts, service_plan
from panel import ask, program, ran, skip

from decompose import emit, pipeline
from decompose.verification import static

pytestmark = pytest.mark.aws

EXCEPTIONS = Path(__file__).with_name("exceptions.toml")


def services(tree: Path) -> list[Path]:
    return sorted(file.parents[1] for file in tree.glob("services/*/deploy/template.yaml"))


def each(tree: Path, pattern: str) -> list[Path]:
    return sorted(tree.glob(pattern))


def test_botocore_takes_every_input_and_every_enum(tree: Path) -> None:
    for service in services(tree):
        gate = static.ecs_inputs(service / "deploy")
        ran["botocore, shapes and enums"] += len(each(service, "deploy/*.json"))
        assert gate.outcome == "passed", (service.name, gate)


def test_cfn_lint_finds_nothing(tree: Path) -> None:
    for file in [*each(tree, "services/*/deploy/template.yaml"), *each(tree, "services/shared/template.yaml")]:
        gate = static.template(file)
        ran["cfn-lint"] += 1
        assert gate.outcome == "passed", (file, gate)


@pytest.mark.parametrize("name", TARGETS)
def test_cfn_lint_finds_nothing_whatever_the_settings(name: str, tmp_path: Path) -> None:
    context, target = TARGETS[name]
    made = artifacts(service_plan(context, target=target))
    for path in ("deploy/template.yaml", "services/shared/template.yaml"):
        file = tmp_path / "template.yaml"
        file.write_bytes(made[path].content)
        gate = static.template(file)
        ran["cfn-lint"] += 1
        assert gate.outcome == "passed", (path, gate)


def test_the_files_agree_with_one_another(tree: Path) -> None:
    if not (tree / ".decompose").is_dir():
        pytest.skip("drawn, not extracted: tests/unit/generate/test_crosscheck.py has those")
    for context in emit.written_contexts(tree):
        ran["our cross-checks"] += 1
        assert pipeline.disagreements(tree, context) == (), context


def test_hadolint_finds_nothing(tree: Path) -> None:
    assert ask("hadolint", [program("hadolint")], each(tree, "services/*/Dockerfile")) == ""


def test_compose_files_fit_the_specification(tree: Path) -> None:
    command = [program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    assert ask("compose specification", command, each(tree, "services/*/compose.yaml")) == ""


def test_workflows_fit_githubs_schema(tree: Path) -> None:
    command = [program("check-jsonschema"), "--builtin-schema", "vendor.github-workflows"]
    assert ask("schema of GitHub workflows", command, each(tree, ".github/workflows/*.yml")) == ""


def test_actionlint_finds_nothing(tree: Path) -> None:
    assert ask("actionlint", [program("actionlint")], each(tree, ".github/workflows/*.yml")) == ""


def test_shellcheck_finds_nothing(tree: Path) -> None:
    command = [program("shellcheck"), "--severity=warning", "--external-sources", "--source-path=SCRIPTDIR"]
    assert ask("shellcheck", command, each(tree, "services/*/deploy/*.sh")) == ""


def test_the_projects_own_lint_of_artefacts_finds_nothing(tree: Path) -> None:
    lint = Path(os.environ.get("SHARED", "")) / "reliability" / "harness" / "artefact_lint.py"
    if not os.environ.get("SHARED") or not lint.is_file():
        skip("artefact_lint", "SHARED does not name the folder that has it")
    done = subprocess.run([sys.executable, str(lint), str(tree / "services")], capture_output=True, text=True, timeout=300, check=False)
    ran["artefact_lint"] += len([file for file in (tree / "services").rglob("*") if file.is_file()])
    assert done.returncode == 0, done.stdout


class Finding(msgspec.Struct, frozen=True):
    """What checkov says against a resource."""

    check: str
    resource: str
    file: str


used: Counter[str] = Counter()


def test_checkov_finds_only_what_is_excepted_with_a_reason(tree: Path) -> None:
    assert checkov_left(tree) == []


def test_checkov_finds_only_what_is_excepted_whatever_the_settings(tmp_path: Path) -> None:
    """Aurora, a database that exists, files, machines of one's own, other strategies: one folder each, judged together."""
    program("checkov")
    for name, (context, target) in TARGETS.items():
        for path, artifact in artifacts(service_plan(context, target=target)).items():
            if path.endswith(("template.yaml", ".tf", "Dockerfile")):
                file = tmp_path / name / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(artifact.content)
    assert checkov_left(tmp_path) == []


def checkov_left(tree: Path) -> list[Finding]:
    """What checkov finds below ``tree`` and no exception is made for."""
    checkov = program("checkov")
    reasons = {entry["check"]: entry for entry in tomllib.loads(EXCEPTIONS.read_text())["exceptions"]}
    assert all(entry["reason"] for entry in reasons.values())
    command = [checkov, "--directory", str(tree), "--skip-download", "--compact", "--quiet", "--output", "json"]
    command += ["--framework", "cloudformation", "dockerfile", "github_actions", "terraform"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1500, check=False)
    reports = json.loads(done.stdout)
    reports = reports if isinstance(reports, list) else [reports]
    assert {"cloudformation", "terraform", "dockerfile"} <= {report["check_type"] for report in reports}
    findings = [
        Finding(failed["check_id"], failed["resource"], failed["file_path"])
        for report in reports for failed in report["results"]["failed_checks"]
    ]  # fmt: skip
    ran["checkov"] += sum(report["summary"]["resource_count"] for report in reports)
    used.update(finding.check for finding in findings)
    left = {finding for finding in findings if not excepted(finding, reasons.get(finding.check))}
    return sorted(left, key=str)


def excepted(finding: Finding, entry: dict[str, str] | None) -> bool:
    return entry is not None and re.search(entry["resource"], finding.resource) is not None


def test_no_exception_is_left_over() -> None:
    """After the others: what nobody needs any more is taken out of the list."""
    if not used:
        pytest.skip("checkov has not run")
    assert {entry["check"] for entry in tomllib.loads(EXCEPTIONS.read_text())["exceptions"]} <= used.keys()
