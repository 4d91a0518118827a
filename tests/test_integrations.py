"""The files by which other programs run ``decompose check``, judged by what reads them."""

from __future__ import annotations

from pathlib import Path

import yaml

from decompose.cli import app

ROOT = Path(__file__).parent.parent


def commands(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip().startswith("decompose ")]


def options(command: str) -> set[str]:
    import click

    found = app.root.get_command(click.Context(app.root), command)
    assert found is not None
    return {name for parameter in found.params for name in parameter.opts}


def test_the_pre_commit_hook_runs_the_whole_project_isolated() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"] == "decompose check" and hook["pass_filenames"] is False and hook["language"] == "python"


def test_the_action_types_commands_and_options_that_exist() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    typed = [words for step in action["runs"]["steps"] for words in commands(step.get("run", ""))]
    assert [words[1] for words in typed] == ["diff", "check", "check"]
    for words in typed:
        assert {word for word in words if word.startswith("--")} <= options(words[1])


def test_no_input_of_the_action_is_pasted_into_a_script() -> None:
    """An input may hold anything: it reaches a shell as a variable."""
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert all("${{" not in step.get("run", "") for step in action["runs"]["steps"])
    used = {name for step in action["runs"]["steps"] for name in action["inputs"] if f"inputs.{name}" in str(step)}
    assert used == set(action["inputs"])
