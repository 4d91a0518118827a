"""Mode ``shadow``: the monolith answers, a real service process is asked the same beside it."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from running import KEY, Run
from test_service import running

SHADOW = """
import json, logging, time
from library.boundaries import shadow
events = []
class Keep(logging.Handler):
    def emit(self, record):
        if hasattr(record, "boundary"):
            events.append(record.boundary)
logging.getLogger("library.boundaries.shadow").addHandler(Keep())
logging.getLogger("library.boundaries.shadow").setLevel(logging.INFO)
logging.getLogger("library.boundaries.shadow").propagate = False
def seen():
    drained = shadow.drain(10)
    found = {}
    for (_, operation, outcome), number in sorted(shadow.counts.items()):
        found.setdefault(operation, {})[outcome] = number
    return drained, found
"""


def variables(url: str, **more: str) -> dict[str, str]:
    return {"LOANS_MODE": "shadow", "LOANS_URL": url, **more}


@pytest.fixture(scope="module")
def url(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service whose tables are empty."""
    with running(library / "services/loans", f"sqlite:///{tmp_path_factory.mktemp('shadow')}/service.sqlite3") as found:
        yield found


def test_the_local_answer_is_given_and_what_differs_is_counted(monolith: Run, url: str) -> None:
    code = """
print(loans.count_loans(book=book, weeks__gte=1), loans.days(date.date(), date.date()), loans.summary(book.pk)["count"])
loan = loans.lend(book, reader)
print(type(loan).__module__, loans.count_loans(book=book, weeks__gte=1), loans.LoanDoesNotExist is Loan.DoesNotExist)
print(*seen())
difference = next(each for each in events if each["event"] == "difference")
print(difference["operation"], difference["kind"], difference["fields"], len(difference["trace"]), len(difference["request"]), "here" in difference)
"""
    assert monolith(SHADOW + code, **variables(url)).splitlines() == [
        "0 0 0",
        "library.loans.models 1 True",
        "True {'count_loans': {'different': 1, 'same': 1}, 'days': {'same': 1}, 'summary': {'same': 1}}",
        "count_loans value ['result'] 32 16 False",
    ]


def test_values_are_logged_only_if_a_setting_allows_it(monolith: Run, url: str) -> None:
    code = """
loans.lend(book, reader)
loans.count_loans(book=book, weeks__gte=1)
seen()
print([(each["here"], each["service"]) for each in events if each["event"] == "difference"])
"""
    assert monolith(SHADOW + code, **variables(url, LOANS_SHADOW_VALUES="1")) == "[([1], [0])]\n"


def test_the_callers_error_is_the_callers_and_is_compared(monolith: Run, url: str) -> None:
    code = """
for ask in (lambda: loans.latest_loan(reader=reader), loans.broken):
    try:
        ask()
    except Exception as error:
        print(type(error) is Loan.DoesNotExist, type(error) is RuntimeError)
loans.lend(book, reader)
loans.latest_loan(reader=reader)
print(seen()[1], [(each["operation"], each["kind"], each["fields"]) for each in events if each["event"] == "difference"])
"""
    assert monolith(SHADOW + code, **variables(url)).splitlines() == [
        "True False",
        "False True",
        "{'broken': {'same': 1}, 'latest_loan': {'different': 1, 'same': 1}} [('latest_loan', 'outcome', ['error'])]",
    ]


def test_a_lazy_result_stays_lazy_and_its_query_is_the_callers(monolith: Run, url: str) -> None:
    code = """
found = loans.list_loans(book=book)
loan = loans.lend(book, reader)
print([each.pk == loan.pk for each in found], found._result_cache is not None)
seen()
"""
    assert monolith(SHADOW + code, **variables(url)) == "[True] True\n"


def test_what_cannot_be_serialised_is_counted_and_the_caller_does_not_notice(monolith: Run, url: str) -> None:
    code = """
print(loans.where(book), loans.summary("many")["count"] if False else "")
from unittest import mock
with mock.patch("library.loans.services.summary", return_value=object()):
    print(type(loans.summary(book.pk)).__name__)
from django.db import connection, transaction
with transaction.atomic(), mock.patch("library.loans.services.summary", side_effect=lambda book_id: Loan.objects.extra(where=["nonsense = 1"])):
    loans.summary(book.pk)
    print(Loan.objects.count())
print(*seen())
"""
    printed = monolith(SHADOW + code, **variables(url))
    assert printed == "B12 \nobject\n0\nTrue {'summary': {'unable': 2}, 'where': {'same': 1}}\n"


