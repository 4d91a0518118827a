"""Events between monolith and service: written with the change, sent at least once and in order, taken once."""

from __future__ import annotations

import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from postgres import Server
from running import Run, environment, execute
from service_plans import library_plan
from test_service import SETTINGS, running

from decompose.verification.environment import Environment
from decompose.verification.events import told
from decompose.verification.running import Service

OUT = """
from library.boundaries.exchange import inbox, outbox, wiring
from library.boundaries.exchange.models import Event, Latest, Received
def told():
    return [(e.target, e.kind, e.key, json.loads(e.body)) for e in Event.objects.order_by("pk")]
"""


# --- what is written ------------------------------------------------------------------------------------


def test_a_change_and_its_event_are_committed_together(telling: Run) -> None:
    code = """
from django.db import transaction
Event.objects.all().delete()
book.title = "Persuasion"
book.save()
print(told())
try:
    with transaction.atomic():
        book.save()
        Shelf.objects.create(room="X")
        raise ValueError
except ValueError:
    print(len(told()))
from django.test.utils import CaptureQueriesContext
from django.db import connection
with CaptureQueriesContext(connection) as queries:
    book.save()
words = [each["sql"].split()[0] for each in queries]
print(words[0], words[-1], words.index("UPDATE") < words.index("INSERT"))
"""
    assert telling(OUT + code).splitlines() == [
        "[('loans', 'catalog.Book.changed', 'catalog.Book:1', {'key': 1, 'columns': {'is_dear': True, 'price': {'$decimal': '120'}, "
        "'shelf_id': 1, 'title': 'Persuasion'}, 'created': False})]".replace("'120'", "'120.00'"),
        "1",
        "BEGIN COMMIT True",
    ]


def test_creation_deletion_and_what_does_not_concern_the_service(telling: Run) -> None:
    code = """
from django.contrib.auth.models import Permission
Event.objects.all().delete()
other = User.objects.create(username="bob", email="x")
other.email = "y"
other.save(update_fields=["email"])
other.save(update_fields=["username"])
other.delete()
print([(kind, body["columns"], body.get("created")) for _, kind, _, body in told()])
print(Permission.objects.count() > 0)
"""
    assert telling(OUT + code).splitlines()[0] == (
        "[('auth.User.changed', {'username': 'bob'}, True), ('auth.User.changed', {'username': 'bob'}, False), ('auth.User.deleted', {'username': 'bob'}, None)]"
    )


def test_expressions_and_text_are_sent_as_the_database_holds_them(telling: Run) -> None:
    code = """
from django.db.models import F
Event.objects.all().delete()
book.price = F("price") + 1
book.save()
Book.objects.create(isbn="2", title="B", price="7", shelf=book.shelf)
print([body["columns"]["price"] for *_, body in told()])
"""
    assert telling(OUT + code) == "[{'$decimal': '121.00'}, {'$decimal': '7.00'}]\n"


def test_nothing_is_written_while_events_are_off(library: Path) -> None:
    code = """
import django; django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
from library.boundaries.exchange.models import Event
from library.catalog.models import Shelf
Shelf.objects.create(room="X")
print(Event.objects.count())
"""
    assert execute(library, "library.settings", "-c", code, EXCHANGE="1") == "0\n"


def test_the_application_has_the_tables_that_its_models_say(library: Path) -> None:
    execute(library, "library.settings", "manage.py", "makemigrations", "--check", "--dry-run", "boundary_exchange", EXCHANGE="1")
    execute(library / "services/loans", SETTINGS, "manage.py", "makemigrations", "--check", "--dry-run", "boundary_exchange")


# --- how it is sent -------------------------------------------------------------------------------------

SEND = """
import httpx, os
from library.boundaries import client
from library.boundaries.runtime import Boundary
sent, replies = [], []
def answer(request):
    document = json.loads(request.content)
    sent.append([(kind, key) for _, _, kind, key, _ in document["events"]])
    reply = replies.pop(0) if replies else "done"
    if isinstance(reply, int):
        return httpx.Response(reply)
    if isinstance(reply, Exception):
        raise reply
    return httpx.Response(200, json={uid: reply(kind) if callable(reply) else reply for uid, _, kind, _, _ in document["events"]})
client._clients[(os.getpid(), "loans", "http://loans")] = client.ServiceClient(Boundary("loans", ""), "http://loans", httpx.MockTransport(answer))
os.environ["LOANS_URL"] = "http://loans"
Event.objects.all().delete()
def soon():
    from django.utils import timezone
    Event.objects.update(due=timezone.now())
"""


