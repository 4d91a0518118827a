"""The service of a FastAPI monolith, written out and run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi_shop import shop

from decompose.generate import generators
from decompose.generate.crosscheck import problems
from decompose.generate.deployment import deployment
from decompose.generate.render import make_render
from decompose.generate.sqlalchemy.database import Database, database_of
from decompose.resources import templates

VARIABLES = {"PATH": os.environ["PATH"], "SECRET_KEY": "x", "BOUNDARY_TOKEN_KEY": "k" * 32, "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The monolith with the service beside it, on disk."""
    folder = tmp_path_factory.mktemp("shop")
    monolith = shop()
    render = make_render(templates())
    plan = monolith.service("orders")
    files = {path: text.encode() for path, text in monolith.files.items()}
    files |= {each.path: each.content for generate in generators() for each in generate(plan, render)}
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def run(folder: Path, *words: str, **more: str) -> str:
    done = subprocess.run([sys.executable, *words], cwd=folder, env={**VARIABLES, **more}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_database_is_the_session_maker_of_the_monolith() -> None:
    assert database_of(shop().service("orders")) == Database("shop.database.Base", maker="shop.database.SessionLocal")


def test_its_deployment_files_agree_with_its_code() -> None:
    plan = shop().service("orders")
    made = [each for generate in generators() for each in generate(plan, make_render(templates()))]
    assert problems(deployment(plan), made) == ()
    assert "SECRET_KEY" not in {secret.name for secret in deployment(plan).secrets}, "nothing of it signs with one"


def test_the_workflow_migrates_and_compares(tree: Path) -> None:
    text = (tree / ".github/workflows/service-orders.yml").read_text()
    assert "      - run: python -m orders_service.migrate\n" in text
    assert "        run: python -m orders_service.migrate --check\n" in text


def test_an_empty_database_migrates_and_agrees_with_the_models(tree: Path, tmp_path: Path) -> None:
    for words in ([], ["--check"]):
        run(tree / "services/orders", "-m", "orders_service.migrate", *words, DATABASE_URL=f"sqlite:///{tmp_path}/x.sqlite3")


def test_the_service_as_a_process(tree: Path) -> None:
    assert " passed" in run(tree / "services/orders", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_service.py")


@pytest.mark.parametrize("mode", ["local", "loopback"])
def test_the_contract_holds_in_the_service(tree: Path, mode: str) -> None:
    told = run(tree / "services/orders", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contract", CONTRACT_MODE=mode)
    assert " passed" in told and "skipped" not in told


def test_the_contract_holds_in_the_monolith(tree: Path) -> None:
    told = run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "services/orders/tests/contract", "services/orders/tests/contract", PYTHONPATH=str(tree))
    assert " passed" in told and "skipped" not in told


ROUTE = """
import os
from fastapi.testclient import TestClient
from orders_service import database, migrate
assert migrate.main([]) == 0
from orders_service.asgi import application
from shop.boundaries import tokens
client = TestClient(application)
token = tokens.sign("", "monolith", "orders", os.environ["BOUNDARY_TOKEN_KEY"])
asked = {"authorization": "Bearer " + token}
placed = {"customer": {"id": 3, "name": "Olga"}, "number": 2}
print(client.post("/boundary/v1/place", json=placed, headers=asked).status_code)
print(client.get("/v1/orders/1/greeting", headers=asked).json(), client.get("/v1/orders/1/greeting").status_code)
"""


def test_moved_routes_are_served_and_snapshots_become_shadows(tree: Path, tmp_path: Path) -> None:
    told = run(tree / "services/orders", "-c", ROUTE, DATABASE_URL=f"sqlite:///{tmp_path}/x.sqlite3")
    assert told.splitlines()[-2:] == ["200", "{'text': 'Olga'} 401"]


SNAPSHOTS = """
from types import SimpleNamespace
from sqlalchemy import create_engine
from sqlalchemy.orm.exc import DetachedInstanceError
from shop.boundaries import objects
from shop.database import Base, SessionLocal
from shop.models import Customer, Order
engine = create_engine("sqlite:///" + PATH)
SessionLocal.configure(bind=engine)
Base.metadata.create_all(engine)
session = SessionLocal()
objects.current_session.set(session)
customer = Customer(name="Olga")
session.add(customer)
print(objects.is_saved(customer), objects.label_of(customer), objects.key_of(customer), objects.key_of(7))
snapshot = objects.Detached("x").replica(SimpleNamespace(label="shop.models.Customer"), {"id": 1}, {})
try:
    snapshot.name
except DetachedInstanceError:
    print("closed")
order = Order(customer=snapshot, number=1)
session.add(order)
session.commit()
print(order.customer is customer, session.query(Customer).count())
"""


def test_a_snapshot_shows_what_travelled_and_gives_way_to_the_row_of_the_session(tree: Path, tmp_path: Path) -> None:
    told = run(tree, "-c", SNAPSHOTS.replace("PATH", repr(f"{tmp_path}/x.sqlite3")))
    assert told.splitlines() == ["True shop.models.Customer 1 7", "closed", "True 1"]


LOOPBACK = """
from sqlalchemy import create_engine
from shop.boundaries import orders
from shop.customers.services import summary
from shop.database import Base, SessionLocal
from shop.models import Customer
engine = create_engine("sqlite:///" + PATH)
SessionLocal.configure(bind=engine)
Base.metadata.create_all(engine)
db = SessionLocal()
customer = Customer(name="Olga")
db.add(customer)
db.flush()
print(type(orders.place(db, customer, 2)).__module__, orders.count(db, customer.id))
try:
    orders.place(db, customer, 0)
except orders.OrderRefused as refused:
    print(refused)
"""


@pytest.mark.parametrize(("mode", "kind"), [("local", "shop.models"), ("loopback", "shop.boundaries.orders.contract")])
def test_an_operation_works_in_the_session_of_its_caller(tree: Path, tmp_path: Path, mode: str, kind: str) -> None:
    told = run(tree, "-c", LOOPBACK.replace("PATH", repr(f"{tmp_path}/x.sqlite3")), ORDERS_MODE=mode)
    assert told.splitlines() == [f"{kind} 1", "order something"]
