"""The copy job on real databases: it goes on where it was killed, and its check finds what is wrong."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from postgres import Server
from projects import Monolith

from decompose.generate import data
from decompose.generate.render import make_render
from decompose.resources import templates

SHOP = """
# shop/settings.py
INSTALLED_APPS = ["shop.catalog", "shop.reviews"]

# shop/catalog/models.py
from django.db import models

class Shelf(models.Model):
    room = models.CharField(max_length=20)

class Product(models.Model):
    name = models.CharField(max_length=50)
    secret = models.CharField(max_length=50)
    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE)

# shop/reviews/models.py
import uuid

from django.db import models

from shop.catalog.models import Product

class Tag(models.Model):
    name = models.SlugField(primary_key=True)

class Review(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    answer_to = models.ForeignKey("self", null=True, on_delete=models.CASCADE)
    tags = models.ManyToManyField(Tag)
    worth = models.DecimalField(max_digits=9, decimal_places=2)
    good = models.BooleanField()
    at = models.DateTimeField()
    extra = models.JSONField()

class Vote(models.Model):
    review = models.ForeignKey(Review, on_delete=models.CASCADE)
    number = models.IntegerField()

# shop/reviews/tasks.py
from celery import shared_task

from shop.reviews.models import Review

@shared_task
def remind():
    return [(review.product.name, review.product.shelf.room) for review in Review.objects.all()]
"""

SCHEMA = """
CREATE TABLE catalog_shelf (id BIGINT PRIMARY KEY, room VARCHAR(20));
CREATE TABLE catalog_product (id BIGINT PRIMARY KEY, name VARCHAR(50), shelf_id BIGINT REFERENCES catalog_shelf (id) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE reviews_tag (name VARCHAR(50) PRIMARY KEY);
CREATE TABLE reviews_review (
    id UUID PRIMARY KEY, product_id BIGINT NOT NULL REFERENCES catalog_product (id) DEFERRABLE INITIALLY DEFERRED,
    answer_to_id UUID REFERENCES reviews_review (id) DEFERRABLE INITIALLY DEFERRED, worth DECIMAL(9, 2) NOT NULL, good BOOLEAN NOT NULL,
    at TIMESTAMPTZ NOT NULL, extra JSONB NOT NULL
);
CREATE TABLE reviews_review_tags (
    id BIGSERIAL PRIMARY KEY, review_id UUID NOT NULL REFERENCES reviews_review (id) DEFERRABLE INITIALLY DEFERRED,
    tag_id VARCHAR(50) NOT NULL REFERENCES reviews_tag (name) DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE reviews_vote (
    id BIGSERIAL PRIMARY KEY, review_id UUID NOT NULL REFERENCES reviews_review (id) DEFERRABLE INITIALLY DEFERRED, number INTEGER NOT NULL
);
"""
SQLITE = SCHEMA.replace("UUID", "CHAR(32)").replace("BIGSERIAL", "INTEGER").replace("TIMESTAMPTZ", "DATETIME").replace("JSONB", "TEXT")
MONOLITHS_OWN = """
ALTER TABLE catalog_product ADD COLUMN secret VARCHAR(50) DEFAULT 'x';
ALTER TABLE reviews_review ADD COLUMN old INT;
"""

ROWS = 40


def key(number: int) -> str:
    return f"{number * 7919 % 100_000:032x}"


def rows(votes: int = ROWS) -> dict[str, list[tuple[Any, ...]]]:
    """Rows by table and columns: answers point forwards and backwards, and the last one to the first."""
    moment, extra = "2024-02-03 04:05:06.789000", '{"n": [1, "ö", 1.50, 2e3], "longer": null, "b": true}'
    return {
        "catalog_shelf (id, room)": [(1, "north")],
        "catalog_product (id, name, shelf_id)": [(1, "Größe\t%\\", 1)],
        "reviews_tag (name)": [("a",), ("b",), ("ä",)],
        "reviews_review (id, product_id, answer_to_id, worth, good, at, extra)": [
            (key(n), 1, key((n + 1) % ROWS), 3.5 + n, n % 2, moment if n % 3 else "2024-02-03 04:05:06", extra) for n in range(ROWS)
        ],
        "reviews_review_tags (id, review_id, tag_id)": [(n, key(n), "ab"[n % 2]) for n in range(1, ROWS)],
        "reviews_vote (id, review_id, number)": [(n, key(n % ROWS), n) for n in range(1, votes + 1)],
    }


class Base:
    """A database on either side, changed and asked by a test."""

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        if self.url.startswith("sqlite"):
            with sqlite3.connect(self.url.removeprefix("sqlite:///"), timeout=60) as connection:
                return connection.execute(sql, values).fetchall()
        import psycopg

        with psycopg.connect(self.url) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            cursor = connection.execute(sql.replace("?", "%s"), values)
            return cursor.fetchall() if cursor.description else []

    def dump(self) -> list[str]:
        with sqlite3.connect(self.url.removeprefix("sqlite:///")) as connection:
            return [*connection.iterdump()]

    def count(self, table: str) -> int:
        return int(self.run(f"SELECT count(*) FROM {table}")[0][0])

    def fill(self, votes: int = ROWS) -> None:
        for table, many in rows(votes).items():
            marks = ", ".join("?" * len(many[0]))
            if self.url.startswith("sqlite"):
                with sqlite3.connect(self.url.removeprefix("sqlite:///")) as connection:
                    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", many)
            else:
                import psycopg

                with psycopg.connect(self.url) as connection:
                    connection.execute("SET TimeZone = 'UTC'")
                    with connection.cursor().copy(f"COPY {table} FROM STDIN") as into:
                        for row in many:
                            into.write_row(row)


class Job:
    """The copy job of a service with a database on both sides."""

    def __init__(self, program: Path, monolith: Base, service: Base) -> None:
        self.monolith, self.service = monolith, service
        self._folder = program

    def start(self, command: str, *options: str) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "copy_data", *self._words(command, options)]
        return subprocess.Popen(words, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def run(self, command: str, *options: str) -> tuple[int, str]:
        """Exit code and report, or why there is none; in this process, which saves the start of another."""
        main = import_module("copy_data.__main__").main
        output, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(output), redirect_stderr(errors):
            code = main(self._words(command, options))
        return code, (output.getvalue() or errors.getvalue()).strip()

    def _words(self, command: str, options: tuple[str, ...]) -> list[str]:
        return [command, "--source", self.monolith.url, "--target", self.service.url, *options]

    def fine(self, command: str, *options: str) -> Any:
        """The report of a command that has to end with 0."""
        code, output = self.run(command, *options, "--format", "json")
        assert code == 0, output
        return json.loads(output)

    def agrees(self) -> None:
        code, output = self.run("verify", "--batch", "7")
        assert code == 0, output


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that holds the package alone: nothing of the service is needed."""
    folder = tmp_path_factory.mktemp("program")
    for artifact in data.generate(Monolith(SHOP).service("reviews"), make_render(templates())):
        path = folder / "copy_data" / artifact.path.rpartition("/")[2]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(artifact.content)
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.partition(".")[0] == "copy_data"]:
        del sys.modules[name]


KINDS = ("sqlite-sqlite", "sqlite-postgres", "postgres-postgres", "postgres-sqlite")


def base(kind: str, folder: Path, name: str, server: Any, more: str = "") -> Base:
    if kind == "sqlite":
        with sqlite3.connect(folder / f"{name}.sqlite") as connection:
            # Whoever looks on while the job commits is never locked out.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(SQLITE + more)
        return Base(f"sqlite:///{folder}/{name}.sqlite")
    return Base(server.getfixturevalue("postgres").database(SCHEMA + more))


@pytest.fixture(params=KINDS)
def job(request: pytest.FixtureRequest, tmp_path: Path, program: Path) -> Job:
    source, target = request.param.split("-")
    monolith = base(source, tmp_path, "monolith", request, MONOLITHS_OWN)
    monolith.fill()
    return Job(program, monolith, base(target, tmp_path, "service", request))


@pytest.fixture
def embedded(tmp_path: Path, program: Path, request: pytest.FixtureRequest) -> Job:
    """SQLite on both sides."""
    monolith = base("sqlite", tmp_path, "monolith", request, MONOLITHS_OWN)
    monolith.fill()
    return Job(program, monolith, base("sqlite", tmp_path, "service", request))


# --- copying ------------------------------------------------------------------------------------------


def test_all_tables_of_the_context_and_its_shadows_are_copied(job: Job) -> None:
    done = job.fine("copy", "--batch", "7")
    assert {each["table"]: each["rows"] for each in done["tables"]} == {
        "catalog_shelf": 1, "catalog_product": 1, "reviews_tag": 3, "reviews_review": ROWS, "reviews_review_tags": ROWS - 1, "reviews_vote": ROWS,
    }  # fmt: skip
    job.agrees()


def test_values_mean_the_same_on_both_sides(job: Job) -> None:
    job.fine("copy")
    asked = "SELECT r.id, worth, good, at, extra, name FROM reviews_review r JOIN catalog_product p ON p.id = product_id ORDER BY r.id"
    found = [base.run(asked) for base in (job.monolith, job.service)]
    plain = [
        [(str(id).replace("-", ""), float(worth), bool(good), str(at)[:19], extra if isinstance(extra, dict) else json.loads(extra), name)
         for id, worth, good, at, extra, name in each] for each in found
    ]  # fmt: skip
    assert plain[0] == plain[1]
    assert len(plain[0]) == ROWS


def test_copying_twice_copies_nothing_the_second_time(job: Job) -> None:
    job.fine("copy")
    assert {(t["rows"], t["inserted"], t["updated"], t["deleted"]) for t in job.fine("copy")["tables"]} == {(0, 0, 0, 0)}


def test_rows_that_changed_since_are_brought_up_to_date(job: Job) -> None:
    job.fine("copy", "--batch", "7")
    job.monolith.run(f"INSERT INTO reviews_vote VALUES (1000, '{key(1)}', 3)")
    job.monolith.run("UPDATE reviews_vote SET number = -1 WHERE id IN (5, 39)")
    job.monolith.run("DELETE FROM reviews_vote WHERE id = 17")
    job.monolith.run(f"UPDATE reviews_review SET good = {'NOT good' if 'postgres' in job.monolith.url else '1 - good'} WHERE worth < 6")
    done = {each["table"]: each for each in job.fine("copy", "--batch", "7")["tables"]}
    votes = done["reviews_vote"]
    assert (votes["rows"], votes["inserted"], votes["updated"], votes["deleted"]) == (1, 0, 2, 1)
    assert done["reviews_review"]["updated"] == 3
    job.agrees()


@pytest.mark.parametrize("killed", [3, 11])
def test_a_job_that_was_killed_goes_on_where_it_was(killed: int, request: pytest.FixtureRequest, tmp_path: Path, program: Path) -> None:
    votes = 20_000
    kind = ("sqlite", "postgres")[killed == 11]
    monolith = base("sqlite", tmp_path, "monolith", request, MONOLITHS_OWN)
    monolith.fill(votes)
    job = Job(program, monolith, base(kind, tmp_path, "service", request))
    process = job.start("copy", "--batch", "5")
    while process.poll() is None and job.service.count("reviews_vote") < killed:
        time.sleep(0.01)
    process.kill()
    process.wait()
    before = job.service.count("reviews_vote")
    assert killed <= before < votes
    assert before % 5 == 0, "a batch is there as a whole or not at all"
    done = {each["table"]: each for each in job.fine("copy")["tables"]}
    assert (done["reviews_vote"]["rows"], done["reviews_vote"]["inserted"]) == (votes - before, 0)
    job.agrees()


def test_rows_that_are_there_already_become_the_copied_ones(job: Job) -> None:
    job.service.run("INSERT INTO catalog_shelf VALUES (1, 'elsewhere')")
    job.service.run("INSERT INTO reviews_tag VALUES ('b')")
    job.service.run("INSERT INTO reviews_tag VALUES ('gone')")
    job.fine("copy")
    job.agrees()


def test_a_value_that_moved_to_another_row_meanwhile_is_no_obstacle(job: Job) -> None:
    for side in (job.monolith, job.service):
        side.run("CREATE UNIQUE INDEX one_number ON reviews_vote (number)")
    job.fine("copy")
    job.monolith.run("UPDATE reviews_vote SET number = -number")
    job.monolith.run("UPDATE reviews_vote SET number = id + 1 WHERE id < 40")
    job.monolith.run("UPDATE reviews_vote SET number = 1 WHERE id = 40")
    job.fine("copy")
    job.agrees()


# --- checking -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE reviews_vote SET number = -1 WHERE id IN (5, 38)", ["reviews_vote: 2 rows differ: 5; 38"]),
        ("DELETE FROM reviews_vote WHERE id = 5", ["reviews_vote: 40 rows in the source, 39 in the target", "reviews_vote: 1 rows are missing in the target: 5"]),
        (f"INSERT INTO reviews_vote VALUES (900, '{key(1)}', 1)", ["reviews_vote: 40 rows in the source, 41 in the target", "reviews_vote: 1 rows are in the target only: 900"]),
        (f"UPDATE reviews_review SET worth = 3.51 WHERE id = '{key(0)}'", [f"reviews_review: 1 rows differ: {key(0)}"]),
        ("UPDATE catalog_product SET name = 'other'", ["catalog_product: 1 rows differ: 1"]),
    ],
)  # fmt: skip
def test_the_check_names_the_rows_that_are_not_the_same(job: Job, sql: str, found: list[str]) -> None:
    job.fine("copy")
    job.service.run(sql)
    code, output = job.run("verify", "--batch", "7")
    assert code == 1
    lines = [line for line in output.splitlines() if "would be" not in line]
    assert lines == found