def test_events_of_a_key_go_one_after_the_other_and_keys_beside_one_another(telling: Run) -> None:
    code = """
for kind, key in (("a", "x"), ("b", "x"), ("c", "y"), ("d", "x")):
    outbox.publish("loans", kind, key, {})
print(outbox.drain(5), sent, Event.objects.count())
"""
    assert telling(OUT + SEND + code) == "4 [[('a', 'x'), ('c', 'y')], [('b', 'x')], [('d', 'x')]] 0\n"


def test_an_outage_keeps_everything_and_waits_longer_each_time(telling: Run) -> None:
    code = """
from django.utils import timezone
outbox.publish("loans", "a", "x", {})
replies += [httpx.ConnectError("down"), 503, 401, 200]
pauses = []
for _ in range(3):
    outbox.dispatch()
    event = Event.objects.get()
    pauses.append((event.due - timezone.now()).total_seconds())
    print(event.attempts, event.refusals, event.parked, event.problem)
    print(outbox.dispatch())
    soon()
print(all(2 ** n / 2 - 0.5 < pause <= 2 ** n for n, pause in enumerate(pauses, 1)))
"""
    assert telling(OUT + SEND + code).splitlines() == [
        "1 0 False loans/boundary/events/v1: ConnectError", "0",
        "2 0 False events: status 503", "0",
        "3 0 False events: status 401", "0",
        "True",
    ]  # fmt: skip


def test_what_is_refused_again_and_again_is_parked_and_stops_nobody(telling: Run) -> None:
    code = """
import io
from django.core.management import call_command
def run(*words):
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()
for kind, key in (("bad", "x"), ("after", "x"), ("good", "y")):
    outbox.publish("loans", kind, key, {})
for _ in range(outbox.REFUSALS):
    replies.append(lambda kind: "failed: ValueError: no" if kind == "bad" else "done")
    outbox.dispatch()
    soon()
print(sent[0], sent[1], len(sent), list(Event.objects.values_list("kind", "parked")))
print(outbox.drain(5), sent[-1])
listed = run("parked_events")
print("failed: ValueError: no" in listed, listed.splitlines()[-1])
print(run("parked_events", "--retry", "all").strip(), outbox.drain(5), Event.objects.count())
"""
    assert telling(OUT + SEND + code).splitlines() == [
        "[('bad', 'x'), ('good', 'y')] [('bad', 'x')] 8 [('bad', True), ('after', False)]",
        "1 [('after', 'x')]",
        "True 1 parked",
        "1 will be sent again 1 0",
    ]


def test_a_claimed_event_is_nobody_elses_until_the_lease_is_over(telling: Run) -> None:
    code = """
import time
outbox.publish("loans", "a", "x", {})
print(len(outbox.claim(lease=0.3)), len(outbox.claim()))
time.sleep(0.4)
print(len(outbox.claim()))
"""
    assert telling(OUT + SEND + code) == "1 0\n1\n"


# --- how it is taken ------------------------------------------------------------------------------------

IN = """
import json, uuid
from library.boundaries.exchange import inbox
from library.boundaries.exchange.models import Latest, Received
from library.catalog.models import Book, Shelf
from library.loans.models import Loan
def take(number, kind, key, uid=None, **body):
    return inbox.take("monolith", inbox.Event(uid or str(uuid.uuid4()), number, kind, f"{kind.rpartition('.')[0]}:{key}", json.dumps({"key": key, **body})))
def shelf(number, room, **more):
    return take(number, "catalog.Shelf.changed", 3, columns={"room": room}, **more)
"""


def test_an_event_has_its_effect_once_and_never_after_a_newer_one(service: Run) -> None:
    code = """
uid = str(uuid.uuid4())
print(shelf(5, "A", uid=uid), shelf(5, "A", uid=uid), shelf(4, "old"), Shelf.objects.get(pk=3).room)
print(shelf(9, "B"), Shelf.objects.get(pk=3).room, Received.objects.count(), Latest.objects.get().number)
"""
    assert service(IN + code) == "done seen late A\ndone B 3 9\n"


def test_what_fails_leaves_no_trace_and_may_come_again(service: Run) -> None:
    code = """
from unittest import mock
uid = str(uuid.uuid4())
with mock.patch("loans_service.shadows.store", side_effect=lambda kind, key, values: (Shelf.objects.create(room="half"), 1 / 0)):
    print(shelf(5, "A", uid=uid))
print(Shelf.objects.count(), Received.objects.count(), shelf(5, "A", uid=uid), Shelf.objects.count())
print(take(6, "catalog.Author.changed", 1), take(7, "auth.User.changed", 2, columns={}))
"""
    printed = service(IN + code).splitlines()
    assert printed[0] == "failed: ZeroDivisionError: division by zero"
    assert printed[1] == "0 0 done 1"
    assert printed[2].startswith("failed: LookupError") and printed[2].endswith(" done")


