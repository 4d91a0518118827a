"""Puts the pages together and builds the site: ``python -m handbook.build`` from the top folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from decompose.report.schemas import KINDS, text
from handbook.pages import published
from handbook.reference import pages

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "zensical.toml"
_NUMBER = re.compile(r"^\d+[.:] ")
_DECISION = re.compile(r"(\d{4})-[\w-]+\.md")


def main() -> int:
    """The exit code of the build; anything to complain of is a failure."""
    assemble(ROOT / tomllib.loads(CONFIGURATION.read_text())["project"]["docs_dir"])
    return build()


def assemble(folder: Path) -> None:
    """Writes every page of the site into ``folder``: those of docs/ without their directives, and those made from the code."""
    shutil.rmtree(folder, ignore_errors=True)
    for source in sorted((ROOT / "docs").rglob("*")):
        if source.is_file():
            goal = folder / source.relative_to(ROOT / "docs")
            goal.parent.mkdir(parents=True, exist_ok=True)
            goal.write_bytes(published(source.read_text()).encode() if source.suffix == ".md" else source.read_bytes())
    made = {**pages(), "decisions/index.md": decisions(), **{f"schemas/{kind}.json": text(kind) for kind in KINDS}}
    for path, content in made.items():
        goal = folder / path
        if goal.exists():
            raise FileExistsError(f"docs/{path} is made from the code and must not lie in docs/")
        goal.parent.mkdir(parents=True, exist_ok=True)
        goal.write_text(content)


def decisions() -> str:
    """The list of numbered notes, newest first."""
    rows = []
    for path in sorted((ROOT / "docs/decisions").glob("*.md"), reverse=True):
        number = _DECISION.fullmatch(path.name)
        assert number, path
        title = _NUMBER.sub("", path.read_text().partition("\n")[0].removeprefix("# "))
        rows.append(f"- {number[1]} [{title[:1].upper()}{title[1:]}]({path.name})")
    return "\n".join(["# Decisions", "", "Each note has the question, the choice, what was refused and why. The newest comes first.", "", *rows, ""])


def build(configuration: Path = CONFIGURATION) -> int:
    """Runs the generator: a link that leads nowhere, or any other warning, ends it with 1."""
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", str(configuration)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True)
    said = done.stdout + done.stderr.partition("Traceback (most recent call last)")[0]
    print(re.sub(r"\x1b\[[0-9;]*m", "", said), end="")
    return 1 if done.returncode or "Warning" in said else 0


if __name__ == "__main__":
    sys.exit(main())
