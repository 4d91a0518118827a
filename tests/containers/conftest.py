"""The sample with a service extracted from it, its image, a network, a database server and the monolith: what the tests here share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine import build, network, required
from fargate import Task
from faults import Way, between
from postgres import Server, server
from shop_cloud import KEY, NETWORK, Account, Cloud, Monolith, addresses

from decompose.verification import processes

ROOT = Path(__file__).parents[2]
DECLARED = """
[operations.reviews."*"]
fallback = "empty"
"""
"""What a team would declare of operations that only read: pages are shown without reviews while the service does not answer."""


def decompose(folder: Path, *words: str) -> None:
    command = [sys.executable, "-m", "decompose", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900, env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="session")
def wires() -> Iterator[tuple[str, str]]:
    """Subnet and gateway of the containers' network."""
    required()
    with network(NETWORK) as found:
        yield found


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, wires: tuple[str, str]) -> Path:
    """A copy of the sample with two services, and the three lines in the monolith that the runbook asks for."""
    folder = tmp_path_factory.mktemp("containers") / "shop"
    shutil.copytree(ROOT / "sample_monolith", folder, ignore=shutil.ignore_patterns("__pycache__", ".decompose", "*.sqlite3"))
    with (folder / "decompose.toml").open("a") as file:
        file.write(DECLARED)
    with (folder / "requirements.txt").open("a") as file:
        file.write("redis>=5\n")  # the broker that this shop runs its workers with
    decompose(folder, "plan", "--quiet")
    for context in ("reviews", "notifications"):
        decompose(folder, "extract", context, "--quiet", "--allow-dirty")
    settings, urls = folder / "shop/settings/base.py", folder / "shop/urls.py"
    text = settings.read_text().replace("\n]\n", '\n    "shop.boundaries.exchange",\n]\n', 1)
    before, middleware, after = text.partition("MIDDLEWARE = [")
    settings.write_text(before + middleware + after.replace("\n]\n", '\n    "shop.boundaries.django_routes.MovedRoutes",\n]\n', 1))
    urls.write_text(urls.read_text().replace("urlpatterns = [", 'urlpatterns = [\n    path("", include("shop.boundaries.exchange.urls")),', 1))
    return folder


@pytest.fixture(scope="session")
def image(shop: Path) -> str:
    build(shop / "services/reviews", "decompose-tests/reviews")
    return "localhost/decompose-tests/reviews"


@pytest.fixture(scope="session")
def databases(wires: tuple[str, str]) -> Iterator[Server]:
    with server(network=wires[0]) as found:
        yield found


@pytest.fixture(scope="session")
def cloud(shop: Path, image: str, databases: Server, wires: tuple[str, str]) -> Cloud:
    """The service ``reviews``, with a migrated database of its own."""
    here, there = addresses(databases, wires)
    secrets = {"DATABASE_URL": there, "SOURCE_DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"}
    account = Account(image, secrets, f"http://{wires[1]}:{processes.free_port()}")
    return Cloud(shop / "services/reviews", account, here).migrated()


@pytest.fixture(scope="module")
def service(cloud: Cloud) -> Iterator[Task]:
    with cloud.task() as task:
        task.until_ready("/readyz")
        yield task


@pytest.fixture(scope="module")
def way(service: Task) -> Iterator[Way]:
    """What lies between the monolith and the service."""
    with between(service.url("")) as found:
        yield found


@pytest.fixture(scope="module")
def monolith(cloud: Cloud, way: Way, databases: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Monolith]:
    folder, scratch = cloud.folder.parents[1], tmp_path_factory.mktemp("monolith")
    address = databases.database()
    port = int(cloud.account.monolith.rpartition(":")[2])
    variables = {
        "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "DJANGO_SETTINGS_MODULE": "shop.settings.dev", "SECRET_KEY": "x", "BOUNDARY_TOKEN_KEY": KEY,
        "SHOP_DB_ENGINE": "django.db.backends.postgresql", "SHOP_DB_NAME": address.rpartition("/")[2], "SHOP_DB_USER": "copier",
        "SHOP_DB_HOST": "127.0.0.1", "SHOP_DB_PORT": address.rpartition(":")[2].partition("/")[0], "SHOP_ALLOWED_HOSTS": "*",
        "REVIEWS_MODE": "remote", "REVIEWS_URL": way.url, "REVIEWS_EVENTS": "on",
    }  # fmt: skip
    found = Monolith(folder, variables, port)
    found.run("", "manage.py", "migrate", "-v0")
    command = f"{sys.executable} -m gunicorn --bind 0.0.0.0:{port} --workers 2 --threads 8 shop.wsgi:application"
    log = scratch / "monolith.log"
    with processes.server(command, cwd=folder, env=variables, log=log, ready="/healthz", port=port) as (process, booted):
        assert booted is not None, process.tail()
        yield found