def test_a_positional_call_is_compared_as_it_was_made(monolith: Run, url: str) -> None:
    code = """
loans.days(date.date(), last=date.date())
try:
    loans.days()
except TypeError as error:
    print(error)
print(*seen())
"""
    printed = monolith(SHADOW + code, **variables(url)).splitlines()
    assert "missing 2 required positional arguments" in printed[0]
    assert printed[1].startswith("True {'days': {'")


def test_a_sample_of_nothing_asks_nobody(monolith: Run, url: str) -> None:
    code = "print([loans.count_loans(book=book, weeks__gte=1) for _ in range(20)][0], *seen())"
    assert monolith(SHADOW + code, **variables(url, LOANS_SHADOW_SAMPLE="0")) == "0 True {}\n"


def test_a_dead_service_costs_the_caller_nothing_and_opens_the_shadows_own_circuit(monolith: Run) -> None:
    code = """
started = time.monotonic()
for _ in range(5):
    loans.count_loans(book=book, weeks__gte=1)
print(time.monotonic() - started < 1, *seen())
loans.count_loans(book=book, weeks__gte=1)
print(seen()[1])
"""
    printed = monolith(SHADOW + code, **variables("http://127.0.0.1:9"))
    assert printed == "True True {'count_loans': {'unanswered': 5}}\n{'count_loans': {'skipped': 1, 'unanswered': 5}}\n"


def test_without_an_address_or_dependencies_the_monolith_works_as_before(monolith: Run, cold_monolith: Run) -> None:
    code = "print(loans.count_loans(book=book, weeks__gte=1), seen()[1])"
    assert monolith(SHADOW + code, LOANS_MODE="shadow") == "0 {'count_loans': {'unable': 1}}\n"
    without = "import sys; sys.modules['pydantic'] = None\n"
    assert cold_monolith(SHADOW + without + code, LOANS_MODE="shadow", LOANS_URL="http://x") == "0 {'count_loans': {'unable': 1}}\n"


@contextmanager
def odd(reply: bytes, pause: float = 0.0, status: int = 200) -> Iterator[str]:
    """A server that answers every request with the same bytes, perhaps slowly."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-length", str(len(reply)))
            self.end_headers()
            for byte in reply if pause else [reply]:
                time.sleep(pause)
                self.wfile.write(bytes([byte]) if isinstance(byte, int) else byte)

        def log_message(self, *_: object) -> None:
            pass

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                pass  # the client left: that is what is tested

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("reply", [b"", b"<html>", b"[1, 2]", b"{}", b'{"result": {"deep": [', b"\xff\xfe"])
def test_garbage_is_a_difference_and_no_more(monolith: Run, reply: bytes) -> None:
    code = "print(loans.count_loans(book=book, weeks__gte=1), *seen(), [each['kind'] for each in events if 'kind' in each])"
    with odd(reply) as url:
        assert monolith(SHADOW + code, **variables(url)) == "0 True {'count_loans': {'different': 1}} ['garbage']\n"


def test_a_slow_service_keeps_nobody_waiting_and_the_queue_stays_small(monolith: Run) -> None:
    code = """
started = time.monotonic()
for _ in range(20):
    loans.count_loans(book=book, weeks__gte=1)
print(time.monotonic() - started < 1)
started = time.monotonic()
drained, found = seen()
counted = found["count_loans"]
print(drained, time.monotonic() - started < 5, sorted(counted), sum(counted.values()), counted["dropped"] >= 15)
"""
    # A byte every 0.2 s: no single read takes long, the whole answer does.
    with odd(b'{"result": 0}', pause=0.2) as url:
        printed = monolith(SHADOW + code, **variables(url, LOANS_SHADOW_TIMEOUT="0.5", LOANS_SHADOW_QUEUE="2"))
    assert printed == "True\nTrue True ['dropped', 'unanswered'] 20 True\n"


def test_a_forked_worker_compares_with_threads_of_its_own(monolith: Run, url: str) -> None:
    code = """
