"""The whole job on the second monolith, Flask on SQLAlchemy: two contexts are taken out of one models file, one after the other."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from decompose.verification import processes
from decompose.verification.environment import Environment, service_environment

ROOT = Path(__file__).parents[2]
CLINIC = ROOT / "tests" / "e2e" / "clinic"
CONTEXTS = ("medicine", "rating")
KEY = "a key for tests that is long enough"

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-clinic")]

sys.path.append(str(ROOT / "tests" / "unit" / "generate"))


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("e2e") / "clinic"
    shutil.copytree(CLINIC, folder, ignore=shutil.ignore_patterns("__pycache__", ".decompose", "*.db", "instance", ".pytest_cache"))
    with (folder / "decompose.toml").open("a") as file:
        # The test environment has what the clinic requires.
        file.write(f'\n[verify]\npython = "{sys.executable}"\n')
    decompose(folder, "plan", "--quiet")
    for context in CONTEXTS:
        decompose(folder, "extract", context, "--replan", "--allow-dirty")
    return folder


def decompose(folder: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "decompose", *words], cwd=folder, capture_output=True, text=True, timeout=1500, env={**os.environ, "NO_COLOR": "1"}
    )
    assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_gate_of_a_context_passes(clinic: Path, context: str) -> None:
    report = json.loads(decompose(clinic, "verify", context, "--format", "json"))
    outcomes = {gate["name"]: gate["outcome"] for gate in report["gates"]}
    assert {name for name, outcome in outcomes.items() if outcome != "passed"} == set(), report
    wanted = {"migrations", "boot", "ready", "openapi", "contract-local", "contract-loopback", "contract-remote", "contract-monolith"}
    assert wanted | {"monolith-local", "monolith-loopback", "monolith-remote"} <= outcomes.keys()


def test_the_models_file_is_split_and_the_monolith_keeps_it_whole(clinic: Path) -> None:
    def classes(folder: Path) -> set[str]:
        text = (folder / "clinic" / "models.py").read_text()
        return {node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}

    assert (clinic / "clinic" / "models.py").read_bytes() == (CLINIC / "clinic" / "models.py").read_bytes()
    assert {"Medicine", "Supplier", "Prescription"} <= classes(clinic / "services" / "medicine")
    assert {"Rating", "RatingReply"} <= classes(clinic / "services" / "rating")
    assert not classes(clinic / "services" / "medicine") & {"Rating", "Invoice"}


def test_extracting_again_writes_nothing(clinic: Path) -> None:
    def files() -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in clinic.rglob("*") if path.is_file() and ".decompose" not in path.parts}

    before = files()
    decompose(clinic, "extract", "medicine", "--allow-dirty")
    assert files() == before


def test_both_services_run_at_once_on_postgresql_and_the_monolith_calls_them(clinic: Path, tmp_path: Path) -> None:
    from postgres import server

    with server() as postgres, contextlib.ExitStack() as stack:
        live = {name: stack.enter_context(running(clinic, name, postgres.database(), tmp_path)) for name in ("medicine", "rating")}
        told = "".join(f"{name}={service.get('/readyz')[0]} " for name, service in live.items())
        assert told == "medicine=200 rating=200 "
        variables = {f"{name}_{option}".upper(): value for name, service in live.items() for option, value in (("mode", "remote"), ("url", service.url))}
        asked = processes.run(
            [sys.executable, "-c", DAY], cwd=clinic, timeout=120,
            env={**os.environ, **variables, "BOUNDARY_TOKEN_KEY": KEY, "DATABASE_URL": f"sqlite:///{tmp_path}/clinic.sqlite3"},
        )  # fmt: skip
        assert asked.ok, asked.tail(30)
        assert asked.output.splitlines()[-4:] == ["5.20", "{'orders@medvet.example': ['50 tablet Wormex']}", "4.0", "OutOfStock only 3 of Wormex left"]


DAY = """
from datetime import timedelta
from clinic import create_app
from clinic.boundaries import flask_routes, medicine, rating
from clinic.clock import now
from clinic.errors import OutOfStock
from clinic.extensions import db
from clinic.models import User
from clinic.services import owners, visits
app = create_app()
flask_routes.init_app(app)
with app.app_context():
    db.create_all()
    vet = User(email="vet@clinic.example", name="Vera", role="vet")
    vet.set_password("secret")
    db.session.add(vet)
    db.session.commit()
    owner = owners.register("Olga", "olga@mail.example")
    cat = owners.add_animal(owner.id, "Minka", "cat")
    visit = visits.plan(cat.id, vet, now() + timedelta(hours=1))
    client = app.test_client()
    client.post("/api/login", json={"email": vet.email, "password": "secret"})
    made = client.post("/api/pharmacy/medicines", json={"name": "Wormex", "price": "2.00", "stock": 5, "suppliers": ["Medvet"]})
    wormex = made.get_json()["id"]
    medicine.prescribe(visit, vet, wormex, 2)
    visits.complete(visit.id)
    rating.rate(visit, owner, 4)
    print(medicine.cost_of_visit(visit.id))
    print(medicine.orders())
    print(rating.average_of(vet.id))
    try:
        medicine.prescribe(visit, vet, wormex, 9)
    except OutOfStock as error:
        print("OutOfStock", error)
"""
"""A day at the clinic: rows of the monolith in SQLite, those of the services in their own databases."""


@contextlib.contextmanager
def running(clinic: Path, name: str, database: str, scratch: Path) -> Iterator[processes.Server]:
    """A service as its own process on a migrated database of its own."""
    folder = clinic / "services" / name
    environment = service_environment(clinic, folder / "requirements.txt", Path(sys.executable))
    assert isinstance(environment, Environment), environment
    variables = {"PATH": os.environ["PATH"], "SECRET_KEY": "x", "BOUNDARY_TOKEN_KEY": KEY, "DATABASE_URL": database}
    for words in (["migrate"], ["migrate", "--check"]):
        done = processes.run([str(environment.python), "-m", f"{name}_service.{words[0]}", *words[1:]], cwd=folder, env=variables, timeout=120)
        assert done.ok, done.tail()
    command = f"{environment.python} -m gunicorn --bind 127.0.0.1:{{port}} {name}_service.wsgi:application"
    with processes.server(command, cwd=folder, env=variables, log=scratch / f"{name}.log", ready="/healthz") as (server, booted):
        assert booted is not None, server.tail()
        yield server


def test_undo_gives_the_monolith_back(clinic: Path) -> None:
    for context in ("rating", "medicine"):
        decompose(clinic, "extract", context, "--undo")
    for path in (CLINIC / "clinic").rglob("*.py"):
        assert (clinic / "clinic" / path.relative_to(CLINIC / "clinic")).read_bytes() == path.read_bytes()
    assert not (clinic / "services" / "medicine" / "alembic.ini").exists()
