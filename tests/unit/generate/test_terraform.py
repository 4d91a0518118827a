import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from deployment_plans import AT, LOANS, LOANS_WITH_TASKS, artifacts, route, service_plan
from hypothesis import given
from hypothesis import strategies as st

from decompose.generate import hcl
from decompose.model.facts import EnvironmentRead

TERRAFORM = shutil.which("terraform")
WITHOUT_ROUTES = msgspec.structs.replace(LOANS, routes=())
ODD = msgspec.structs.replace(
    LOANS_WITH_TASKS,
    environment=(
        EnvironmentRead("x", "GREETING", repr('${Cluster} "hi": %{resolve} # \u2028 é'), AT),
        EnvironmentRead("x", "NEVER_SET", "", AT),
    ),
    routes=(route("/a'b/<x>/"),),
)
CONTEXTS = pytest.mark.parametrize("context", [LOANS, LOANS_WITH_TASKS, WITHOUT_ROUTES, ODD], ids=["web", "worker", "no-routes", "odd"])
needs_terraform = pytest.mark.skipif(TERRAFORM is None, reason="terraform is not installed")


def written(context: Any, folder: Path) -> None:
    """The modules of a context and the shared one, below ``folder``."""
    for path, artifact in artifacts(service_plan(context)).items():
        if path.endswith((".tf", ".tfvars")):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(artifact.content)


def terraform(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    assert TERRAFORM is not None
    return subprocess.run([TERRAFORM, *words], cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@needs_terraform
@CONTEXTS
def test_the_modules_are_laid_out_as_terraform_fmt_does(context: Any, tmp_path: Path) -> None:
    written(context, tmp_path)
    done = terraform(tmp_path, "fmt", "-check", "-diff", "-recursive")
    assert (done.returncode, done.stdout) == (0, "")


def test_values_files_name_variables_that_exist_and_give_those_without_default() -> None:
    made = artifacts(service_plan(LOANS_WITH_TASKS))
    for folder in ("deploy", "services/shared"):
        text = made[f"{folder}/variables.tf"].content.decode()
        blocks = dict(re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL))
        for environment in ("staging", "production"):
            given_names = set(re.findall(r"^(\w+) +=", made[f"{folder}/parameters/{environment}.tfvars"].content.decode(), re.MULTILINE))
            assert given_names <= blocks.keys()
            assert {name for name, body in blocks.items() if not re.search(r"^  default +=", body, re.MULTILINE)} <= given_names


def test_no_value_of_the_monolith_that_may_be_secret_is_written() -> None:
    made = artifacts(service_plan(LOANS_WITH_TASKS))
    assert not [path for path, artifact in made.items() if b"not-to-be-copied" in artifact.content]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x7f"), max_size=40))
def test_a_string_has_no_template_in_it(text: str) -> None:
    source = hcl.string(text)
    assert json.loads(source.replace("$${", "${").replace("%%{", "%{")) == text
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", source.replace("$${", "").replace("%%{", "")) or "$$" in text or "%%" in text
