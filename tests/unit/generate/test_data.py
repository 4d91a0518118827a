"""The copy job on real databases: it goes on where it was killed, and its check finds what is wrong."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
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
SQLITE = SCHEMA.replace("UUID", "CHAR(32)").replace("BIGSERIAL", "INTEGER").replace("TIMESTAMPTZ", "DATETIME")

ROWS = 40


def key(number: int) -> str:
    return f"{number * 7919 % 100_000:032x}"


def fill(path: Path, votes: int = ROWS) -> None:
    """The monolith's database, with columns that the service does not keep."""
    with sqlite3.connect(path) as monolith:
        monolith.executescript(SQLITE + "ALTER TABLE catalog_product ADD COLUMN secret VARCHAR(50) DEFAULT 'x'; ALTER TABLE reviews_review ADD COLUMN old INT;")
        monolith.execute("INSERT INTO catalog_shelf VALUES (1, 'north')")
        monolith.execute("INSERT INTO catalog_product (id, name, shelf_id) VALUES (1, 'Größe', 1)")
        monolith.executemany("INSERT INTO reviews_tag VALUES (?)", [("a",), ("b",)])
        rows = [(key(n), 1, key(n + 1) if n + 1 < ROWS else None, 3.5, n % 2, "2024-02-03 04:05:06.789000", '{"n": [1, "ö"]}') for n in range(ROWS)]
        monolith.executemany("INSERT INTO reviews_review (id, product_id, answer_to_id, worth, good, at, extra) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        monolith.executemany("INSERT INTO reviews_review_tags VALUES (?, ?, ?)", [(n, key(n), "ab"[n % 2]) for n in range(1, ROWS)])
        monolith.executemany("INSERT INTO reviews_vote VALUES (?, ?, ?)", [(n, key(n % ROWS), n) for n in range(1, votes + 1)])


class Job:
    """The copy job of a service with a database on both sides."""

    def __init__(self, folder: Path, script: bytes, target: str, votes: int = ROWS) -> None:
        self.folder = folder
        (folder / "copy_data.py").write_bytes(script)
        fill(folder / "monolith.sqlite", votes)
        self.options = ["--source", f"sqlite:///{folder}/monolith.sqlite", "--target", target]

    def start(self, *options: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(self.folder / "copy_data.py"), *self.options, *options]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, *options: str) -> tuple[int, str]:
        process = self.start(*options)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output.strip()

    def change(self, sql: str, database: str = "service") -> None:
        with sqlite3.connect(self.folder / f"{database}.sqlite") as changed:
            changed.execute(sql)

    def count(self, table: str) -> int:
        with sqlite3.connect(self.folder / "service.sqlite", timeout=60) as service:
            return int(service.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@pytest.fixture(scope="module")
def script() -> bytes:
    (artifact,) = data.generate(Monolith(SHOP).service("reviews"), make_render(templates()))
    return artifact.content


@pytest.fixture
def job(tmp_path: Path, script: bytes) -> Job:
    with sqlite3.connect(tmp_path / "service.sqlite") as service:
        service.executescript(SQLITE)
    return Job(tmp_path, script, f"sqlite:///{tmp_path}/service.sqlite")


def test_all_tables_of_the_context_and_its_shadows_are_copied(job: Job) -> None:
    code, output = job.run("--batch", "7")
    assert code == 0, output
    assert dict(re.findall(r"(\w+): (\d+) rows", output)) == {
        "catalog_shelf": "1", "catalog_product": "1", "reviews_tag": "2", "reviews_review": str(ROWS),
        "reviews_review_tags": str(ROWS - 1), "reviews_vote": str(ROWS),
    }  # fmt: skip
    assert job.run("--verify") == (0, "every table agrees")


def test_copying_twice_copies_nothing_the_second_time(job: Job) -> None:
    job.run()
    assert set(re.findall(r": (\d+) rows", job.run()[1])) == {"0"}


def test_rows_that_came_later_are_copied_by_the_next_run(job: Job) -> None:
    job.run()
    job.change(f"INSERT INTO reviews_vote VALUES (1000, '{key(1)}', 3)", "monolith")
    assert "reviews_vote: 1 rows" in job.run()[1]
    assert job.run("--verify")[0] == 0


def test_a_job_that_was_killed_goes_on_where_it_was(tmp_path: Path, script: bytes) -> None:
    with sqlite3.connect(tmp_path / "service.sqlite") as service:
        # The job commits all the time; with a write-ahead log whoever looks on is never locked out.
        service.execute("PRAGMA journal_mode = WAL")
        service.executescript(SQLITE)
    votes = 20_000
    job = Job(tmp_path, script, f"sqlite:///{tmp_path}/service.sqlite", votes)
    process = job.start("--batch", "2")
    while process.poll() is None and job.count("reviews_vote") < 10:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    before = job.count("reviews_vote")
    assert 10 <= before < votes
    code, output = job.run()
    assert code == 0, output
    assert f"reviews_vote: {votes - before} rows" in output
    assert job.run("--verify") == (0, "every table agrees")


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE reviews_vote SET number = -1 WHERE id = 5", r"reviews_vote: keys 1 to 40 differ \(40 rows in the source, 40 in the target\)"),
        ("DELETE FROM reviews_vote WHERE id = 5", "reviews_vote: 40 rows in the source, 39 in the target"),
        (f"INSERT INTO reviews_vote VALUES (900, '{key(1)}', 1)", "reviews_vote: 40 rows in the source, 41 in the target"),
        ("UPDATE reviews_review SET worth = 3.51", "reviews_review: keys .* differ"),
        ("UPDATE reviews_vote SET review_id = 'none' WHERE id = 5", "reviews_vote: row 5 points at a row of reviews_review that is not there"),
        ("UPDATE catalog_product SET name = 'other'", "catalog_product: keys 1 to 1 differ"),
    ],
)
def test_the_check_finds_what_is_not_the_same(job: Job, sql: str, found: str) -> None:
    job.run()
    job.change(sql)
    code, output = job.run("--verify")
    assert code == 1
    assert re.search(found, output), output


