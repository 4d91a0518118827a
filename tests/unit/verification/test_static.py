"""Gates that only look at files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from decompose.verification.static import ecs_inputs, files, same_boundary, template


def write(folder: Path, texts: dict[str, str]) -> Path:
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


GOOD = {"a.py": "x = 1\n", "b.json": "{}", "c.yaml": "a: !Ref b\n", "d.toml": "a = 1\n", "e.txt": "{{"}


def test_files_that_parse_pass_and_are_counted(tmp_path: Path) -> None:
    found = files(write(tmp_path, GOOD), [*GOOD, "gone.py"])
    assert (found.outcome, found.summary) == ("passed", "4 generated files parse")


@pytest.mark.parametrize(("path", "text"), [("a.py", "x = (\n"), ("b.json", "{"), ("c.yml", "a: [\n"), ("d.toml", "a =\n")])
def test_a_file_that_does_not_parse_fails_by_name(tmp_path: Path, path: str, text: str) -> None:
    found = files(write(tmp_path, {path: text}), [path])
    assert found.outcome == "failed"
    assert found.details[0].startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("there", "details"),
    [
        ({"a.py": "1", "b/c.py": "2", "__pycache__/a.pyc": "x"}, ()),
        ({"a.py": "1", "b/c.py": "3"}, ("b/c.py: differs",)),
        ({"a.py": "1"}, ("b/c.py: only on one side",)),
    ],
)
def test_both_sides_of_a_boundary_have_the_same_bytes(tmp_path: Path, there: dict[str, str], details: tuple[str, ...]) -> None:
    here = write(tmp_path / "here", {"a.py": "1", "b/c.py": "2"})
    assert same_boundary(here, write(tmp_path / "there", there)).details == details


CONTAINER = {"name": "web", "image": "x"}


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"family": "x", "containerDefinitions": [CONTAINER]}, ""),
        ({"family": "x"}, "containerDefinitions"),
        ({"family": "x", "containerDefinitions": [CONTAINER], "cpus": "1"}, "cpus"),
        ({"family": "x", "containerDefinitions": [CONTAINER], "networkMode": "vpc"}, "networkMode is 'vpc', not one of"),
    ],
)
def test_inputs_are_judged_by_keys_types_and_enum_values(tmp_path: Path, definition: dict[str, object], problem: str) -> None:
    pytest.importorskip("botocore")
    found = ecs_inputs(write(tmp_path, {"task-definition.json": json.dumps(definition)}))
    assert found.outcome == ("failed" if problem else "passed")
    assert problem in " ".join(found.details)


def test_no_inputs_at_all_is_a_failure(tmp_path: Path) -> None:
    pytest.importorskip("botocore")
    assert ecs_inputs(tmp_path).outcome == "failed"


def test_a_template_is_judged_by_cfn_lint(tmp_path: Path) -> None:
    pytest.importorskip("cfnlint")
    text = "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n    Properties:\n      BucketNames: x\n"
    assert template(write(tmp_path, {"t.yaml": text}) / "t.yaml").outcome == "failed"