def test_many_differences_are_counted_and_some_are_named(embedded: Job) -> None:
    embedded.fine("copy")
    embedded.service.run("UPDATE reviews_vote SET number = -1")
    code, output = embedded.run("verify", "--batch", "7", "--format", "json")
    (votes,) = [each for each in json.loads(output)["tables"] if each["table"] == "reviews_vote"]
    (problem,) = votes["problems"]
    assert (code, problem["kind"], problem["rows"], len(problem["keys"])) == (1, "changed", ROWS, 20)
    assert votes["ranges"] == 7, "six of at most seven rows, and whatever comes after the last of them"


def test_rows_that_point_at_nothing_are_named(embedded: Job) -> None:
    embedded.monolith.run("UPDATE reviews_vote SET review_id = 'none' WHERE id = 5")
    embedded.fine("copy")
    code, output = embedded.run("verify")
    assert (code, output) == (1, "reviews_vote: 1 rows point at rows of reviews_review that are not there, review_id = none")


def test_a_foreign_key_without_its_rows_waits_and_says_so(tmp_path: Path, program: Path, request: pytest.FixtureRequest) -> None:
    monolith = base("sqlite", tmp_path, "monolith", request, MONOLITHS_OWN)
    monolith.fill()
    monolith.run(f"UPDATE reviews_vote SET review_id = '{99:032x}' WHERE id = 5")
    job = Job(program, monolith, base("postgres", tmp_path, "service", request))
    code, output = job.run("copy")
    assert code == 2 and "these foreign keys wait: reviews_vote.reviews_vote_review_id_fkey" in output
    code, output = job.run("verify")
    assert code == 1
    assert "reviews_vote: 1 rows point at rows of reviews_review that are not there" in output
    assert "reviews_vote: the foreign key reviews_vote_review_id_fkey is still set aside: run the copy again" in output
    monolith.run("DELETE FROM reviews_vote WHERE id = 5")
    job.fine("copy")
    job.agrees()
    keys = job.service.run("SELECT condeferrable FROM pg_constraint WHERE contype = 'f' AND conrelid = 'reviews_vote'::regclass")
    assert keys == [(True,)]


