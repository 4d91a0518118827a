"""How fast the copy job of a service is: copied, killed in the middle and resumed, checked, beside COPY alone.

``python tests/benchmark/copy_rows.py [--rows 250000 500000 1000000]`` starts a PostgreSQL server of its own and prints one line for each kind of source
and number of rows. ``--firm`` ends with 1 when a copy makes less than 20,000 rows a second, grows faster than its rows, or takes more memory for more.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

import psycopg
from postgres import Server, server

from decompose.generate.data import PROGRAM
from decompose.generate.render import make_render
from decompose.resources import templates

COLUMNS = {
    "id": "big", "customer_id": "big", "code": "uuid", "title": "string", "body": "text", "amount": "decimal", "paid": "boolean",
    "created_at": "datetime", "extra": "json",
}  # fmt: skip
SCHEMA = """
CREATE TABLE customers (id BIGINT PRIMARY KEY, name VARCHAR(50) NOT NULL);
CREATE TABLE orders (
    id BIGSERIAL PRIMARY KEY, customer_id BIGINT NOT NULL REFERENCES customers (id) DEFERRABLE INITIALLY DEFERRED, code UUID NOT NULL UNIQUE,
    title VARCHAR(100) NOT NULL, body TEXT NOT NULL, amount NUMERIC(12, 2) NOT NULL, paid BOOLEAN NOT NULL, created_at TIMESTAMPTZ NOT NULL, extra JSONB
);
CREATE INDEX orders_customer ON orders (customer_id);
"""
SQLITE = (
    SCHEMA.replace("UUID", "CHAR(32)").replace("BIGSERIAL", "INTEGER").replace("TIMESTAMPTZ", "DATETIME").replace("JSONB", "TEXT")
    .replace("NUMERIC(12, 2)", "DECIMAL(12, 2)")
)  # fmt: skip
CUSTOMERS = 10_000
LEAST = 20_000


class Measured(NamedTuple):
    """Seconds and MiB of one copy of ``rows``, ``processor`` seconds of its own process; ``resumed`` are the rows that were left when it was killed."""

    source: str
    rows: int
    copied: float
    processor: float
    verified: float
    resumed: int
    floor: float
    memory: int

    @property
    def rate(self) -> float:
        return self.rows / self.copied


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[250_000, 500_000, 1_000_000])
    parser.add_argument("--firm", action="store_true", help="end with 1 when a target is missed")
    options = parser.parse_args()
    found = []
    print(f"{'source':9}{'rows':>10}{'copy s':>8}{'CPU s':>7}{'rows/s':>9}{'COPY s':>8}{'verify s':>9}{'rows/s':>9}{'resumed':>9}{'MiB':>6}", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-copy-") as scratch, server() as postgres:
        folder = Path(scratch)
        write_program(folder)
        for kind in ("postgres", "sqlite"):
            for rows in options.rows:
                one = measure(folder, postgres, kind, rows)
                found.append(one)
                print(
                    f"{one.source:9}{one.rows:10,}{one.copied:8.1f}{one.processor:7.1f}{one.rate:9,.0f}{one.floor:8.1f}{one.verified:9.1f}"
                    f"{one.rows / one.verified:9,.0f}{one.resumed:9,}{one.memory:6}",
                    flush=True,
                )
    return int(options.firm and not all(map(fine, found, [found[0] if one.source == "postgres" else found[len(options.rows)] for one in found])))


def fine(one: Measured, first: Measured) -> bool:
    """Fast enough, and as fast and as small as with the fewest rows; a third more is the noise of a shared machine."""
    return one.rate >= LEAST and one.rate * 1.33 >= first.rate and one.memory <= first.memory * 1.33


def write_program(folder: Path) -> None:
    """The generated package for the two tables."""
    render = make_render(templates())
    package = folder / "copy_data"
    package.mkdir()
    for module in PROGRAM:
        (package / f"{module}.py").write_bytes(render(f"data/copy_data/{module}.py"))
    tables = [
        {"name": "customers", "key": ("id",), "columns": {"id": "big", "name": "string"}, "references": {}, "shadow": True},
        {"name": "orders", "key": ("id",), "columns": COLUMNS, "references": {"customer_id": "customers"}, "shadow": False},
    ]
    text = render("data/copy_data/tables.py.j2", name="orders", fractions=False, tables=tables, links=[])
    (package / "tables.py").write_bytes(text)


def measure(folder: Path, postgres: Server, kind: str, rows: int) -> Measured:
    source = fill(folder, postgres, kind, rows)
    floor = copy_alone(postgres, source)
    target = postgres.database(SCHEMA)
    urls = ["--source", source, "--target", target]
    copied, used = timed(folder, "copy", *urls)
    verified, _ = timed(folder, "verify", *urls)
    resumed = kill_and_resume(folder, source, postgres.database(SCHEMA), rows)
    for url in (source, target):
        if kind == "sqlite" and url == source:
            Path(url.removeprefix("sqlite:///")).unlink()
        else:
            drop(postgres, url)
    return Measured(kind, rows, copied, used.ru_utime + used.ru_stime, verified, resumed, floor, used.ru_maxrss // 1024)


def command(name: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "copy_data", name, *options]


def timed(folder: Path, name: str, *options: str) -> tuple[float, resource.struct_rusage]:
    """Seconds of a command that has to end with 0, and what it used."""
    began = time.monotonic()
    process = subprocess.Popen(command(name, *options), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    errors = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{name} ended with {process.returncode}: {errors[-2000:]}")
    return time.monotonic() - began, used


def kill_and_resume(folder: Path, source: str, target: str, rows: int) -> int:
    """Kills a copy when half of the rows are there, and copies the rest: how many that were."""
    urls = ["--source", source, "--target", target]
    process = subprocess.Popen(command("copy", *urls), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with psycopg.connect(target, autocommit=True) as connection:

        def count() -> int:
            return int(connection.execute("SELECT count(*) FROM orders").fetchone()[0])  # type: ignore[index]

        while process.poll() is None and count() < rows // 2:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        left = rows - count()
    done = subprocess.run(command("copy", *urls, "--format", "json"), cwd=folder, capture_output=True, text=True, check=True)
    again = {each["table"]: each for each in json.loads(done.stdout)["tables"]}["orders"]
    if (again["rows"], again["inserted"], again["updated"], again["deleted"]) != (left, 0, 0, 0):
        raise SystemExit(f"{left} rows were left after the kill, and this was done: {again}")
    timed(folder, "verify", *urls)
    return left


# --- data ---------------------------------------------------------------------------------------------

ROWS = (
    "SELECT n, n % {customers} + 1, md5(n::text)::uuid, 'Order number ' || n, repeat('word ' || n % 97 || ' ', 12), (n % 9973) / 100.0, n % 3 = 0,"
    " '2024-01-01T00:00:00Z'::timestamptz + n * interval '1.5 s', jsonb_build_object('n', n, 'tags', jsonb_build_array('a', 'b')) FROM generate_series(1, {rows}) n"
)


def fill(folder: Path, postgres: Server, kind: str, rows: int) -> str:
    """A monolith's database with this many orders."""
    url = postgres.database(SCHEMA)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(f"INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, {CUSTOMERS}) n")
        connection.execute(f"INSERT INTO orders {ROWS.format(customers=CUSTOMERS, rows=rows)}")
        connection.execute("VACUUM ANALYZE")
        if kind == "postgres":
            return url
        path = folder / f"{rows}.sqlite"
        with sqlite3.connect(path) as monolith, connection.cursor() as cursor:
            monolith.executescript(SQLITE)
            monolith.executemany("INSERT INTO customers VALUES (?, ?)", connection.execute("SELECT id, name FROM customers"))
            asked = (
                "SELECT id, customer_id, replace(code::text, '-', ''), title, body, amount::float8, paid::int,"
                " to_char(created_at, 'YYYY-MM-DD HH24:MI:SS.US'), extra::text FROM orders"
            )
            monolith.executemany(f"INSERT INTO orders VALUES ({', '.join('?' * 9)})", cursor.stream(asked))
    drop(postgres, url)
    return f"sqlite:///{path}"


def copy_alone(postgres: Server, source: str) -> float:
    """Seconds of COPY into an empty table, all rows in one transaction and nothing else: no order, no progress, no comparison."""
    with psycopg.connect(postgres.database(SCHEMA)) as target:
        target.execute("INSERT INTO customers SELECT n, 'x' FROM generate_series(1, %s) n", (CUSTOMERS,))
        target.execute("SET TimeZone = 'UTC'")
        began = time.monotonic()
        with target.cursor().copy("COPY orders FROM STDIN") as into:
            if source.startswith("sqlite"):
                with sqlite3.connect(source.removeprefix("sqlite:///")) as monolith:
                    for row in monolith.execute("SELECT * FROM orders"):
                        into.write_row(row)
            else:
                with psycopg.connect(source) as monolith, monolith.cursor().copy("COPY orders TO STDOUT") as out:
                    for block in out:
                        into.write(block)
        target.commit()
        seconds = time.monotonic() - began
        name = target.info.dbname
    drop(postgres, postgres.address(name))
    return seconds


def drop(postgres: Server, url: str) -> None:
    with psycopg.connect(postgres.address(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")


if __name__ == "__main__":
    raise SystemExit(main())