def test_the_check_writes_nothing(job: Job) -> None:
    before = (job.folder / "service.sqlite").read_bytes()
    assert job.run("--verify")[0] == 1
    assert (job.folder / "service.sqlite").read_bytes() == before


def test_a_target_without_tables_is_told_to_migrate(tmp_path: Path, script: bytes) -> None:
    sqlite3.connect(tmp_path / "service.sqlite").close()
    job = Job(tmp_path, script, f"sqlite:///{tmp_path}/service.sqlite")
    code, output = job.run()
    assert (code, output.splitlines()[-1]) == (1, "the target has no table catalog_shelf: run the migrations first")


@pytest.mark.parametrize(("side", "database"), [("source", "monolith"), ("target", "service")])
def test_a_column_that_one_side_lacks_stops_the_job(job: Job, side: str, database: str) -> None:
    job.change("ALTER TABLE reviews_vote DROP COLUMN number", database)
    code, output = job.run()
    assert (code, output.splitlines()[-1]) == (1, f"reviews_vote of the {side} lacks number: plan again")


# --- PostgreSQL -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The address of an empty PostgreSQL server of this test's own."""
    psycopg = pytest.importorskip("psycopg")
    programs = {name: shutil.which(name) for name in ("initdb", "pg_ctl")}
    if None in programs.values():
        pytest.skip("the programs of PostgreSQL are not installed")
    user = None
    if os.geteuid() == 0:
        if "postgres" not in {each.pw_name for each in pwd.getpwall()}:
            pytest.skip("PostgreSQL does not run as root, and there is no user postgres")
        user = "postgres"
    folder = Path("/tmp") / f"decompose-postgres-{os.getpid()}"
    folder.mkdir()
    if user:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    cluster = f"{folder}/data"
    start = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    try:
        subprocess.run([programs["initdb"], "-D", cluster, "-U", "copier", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale", "C"], check=True, user=user, cwd=folder, capture_output=True, timeout=120)
        subprocess.run([programs["pg_ctl"], "-D", cluster, "-w", "-o", start, "-l", f"{folder}/log", "start"], check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, timeout=120)
        try:
            url = f"postgres://copier@127.0.0.1:{port}/postgres"
            with psycopg.connect(url) as connection:
                connection.execute(SCHEMA)
                connection.execute("ALTER ROLE copier SET TimeZone = 'Asia/Tokyo'")
            yield url
        finally:
            subprocess.run([programs["pg_ctl"], "-D", cluster, "-m", "immediate", "stop"], check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_rows_of_sqlite_are_the_same_in_postgresql(tmp_path: Path, script: bytes, postgres: str) -> None:
    import psycopg

    job = Job(tmp_path, script, postgres)
    code, output = job.run("--batch", "7")
    assert code == 0, output
    assert job.run("--verify") == (0, "every table agrees")
    with psycopg.connect(postgres) as connection:
        moment = connection.execute("SELECT at AT TIME ZONE 'UTC' FROM reviews_review LIMIT 1").fetchone()
        assert str(moment[0]) == "2024-02-03 04:05:06.789000"
        connection.execute(f"INSERT INTO reviews_vote (review_id, number) VALUES ('{key(1)}', 1)")
        assert connection.execute("SELECT max(id) FROM reviews_vote").fetchone() == (ROWS + 1,)
        connection.execute("DELETE FROM reviews_vote WHERE id > 40")
        connection.execute("UPDATE reviews_vote SET number = -1 WHERE id = 5")
    assert "reviews_vote: keys 1 to 40 differ" in job.run("--verify")[1]