def test_a_row_deleted_in_the_monolith_takes_along_what_points_at_it(service: Run) -> None:
    code = """
import datetime
date = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
take(1, "catalog.Book.changed", 7, columns={"title": "Emma", "price": {"$decimal": "12.00"}, "shelf_id": None, "is_dear": False})
for book in (7, 8):
    Loan(book_id=book, reader_id=1, weeks=1, date=date).save()
print(Book.objects.get(pk=7).title, Loan.objects.count())
print(take(2, "catalog.Book.deleted", 7, columns={}), Book.objects.filter(pk=7).exists(), list(Loan.objects.values_list("book_id", flat=True)))
print(take(1, "catalog.Book.changed", 7, columns={"title": "late"}), Book.objects.filter(pk=7).exists())
"""
    assert service(IN + code) == "Emma 2\ndone False [8]\nlate False\n"


def test_events_come_in_by_the_door_and_with_a_token(service: Run) -> None:
    code = """
from django.test import Client
from library.boundaries import tokens
def post(body, token=None):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return Client(headers=headers).post("/boundary/events/v1", body, content_type="application/json")
token = tokens.sign("", "monolith", "loans", tokens.signing_key())
event = [str(uuid.uuid4()), 1, "catalog.Shelf.changed", "catalog.Shelf:3", json.dumps({"key": 3, "columns": {"room": "A"}})]
print(post("{}").status_code, post("{}", tokens.sign("", "monolith", "other", tokens.signing_key())).status_code, post("nonsense", token).status_code)
print(list(post(json.dumps({"source": "monolith", "events": [event, event]}), token).json().values()), Shelf.objects.get(pk=3).room)
"""
    printed = service(IN + code).splitlines()
    assert printed == ["401 401 422", "['seen'] A"]


HEARD = """
import importlib.machinery, sys, types
from library.boundaries.exchange.events import Listener, Pointer
from library.boundaries.loans import events
heard = types.ModuleType("heard")
heard.__spec__ = importlib.machinery.ModuleSpec("heard", None)
sys.modules["heard"] = heard
calls = []
def handler(sender, instance, **more):
    calls.append((sender.__name__, instance.pk, more.get("created")))
heard.handler = handler
"""


def test_a_handler_that_moved_hears_of_rows_of_the_monolith(service: Run) -> None:
    code = """
events.LISTENERS = (Listener("post_save", "catalog.Book", "heard.handler", "service", {}),)
print(take(1, "catalog.Book.changed", 7, columns={"title": "Emma"}, created=True), take(2, "catalog.Book.changed", 7, columns={"title": "Emma"}), calls)
print(take(3, "catalog.Book.deleted", 7, columns={}), len(calls))
"""
    assert service(IN + HEARD + code) == "done done [('Book', 7, True), ('Book', 7, False)]\ndone 2\n"


def test_a_handler_that_moved_no_longer_runs_in_the_monolith(telling: Run) -> None:
    code = """
from django.db.models.signals import post_save
post_save.connect(handler, sender=Book)
book.save()
listeners = (Listener("post_save", "catalog.Book", "heard.handler", "service", {}),)
wiring._silence(listeners)
book.save()
print(len(calls))
try:
    wiring._silence(listeners)
except RuntimeError as error:
    print(error)
"""
    printed = telling(OUT + HEARD + code).splitlines()
    assert printed[0] == "1"
    assert "heard.handler is not connected to post_save of catalog.Book here" in printed[1]


def test_handlers_that_stay_hear_of_rows_of_the_context(telling: Run) -> None:
    code = """
import uuid
events.LISTENERS = (Listener("post_save", "loans.Loan", "heard.handler", "monolith", {"weeks": "weeks", "date": "date"}),)
def seen(sender, instance, **more):
    calls.append((instance.weeks, instance.date == date, instance._state.adding))
    try:
        instance.note
    except Exception as error:
        calls.append(str(error))
heard.handler = seen
body = {"key": 9, "columns": {"weeks": 3, "date": {"$datetime": date.isoformat()}}, "created": True}
print(inbox.take("loans", inbox.Event(str(uuid.uuid4()), 1, "loans.Loan.changed", "loans.Loan:9", json.dumps(body))), calls)
"""
    assert telling(OUT + HEARD + code) == "done [(3, True, False), 'event: note of loans.Loan does not travel over the boundary']\n"