def test_new_rows_begin_after_every_number_that_was_ever_given(postgres: Server, program: Path) -> None:
    monolith, service = Base(postgres.database(SCHEMA + MONOLITHS_OWN)), Base(postgres.database(SCHEMA))
    monolith.fill()
    monolith.run("SELECT setval('reviews_vote_id_seq', 70)")  # rows up to 70 were there once
    job = Job(program, monolith, service)
    job.fine("copy")
    assert service.run(f"INSERT INTO reviews_vote (review_id, number) VALUES ('{key(1)}', 1) RETURNING id") == [(71,)]
    assert service.run(f"INSERT INTO reviews_review_tags (review_id, tag_id) VALUES ('{key(1)}', 'a') RETURNING id") == [(ROWS,)]
    service.run("SELECT setval('reviews_vote_id_seq', 3)")
    assert "reviews_vote: the next id would be 4, and 71 is in use" in job.run("verify")[1]


def test_the_check_writes_nothing(embedded: Job) -> None:
    before = embedded.service.dump()
    assert embedded.run("verify")[0] == 1
    assert embedded.service.dump() == before


def test_nothing_is_written_to_the_monolith(embedded: Job) -> None:
    before = embedded.monolith.dump()
    for command in ("copy", "verify", "cut-over", "reconcile"):
        embedded.fine(command)
    assert embedded.monolith.dump() == before


