"""What is judged: services of whole monoliths as extract writes them, and of small drawn ones, on disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import fastapi_shop
import flask_shop
import msgspec
from deployment_plans import LOANS_WITH_TASKS, artifacts, service_plan

from decompose.generate import generators
from decompose.generate.render import make_render
from decompose.model.artifacts import Artifact
from decompose.model.service import ServicePlan
from decompose.resources import templates

ROOT = Path(__file__).parents[2]
SHOP = ("reporting", "shipping", "reviews", "pricing", "billing", "notifications", "cart", "inventory", "accounts", "orders", "catalog")
"""Every context of the sample, in the order its plan gives."""
CLINIC = ("medicine", "rating")


def shop(folder: Path) -> Path:
    """Every service of the sample, one extracted after the other; what its team left open is answered with stay."""
    return _extracted(ROOT / "sample_monolith", folder, SHOP)


def clinic(folder: Path) -> Path:
    """Both services of the Flask monolith."""
    return _extracted(ROOT / "tests" / "e2e" / "clinic", folder, CLINIC)


def flask(folder: Path) -> Path:
    return _written(_generated(flask_shop.shop().service("orders")), folder)


def fastapi(folder: Path) -> Path:
    return _written(_generated(fastapi_shop.shop().service("orders")), folder)


def worker(folder: Path) -> Path:
    """A service with tasks and schedules and no route: what is put around it."""
    plan = service_plan(msgspec.structs.replace(LOANS_WITH_TASKS, routes=()))
    return _written(artifacts(plan).values(), folder)


TREES: dict[str, Callable[[Path], Path]] = {"shop": shop, "clinic": clinic, "flask": flask, "fastapi": fastapi, "worker": worker}


def _generated(plan: ServicePlan) -> Iterable[Artifact]:
    render = make_render(templates())
    return {each.path: each for generate in generators() for each in generate(plan, render)}.values()


def _written(made: Iterable[Artifact], folder: Path) -> Path:
    for artifact in made:
        file = folder / artifact.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(artifact.content)
    return folder


def _extracted(source: Path, folder: Path, contexts: tuple[str, ...]) -> Path:
    unwanted = shutil.ignore_patterns("__pycache__", ".decompose", "*.sqlite3", "*.db", "instance", ".pytest_cache")
    shutil.copytree(source, folder, ignore=unwanted, dirs_exist_ok=True)
    settings = folder / "decompose.toml"
    text = settings.read_text()
    # Those that the team has decided keep what it decided.
    undecided = [context for context in contexts if f'id = "{context}:' not in text]
    answers = [f'\n[[decisions]]\nid = "{context}:*"\nchoice = "stay"\nreason = "answered for the proof"\n' for context in undecided]
    settings.write_text(text + "".join(answers))
    _decompose(folder, "plan", "--quiet")
    for context in contexts:
        _decompose(folder, "extract", context, "--replan", "--allow-dirty", "--quiet")
    return folder


def _decompose(folder: Path, *words: str) -> None:
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run([sys.executable, "-m", "decompose", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
