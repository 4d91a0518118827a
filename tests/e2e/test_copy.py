"""The rows of the sample's reviews on their way into the service's own PostgreSQL, and back, through the generated files alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from postgres import Server, server

from decompose.verification.environment import Environment, service_environment

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-copy")]

ROWS = """
from django.contrib.auth import get_user_model
from shop.catalog.models import Product
from shop.reviews.models import Review, ReviewVote
people = [get_user_model().objects.create_user(f"reader{n}", f"reader{n}@example.com") for n in range(30)]
for product in Product.objects.all()[:5]:
    reviews = Review.objects.bulk_create(
        Review(product=product, author=person, rating=1 + n % 5, title=f"Größe {n}", body="fine\\n\\t%", status="published") for n, person in enumerate(people)
    )
    ReviewVote.objects.bulk_create(ReviewVote(review=review, user=people[0], is_helpful=bool(review.pk % 2)) for review in reviews)
print(Review.objects.count())
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as started:
        yield started


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample with its reviews extracted, keys across the cut without constraint."""
    folder = tmp_path_factory.mktemp("copy") / "shop"
    shutil.copytree(ROOT / "sample_monolith", folder, ignore=shutil.ignore_patterns("__pycache__", ".decompose", "*.sqlite3"))
    for words in (("plan", "--quiet"), ("extract", "reviews", "--allow-dirty"), ("extract", "reviews", "--allow-dirty", "--step", "split")):
        run(folder, {"PYTHONPATH": str(ROOT)}, sys.executable, "-m", "decompose", *words)
    return folder


def run(folder: Path, variables: dict[str, str], *words: str, code: int = 0) -> str:
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", **variables}
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=600, env=environment)
    assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Sides:
    """Monolith and service, each on a database of its own."""

    def __init__(self, shop: Path, source: str, target: str) -> None:
        self.shop, self.source, self.target = shop, source, target
        self.root = shop / "services" / "reviews"
        environment = service_environment(shop, self.root / "requirements.txt", Path(sys.executable))
        assert isinstance(environment, Environment), environment
        self._python = str(environment.python)
        self._own = {
            "DJANGO_SETTINGS_MODULE": "reviews_service.settings", "SECRET_KEY": "x", "BOUNDARY_TOKEN_KEY": "x", "DATABASE_URL": target,
        }  # fmt: skip
        parts = urlsplit(source)
        self._theirs = {"DJANGO_SETTINGS_MODULE": "shop.settings.dev"} | (
            {"SHOP_DB_NAME": parts.path[1:]}
            if parts.scheme == "sqlite"
            else {
                "SHOP_DB_ENGINE": "django.db.backends.postgresql", "SHOP_DB_NAME": parts.path[1:], "SHOP_DB_USER": parts.username or "",
                "SHOP_DB_HOST": parts.hostname or "", "SHOP_DB_PORT": str(parts.port),
            }
        )  # fmt: skip

    def monolith(self, *words: str) -> str:
        return run(self.shop, self._theirs, sys.executable, "manage.py", *words).strip()

    def service(self, *words: str) -> str:
        return run(self.root, self._own, self._python, "manage.py", *words).strip()

    def copy_data(self, command: str, *options: str, code: int = 0) -> dict[str, object]:
        words = ["-m", "reviews_service.copy_data", command, "--source", self.source, "--target", self.target, "--format", "json", *options]
        return json.loads(run(self.root, self._own, self._python, *words, code=code) or "{}")


@pytest.fixture(params=["sqlite", "postgres"])
def sides(request: pytest.FixtureRequest, shop: Path, postgres: Server, tmp_path: Path) -> Sides:
    source = f"sqlite:///{tmp_path}/shop.sqlite3" if request.param == "sqlite" else postgres.database()
    made = Sides(shop, source, postgres.database())
    made.monolith("migrate", "--verbosity=0")
    made.monolith("seed_demo", "--customers=3")
    made.monolith("shell", "--verbosity=0", "--command", ROWS)
    made.service("migrate", "--verbosity=0")
    return made


def test_rows_go_over_and_what_was_written_since_comes_back(sides: Sides) -> None:
    copied = {each["table"]: each["rows"] for each in sides.copy_data("copy", "--batch", "17")["tables"]}
    assert (copied["reviews_review"], copied["reviews_reviewvote"]) == (150, 150)
    assert sides.copy_data("cut-over")["same"] is True
    sides.copy_data("copy", code=2)

    write = (
        "from shop.reviews.models import Review; first = Review.objects.order_by('pk').first();"
        "new = Review.objects.create(product_id=first.product_id, author_id=1, rating=5, body='since');"
        "Review.objects.filter(pk=first.pk).update(title='changed since'); Review.objects.order_by('pk')[3].votes.all().delete(); print(new.pk)"
    )
    number = sides.service("shell", "--verbosity=0", "--command", write)
    assert sides.copy_data("reconcile")["same"] is True
    back = {each["table"]: each for each in sides.copy_data("back", "--final")["tables"]}
    assert (back["reviews_review"]["inserted"], back["reviews_review"]["updated"], back["reviews_reviewvote"]["deleted"]) == (1, 1, 1)
    read = "from shop.reviews.models import Review; print(Review.objects.order_by('pk').first().title, Review.objects.get(body='since').pk)"
    assert sides.monolith("shell", "--verbosity=0", "--command", read) == f"changed since {number}"
    # A signal of the reviews counts the stars of a product, in the service those of its shadow row: the monolith's are right again.
    shadows = {each["table"]: each["updated"] for each in sides.copy_data("copy")["tables"]}
    assert {table for table, updated in shadows.items() if updated} <= {"catalog_product"}
    assert sides.copy_data("verify")["same"] is True


def test_nothing_ties_the_tables_together_after_the_split(shop: Path, postgres: Server) -> None:
    import psycopg

    sides = Sides(shop, postgres.database(), postgres.database())
    sides.monolith("migrate", "--verbosity=0")
    with psycopg.connect(sides.source) as connection:
        asked = (
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
            " AND (conrelid::regclass::text LIKE 'reviews_%') <> (confrelid::regclass::text LIKE 'reviews_%')"
        )
        assert connection.execute(asked).fetchall() == []
        sides.monolith("migrate", "reviews", "0001", "--verbosity=0")
        assert len(connection.execute(asked).fetchall()) == 4