@pytest.mark.parametrize(("on_delete", "outcome", "left"), [("CASCADE", "done", 0), ("DO_NOTHING", "done", 1), ("PROTECT", "failed: ProtectedError", 1)])
def test_keys_of_the_monolith_go_the_way_that_they_declare(telling: Run, on_delete: str, outcome: str, left: int) -> None:
    code = f"""
import uuid
events.POINTERS = (Pointer("loans.Loan", "catalog.Book", "shelf_id", {on_delete!r}),)
body = json.dumps({{"key": book.shelf_id, "columns": {{}}}})
print(inbox.take("loans", inbox.Event(str(uuid.uuid4()), 1, "loans.Loan.deleted", "loans.Loan:1", body))[:22], Book.objects.count())
"""
    assert telling(OUT + HEARD + code) == f"{outcome} {left}\n"


def test_the_service_tells_of_deletions_that_the_monolith_points_at(service: Run) -> None:
    code = """
import datetime
from library.boundaries.exchange import wiring
from library.boundaries.exchange.models import Event
events.POINTERS = (Pointer("loans.Loan", "catalog.Book", "loan_id", "CASCADE"),)
wiring.connect()
loan = Loan(book_id=7, reader_id=1, weeks=1, date=datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc))
loan.save()
loan.delete()
print(list(Event.objects.values_list("target", "kind")))
"""
    assert service(IN + HEARD + code) == "[('monolith', 'loans.Loan.deleted')]\n"


def test_only_what_is_served_is_answered_and_only_with_a_token(telling: Run) -> None:
    code = """
from django.test import Client
from library.boundaries import tokens
def post(path, audience):
    token = tokens.sign("", "loans", audience, tokens.signing_key())
    return Client(headers={"authorization": f"Bearer {token}"}).post(path, b"{}", content_type="application/json").status_code
print(post("/boundary/loans/v1/lend", "loans"), post("/boundary/loans_callbacks/v1/lend", "loans_callbacks"), post("/boundary/runtime/v1/x", "runtime"))
print(Client().post("/boundary/events/v1", b"{}", content_type="application/json").status_code, post("/boundary/events/v1", "loans"), Client().get("/boundary/events/v1").status_code)
"""
    assert telling(OUT + code) == "404 404 404\n401 401 405\n"


# --- both sides, as processes ------------------------------------------------------------------------------


class Sides:
    """The monolith and the service on databases of their own, the service as a running process."""

    def __init__(self, library: Path, variables: dict[str, str], database: str) -> None:
        self.library, self.variables, self.database = library, variables, database

    def monolith(self, *words: str) -> str:
        return execute(self.library, "library.settings", *words, **self.variables)

    def service(self, *words: str) -> str:
        return execute(self.library / "services/loans", SETTINGS, *words, DATABASE_URL=self.database)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A process of the monolith."""
        return subprocess.Popen(
            [sys.executable, *words], cwd=self.library, env=environment("library.settings", **self.variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip


@contextmanager
def started(library: Path, monolith: str, service: str) -> Iterator[Sides]:
    with running(library / "services/loans", service) as url:
        variables = {"MONOLITH_DB": monolith, "EXCHANGE": "1", "LOANS_EVENTS": "on", "LOANS_URL": url, "LOANS_BREAKER_FAILURES": "1000"}
        found = Sides(library, variables, service)
        found.monolith("manage.py", "migrate", "-v0")
        yield found


@pytest.fixture(scope="module")
def sides(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    scratch = tmp_path_factory.mktemp("sides")
    with started(library, str(scratch / "monolith.sqlite3"), f"sqlite:///{scratch}/service.sqlite3") as found:
        yield found


def rooms(prefix: str) -> str:
    """Python that prints the shelves whose room begins so, and how many events wait and came."""
    return f"""
import django; django.setup()
from library.boundaries.exchange.models import Event, Received
from library.catalog.models import Shelf
print(list(Shelf.objects.filter(room__startswith={prefix!r}).order_by("pk").values_list("room", flat=True)), Event.objects.count(), Received.objects.count())
"""


DYING = """
import os, signal, sys
import django; django.setup()
from django.db import transaction
from library.boundaries.exchange import outbox
from library.catalog.models import Shelf
moment = sys.argv[1]
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
if moment == "open":
    with transaction.atomic():
        Shelf.objects.create(room=moment)
        die()
Shelf.objects.create(room=moment)
if moment == "committed":
    die()
