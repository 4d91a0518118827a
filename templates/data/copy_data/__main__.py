"""The command line: ``python -m <package>.copy_data COMMAND --source URL --target URL``.

copy        bring the service's tables to what the monolith's have; may be stopped and started again at any time
verify      compare both: rows, checksums by range, orphans, sequences
cut-over    verify, then record that from now on the service owns the rows
reconcile   look for references across the cut that point at nothing
back        bring the monolith's tables to what the service's have; with --final the monolith owns the rows again

``--source`` is always the monolith's database and ``--target`` always the service's. Both URLs are ``postgres://user:password@host:port/name`` or
``sqlite:///path``. The monolith's is written by ``back`` alone. Ends with 0 when all is well, 1 when something differs, 2 when it was refused,
3 when a database failed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

from . import checking, copying
from .databases import Database, Refused, connect
from .state import CUT_OVER, State
from .tables import FRACTIONS, NAME

Report = tuple[int, dict[str, Any], list[str]]
"""Exit code, the report as data and as lines."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="copy_data", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--source", required=True, help="URL of the monolith's database")
    parser.add_argument("--target", required=True, help="URL of this service's database, migrated")
    parser.add_argument(
        "--batch",
        type=int,
        default=10_000,
        help="rows to a transaction, and to a range that is compared [10000]",
    )
    parser.add_argument(
        "--final", action="store_true", help="with back: take the cut-over back too"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to report [text]"
    )
    options = parser.parse_args(arguments)
    if options.source == options.target:
        print("source and target are the same database", file=sys.stderr)
        return 2
    try:
        code, data, lines = COMMANDS[options.command](options)
    except Refused as error:
        print(str(error), file=sys.stderr)
        return 2
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("psycopg", "sqlite3"):
            raise
        print(f"{type(error).__name__}: {str(error).strip()}", file=sys.stderr)
        return 3
    report = {
        "schema": "copy-data/1",
        "service": NAME,
        "command": options.command,
        "at": now(),
        **data,
    }
    print(json.dumps(report, indent=1) if options.format == "json" else "\n".join(lines))
    return code


def now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def monolith_of(options: argparse.Namespace) -> closing[Database]:
    """The monolith's database, only read."""
    return closing(connect(options.source, "source", only_read=True))


def service_of(options: argparse.Namespace, *, only_read: bool) -> closing[Database]:
    return closing(connect(options.target, "target", only_read=only_read, fractions=FRACTIONS))


def copy(options: argparse.Namespace) -> Report:
    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    with monolith_of(options) as source, service_of(options, only_read=False) as target:
        return copied(copying.copy(source, target, options.batch, say))


def copied(tables: list[copying.Copied]) -> Report:
    lines = [
        f"{each.table}: {each.rows} rows copied, {each.inserted} added, {each.updated} updated,"
        f" {each.deleted} deleted"
        for each in tables
    ]
    return 0, {"tables": [each._asdict() for each in tables]}, lines


def verify(options: argparse.Namespace) -> Report:
    with monolith_of(options) as source, service_of(options, only_read=True) as target:
        return checked(checking.verify(source, target, options.batch))


def checked(tables: list[checking.Checked]) -> Report:
    problems = [problem for each in tables for problem in each.problems]
    data = {
        "same": not problems,
        "tables": [
            {**each._asdict(), "problems": [problem._asdict() for problem in each.problems]}
            for each in tables
        ],
    }
    rows, ranges = sum(each.source for each in tables), sum(each.ranges for each in tables)
    lines = [problem.text for problem in problems] or [
        f"every table agrees: {rows} rows in {ranges} ranges"
    ]
    return int(bool(problems)), data, lines


def cut_over(options: argparse.Namespace) -> Report:
    """The service owns the rows from here on; what was compared is kept with it."""
    with monolith_of(options) as source, service_of(options, only_read=False) as target:
        state = State(target)
        before = state.get(CUT_OVER)
        if before:
            return 0, {"cut_over": before}, [owned(before)]
        tables = checking.verify(source, target, options.batch)
        code, data, lines = checked(tables)
        if code:
            return code, data, lines
        state.prepare()
        rows = {each.table: {"rows": each.source, "checksum": each.checksum} for each in tables}
        found = {"at": now(), "tables": rows}
        state.set(CUT_OVER, found)
        return 0, {**data, "cut_over": found}, [*lines, owned(found)]


def owned(found: dict[str, Any]) -> str:
    return f"the service owns these rows since {found['at']}"


def reconcile(options: argparse.Namespace) -> Report:
    with monolith_of(options) as monolith, service_of(options, only_read=True) as service:
        problems = checking.reconcile(monolith, service, options.batch)
    data = {"same": not problems, "problems": [problem._asdict() for problem in problems]}
    lines = [problem.text for problem in problems]
    return int(bool(problems)), data, lines or ["every reference across the cut has its row"]


def back(options: argparse.Namespace) -> Report:
    """Read from the service, written to the monolith: the sides change places."""
    with closing(connect(options.target, "source", only_read=not options.final)) as service:
        State(service).refuse_before_cut_over()
        into = connect(options.source, "target", only_read=False, fractions=FRACTIONS, keys=True)
        with closing(into) as monolith:
            code, data, lines = copied(copying.copy_back(service, monolith, options.batch))
        if options.final:
            State(service).forget(CUT_OVER)
            lines.append("the monolith owns these rows again")
    return code, {**data, "final": options.final}, lines


COMMANDS: dict[str, Callable[[argparse.Namespace], Report]] = {
    "copy": copy,
    "verify": verify,
    "cut-over": cut_over,
    "reconcile": reconcile,
    "back": back,
}


if __name__ == "__main__":
    sys.exit(main())