# --- cut-over and back --------------------------------------------------------------------------------


def test_rows_belong_to_the_service_after_the_cut_over(job: Job) -> None:
    assert job.run("cut-over")[0] == 1, "nothing was copied yet"
    job.fine("copy")
    done = job.fine("cut-over")
    assert done["cut_over"]["tables"]["reviews_vote"]["rows"] == ROWS
    code, output = job.run("copy")
    assert code == 2 and "the service owns these rows" in output


def test_what_was_written_since_the_cut_over_comes_back(job: Job) -> None:
    assert job.run("back")[0] == 2, "before the cut-over the monolith's rows are the newer ones"
    job.fine("copy")
    job.fine("cut-over")
    job.service.run(f"INSERT INTO reviews_vote VALUES (41, '{key(1)}', 3)")
    if "postgres" in job.service.url:
        job.service.run("SELECT setval('reviews_vote_id_seq', 41)")
    job.service.run("UPDATE reviews_vote SET number = -1 WHERE id = 5")
    job.service.run(f"UPDATE reviews_review SET answer_to_id = NULL WHERE answer_to_id = '{key(3)}'")
    job.service.run(f"DELETE FROM reviews_vote WHERE review_id = '{key(3)}'")
    job.service.run(f"DELETE FROM reviews_review_tags WHERE review_id = '{key(3)}'")
    job.service.run(f"DELETE FROM reviews_review WHERE id = '{key(3)}'")
    done = {each["table"]: each for each in job.fine("back", "--batch", "7")["tables"]}
    assert "catalog_product" not in done, "a shadow is the monolith's own"
    votes = done["reviews_vote"]
    assert (votes["inserted"], votes["updated"], votes["deleted"]) == (1, 1, 1)
    job.agrees()
    assert job.run("copy")[0] == 2
    job.fine("back", "--final")
    job.fine("copy")