import os
loans.count_loans(book=book, weeks__gte=1)
print(seen())
read, write = os.pipe()
child = os.fork()
if not child:
    loans.count_loans(book=book, weeks__gte=1)
    loans.count_loans(book=book, weeks__gte=2)
    os.write(write, repr(seen()).encode())
    os._exit(0)
os.waitpid(child, 0)
print(os.read(read, 1000).decode())
"""
    printed = monolith(SHADOW + code, **variables(url))
    assert printed == "(True, {'count_loans': {'same': 1}})\n(True, {'count_loans': {'same': 2}})\n"


ROWS = """
from library.boundaries.runtime import Answer
operation = loans._boundary.contract.OPERATIONS["list_loans"]
def compared(left, right, ordered=True, operation=operation):
    bodies = (json.dumps(each) if isinstance(each, dict) else each for each in (left, right))
    here, there = (Answer(200, body.encode()) for body in bodies)
    found = shadow.compare(loans._boundary, operation, here, there, ordered)
    return found and found[:2]
a, b, c = {"id": 1, "fee": "1"}, {"id": 2, "fee": "2"}, {"id": 2, "fee": "3"}
"""


def test_rows_are_matched_by_their_key_and_order_counts_only_where_it_was_asked_for(monolith: Run) -> None:
    code = """
print(compared({"result": [a, b]}, {"result": [b, a]}), compared({"result": [a, b]}, {"result": [b, a]}, ordered=False))
print(compared({"result": [a, b]}, {"result": [c, a]}, ordered=False), compared({"result": [a]}, {"result": [a, b]}))
print(compared({"result": [a, b], "more": True}, {"result": [a], "more": True}), compared({"result": [a, b], "more": False}, {"result": [a], "more": True}))
values = loans._boundary.contract.OPERATIONS["summary"]
print(compared({"result": {"x": [1, 2], "y": 1}}, {"result": {"x": [1, 3], "y": 1}}, operation=values), compared({"result": 1}, {"result": True}, operation=values))
"""
    assert monolith(SHADOW + ROWS + code).splitlines() == [
        "('order', ['result']) None",
        "('value', ['result[id=2].fee']) ('value', ['result[id=2]'])",
        "None ('value', ['result[id=2]'])",
        "('value', ['result.x[1]']) ('value', ['result'])",
    ]


def test_the_report_reads_files_and_logs(monolith: Run, library: Path, url: str, tmp_path: Path) -> None:
    code = """
loans.lend(book, reader)
loans.count_loans(book=book, weeks__gte=1)
loans.count_loans(book=book, weeks__gte=7)
seen()
"""
    log = tmp_path / "shadow.jsonl"
    monolith(SHADOW + code, **variables(url, LOANS_SHADOW_LOG=str(log)))

    def report(text: str) -> tuple[int, str]:
        run = subprocess.run(
            [sys.executable, "-m", "library.boundaries.shadow"], cwd=library, input=text, capture_output=True, text=True, check=False,
            env={"PATH": "", "BOUNDARY_TOKEN_KEY": KEY},
        )  # fmt: skip
        assert not run.stderr
        return run.returncode, run.stdout

    lines = log.read_text().splitlines()
    code_, printed = report(log.read_text())
    assert code_ == 1
    assert printed.splitlines()[1].split() == ["loans.count_loans", "1", "1", "0", "0", "0", "0"]
    assert "loans.count_loans: value of result, 1 times, such as trace" in printed
    plain = "".join(f"2024-01-01 WARNING library.boundaries.shadow shadow {line}\nsomething else\n" for line in lines)
    structured = "".join(json.dumps({"level": "warning", "message": f"shadow {line}"}) + "\n" for line in lines)
    assert report(plain) == report(structured) == (code_, printed)
    assert report("nothing\n")[0] == 2
    assert report(next(line for line in lines if '"summary"' in line).replace('"different": 1, ', ""))[0] == 0


def test_the_report_explains_itself_and_names_a_file_that_is_not_there(library: Path) -> None:
    def report(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "library.boundaries.shadow", *arguments]
        return subprocess.run(command, cwd=library, capture_output=True, text=True, check=False, env={"PATH": ""})

    explained = report("--help")
    assert explained.returncode == 0 and "usage: python -m library.boundaries.shadow" in explained.stdout
    missing = report("nowhere.jsonl")
    assert missing.returncode == 2 and "nowhere.jsonl: No such file or directory" in missing.stderr and "Traceback" not in missing.stderr