setattr(outbox, "_send" if moment == "claimed" else "_outcomes", die)
outbox.dispatch(lease=1)
"""


@pytest.mark.parametrize(("moment", "there"), [("committed", True), ("open", False), ("claimed", True), ("sent", True)])
def test_a_process_that_dies_loses_no_event_and_tells_of_none_that_was_not(sides: Sides, moment: str, there: bool) -> None:
    came = int(sides.service("-c", rooms("")).split()[-1])
    dead = sides.start("-c", DYING, moment)
    assert dead.wait() == -signal.SIGKILL, dead.communicate()[1]
    time.sleep(1.2)  # the lease of the dead one
    sides.monolith("manage.py", "dispatch_events", "--once")
    wanted = [moment] if there else []
    assert sides.monolith("-c", rooms(moment)) == f"{wanted} 0 0\n"
    assert sides.service("-c", rooms(moment)) == f"{wanted} 0 {came + int(there)}\n"


def test_two_dispatchers_send_everything_once_and_the_last_state_stays(sides: Sides) -> None:
    compete(sides)


def test_on_postgresql_dispatchers_pass_by_what_others_hold(library: Path, postgres: Server) -> None:
    claims = """
import threading
import django; django.setup()
from django.db import connection, transaction
from library.boundaries.exchange import outbox
from library.boundaries.exchange.models import Event
Event.objects.all().delete()
for key in "abcd":
    outbox.publish("loans", "kind", key, {})
with transaction.atomic():
    held = list(Event.objects.select_for_update().order_by("pk")[:2])
    found = []
    def other():
        found.extend(event.key for event in outbox.claim())
        connection.close()
    thread = threading.Thread(target=other)
    thread.start()
    thread.join(5)
    print(thread.is_alive(), found)
Event.objects.all().delete()
"""
    with started(library, postgres.database(), postgres.database()) as found:
        assert found.monolith("-c", claims) == "False ['c', 'd']\n"
        compete(found)
        dead = found.start("-c", DYING, "sent")
        assert dead.wait() == -signal.SIGKILL, dead.communicate()[1]
        time.sleep(1.2)
        found.monolith("manage.py", "dispatch_events", "--once")
        assert found.service("-c", rooms("sent")).startswith("['sent'] 0 ")


def compete(sides: Sides) -> None:
    """Two dispatchers send while rows are written again and again."""
    work = """
import django; django.setup()
from library.catalog.models import Shelf
for number in range(30):
    for key in range(101, 106):
        Shelf(pk=key, room=f"two-{number}").save()
"""
    came = int(sides.service("-c", rooms("")).split()[-1])
    dispatchers = [sides.start("manage.py", "dispatch_events", "--pause", "0.05") for _ in range(2)]
    try:
        sides.monolith("-c", work)
        deadline = time.monotonic() + 60
        while sides.monolith("-c", rooms("two")).split()[-2] != "0" and time.monotonic() < deadline:
            time.sleep(0.3)
    finally:
        for each in dispatchers:
            each.terminate()
    said = [each.communicate() for each in dispatchers]
    assert all("0 waiting, 0 parked" in each[0] for each in said), said
    assert sides.service("-c", rooms("two")) == f"{['two-29'] * 5} 0 {came + 150}\n"


def test_the_gate_sees_whether_the_service_shows_what_the_monolith_tells(sides: Sides, tmp_path: Path) -> None:
    empty = f"sqlite:///{tmp_path}/empty.sqlite3"
    execute(sides.library / "services/loans", SETTINGS, "manage.py", "migrate", "-v0", DATABASE_URL=empty)
    environment_ = Environment(Path(sys.executable), Path(sysconfig.get_path("purelib")))
    for database, outcome, said in ((sides.database, "passed", "rows of 3 models"), (empty, "failed", "changes in the monolith do not reach the service")):
        service = Service(library_plan(), sides.library / "services/loans", environment_, environment(SETTINGS, DATABASE_URL=database))
        gate = told(service, sides.variables["LOANS_URL"], Path(sys.executable), sides.library, "library.settings", {})
        assert (gate.outcome, gate.summary[: len(said)]) == (outcome, said), gate


def test_all_rows_can_be_told_again(sides: Sides) -> None:
    sides.monolith("-c", "import django; django.setup(); from library.catalog.models import Shelf; Shelf.objects.bulk_create(Shelf(room=f'bulk-{n}') for n in range(7))")
    assert sides.service("-c", rooms("bulk")).startswith("[] ")
    printed = sides.monolith("manage.py", "publish_rows", "loans", "--model", "catalog.Shelf", "--batch", "3")
    assert printed.splitlines()[-1].startswith("catalog.Shelf: ")
    sides.monolith("manage.py", "dispatch_events", "--once")
    assert sides.service("-c", rooms("bulk")).startswith(f"{[f'bulk-{n}' for n in range(7)]} 0 ")