def test_a_way_back_that_would_break_the_monolith_changes_nothing(embedded: Job) -> None:
    embedded.fine("copy")
    embedded.fine("cut-over")
    embedded.monolith.run("CREATE TABLE orders (review_id CHAR(32) REFERENCES reviews_review (id) DEFERRABLE INITIALLY DEFERRED)")
    embedded.monolith.run(f"INSERT INTO orders VALUES ('{key(3)}')")
    for table, column in (("reviews_vote", "review_id"), ("reviews_review_tags", "review_id"), ("reviews_review", "id")):
        embedded.service.run(f"DELETE FROM {table} WHERE {column} = '{key(3)}'")
    code, output = embedded.run("back")
    assert (code, "FOREIGN KEY" in output) == (3, True)
    assert embedded.monolith.count("reviews_vote") == ROWS


def test_references_across_the_cut_are_reconciled(job: Job) -> None:
    job.fine("copy")
    job.fine("reconcile")
    job.monolith.run("UPDATE reviews_review SET product_id = 1")
    for sql in ("DELETE FROM reviews_review_tags", "DELETE FROM reviews_vote", "DELETE FROM reviews_review", "DELETE FROM catalog_product"):
        job.monolith.run(sql)
    code, output = job.run("reconcile")
    assert (code, output) == (1, "reviews_review.product_id of the service: 1 values name no row of catalog_product: 1")


# --- refusals -----------------------------------------------------------------------------------------


def test_a_target_without_tables_is_told_to_migrate(tmp_path: Path, program: Path, request: pytest.FixtureRequest) -> None:
    sqlite3.connect(tmp_path / "service.sqlite").close()
    job = Job(program, base("sqlite", tmp_path, "monolith", request), Base(f"sqlite:///{tmp_path}/service.sqlite"))
    assert job.run("copy") == (2, "the target has no table catalog_shelf: run the migrations first")


@pytest.mark.parametrize("side", ["source", "target"])
def test_a_column_that_one_side_lacks_stops_the_job(embedded: Job, side: str) -> None:
    (embedded.monolith if side == "source" else embedded.service).run("ALTER TABLE reviews_vote DROP COLUMN number")
    assert embedded.run("copy") == (2, f"reviews_vote of the {side} lacks number: plan again")


def test_an_address_may_name_a_driver(embedded: Job) -> None:
    embedded.service.url = embedded.service.url.replace("sqlite:", "sqlite+pysqlite:")
    embedded.fine("copy")


def test_an_address_of_another_database_is_refused(embedded: Job) -> None:
    embedded.service.url = "mysql://x@localhost/x"
    assert embedded.run("copy") == (2, "not a database URL that is known here: mysql://")


def test_a_database_that_is_not_there_ends_with_3(embedded: Job) -> None:
    embedded.service.url = embedded.service.url.replace("service.sqlite", "none.sqlite")
    code, output = embedded.run("copy")
    assert (code, "unable to open" in output) == (3, True)


def test_a_database_is_not_copied_onto_itself(embedded: Job) -> None:
    embedded.service = embedded.monolith
    assert embedded.run("copy")[0] == 2
