"""A monolith's own suite, unchanged, in every mode: against a service in a process of its own, with code that stays behind."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import msgspec
import pytest
from running import execute
from service_plans import ROUTES, edge, library_plan, write_library

from decompose.model.location import Location
from decompose.model.settings import VerifySettings
from decompose.model.verification import Gate
from decompose.verification.environment import Environment
from decompose.verification.monolith import Suite, rungs

TESTS = """
from unittest import mock

from django.contrib.auth.models import User
from django.test import TestCase, TransactionTestCase
from library import reports
from library.boundaries import loans
from library.catalog.models import Book, Shelf
from library.loans import services
from library.loans.models import Loan
from rest_framework.test import APIClient


def make(number):
    reader = User.objects.create(username=f"reader-{number}")
    book = Book.objects.create(isbn=str(number), title="Emma", price=120, shelf=Shelf.objects.create(room="B12"))
    return reader, book


class BoundaryTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.reader, cls.book = make(1)
        cls.loan = services.lend(cls.book, cls.reader, weeks=2)

    def test_rows_of_tests_are_seen_over_the_boundary(self):
        Loan.objects.create(book=self.book, reader=self.reader, weeks=3, date=self.loan.date)
        Loan.objects.bulk_create([Loan(book=self.book, reader=self.reader, weeks=3, date=self.loan.date)])
        self.assertEqual(loans.count_loans(book=self.book, weeks__gte=1), 3)

    def test_rows_from_the_boundary_are_seen_by_tests(self):
        loans.lend(self.book, self.reader, note="over there")
        self.assertEqual(Loan.objects.filter(reader=self.reader).count(), 2)
        self.assertEqual(Loan.objects.get(note__contains="over").book.shelf.room, "B12")

    def test_rows_are_taken_back(self):
        self.assertEqual(Loan.objects.count(), 1)
        self.assertEqual(services.lend(self.book, self.reader).pk, self.loan.pk + 1)

    def test_relations_lead_to_both_sides(self):
        self.assertEqual(self.book.loans.get().reader, self.reader)
        self.assertEqual(Loan.objects.select_related("book__shelf").get().book.shelf.room, "B12")
        self.loan.reader.username = "renamed"
        self.loan.reader.save()
        self.assertEqual(User.objects.get().username, "renamed")

    def test_queries_are_counted(self):
        with self.assertNumQueries(1):
            list(Loan.objects.all())

    def test_deleting(self):
        self.loan.delete()
        self.assertEqual(loans.list_loans(book=self.book), []) if isinstance(loans.list_loans(book=self.book), list) else None
        self.assertFalse(Loan.objects.exists())

    def test_a_report_of_the_monolith(self):
        self.assertEqual(reports.open_loans(), 1)

    def test_a_join_of_the_monolith(self):
        self.assertEqual([book.number for book in reports.busy_books()], [1])

    def test_sql_of_the_monolith(self):
        self.assertEqual(reports.counted(), 1)

    @mock.patch("library.loans.services.summary", return_value="patched")
    def test_a_patched_name(self, summary):
        self.assertEqual(loans.summary(self.book.pk), "patched")


class FixtureTests(TestCase):
    fixtures = ["loans.json"]

    def test_fixtures(self):
        book = Book.objects.get()
        self.assertEqual(loans.count_loans(book=book, weeks__gte=1), 1)
        self.assertEqual(Loan.objects.get().pk, 7)
        self.assertEqual(services.lend(book, User.objects.get()).pk, 8)


class RouteTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.reader, cls.book = make(2)
        services.lend(cls.book, cls.reader, weeks=5)

    def test_a_reader(self):
        client = APIClient()
        client.force_authenticate(user=self.reader)
        response = client.get("/api/loans/")
        self.assertEqual([each["weeks"] for each in response.data], [5])
        self.assertEqual(client.get(f"/api/loans/{response.data[0]['id']}/").json()["book"], self.book.pk)


class CommittedTests(TransactionTestCase):
    def test_once(self):
        self.assertEqual(Loan.objects.count(), 0)
        services.lend(*reversed(make(3)))

    def test_twice(self):
        self.test_once()
"""

REPORTS = """
from django.db import connection
from django.db.models import Count

from library.catalog.models import Book
from library.loans.models import Loan


def open_loans():
    return Loan.objects.filter(state="open").count()


def busy_books():
    return Book.objects.annotate(number=Count("loans")).filter(number__gt=0)


def counted():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM loans_loan")
        return cursor.fetchone()[0]
"""

FIXTURE = """[
{"model": "auth.user", "pk": 4, "fields": {"username": "ann", "password": "x"}},
{"model": "catalog.shelf", "pk": 2, "fields": {"room": "A1"}},
{"model": "catalog.book", "pk": 3, "fields": {"isbn": "9", "title": "Emma", "price": "12.00", "shelf": 2}},
{"model": "loans.loan", "pk": 7, "fields": {"book": 3, "reader": 4, "date": "2024-01-01T00:00:00Z", "weeks": 2, "uuid": "11111111-1111-4111-8111-111111111111"}}
]"""

LOAN = "library.loans.models.Loan"

STAYS = (
    edge("loans-3", "orm", "stay", "library.reports.open_loans", LOAN, Location("library/reports.py", 9), "filter", blocks="split"),
    edge("loans-4", "orm", "stay", "library.reports.busy_books", LOAN, Location("library/reports.py", 13), "Count", blocks="split"),
    edge("loans-5", "sql", "stay", "library.reports.counted", "loans_loan", Location("library/reports.py", 18), "read", blocks="split"),
    edge(
        "loans-6", "patch", "stay", "library.tests.BoundaryTests.test_a_patched_name", "library.loans.services.summary",
        Location("library/tests.py", 76), "library.loans.services.summary", test=True,
    ),
)  # fmt: skip


def gates(folder: Path, command: str) -> dict[str, Gate]:
    plan = library_plan()
    plan = msgspec.structs.replace(plan, context=msgspec.structs.replace(plan.context, edges=(*ROUTES, *STAYS)))
    write_library(folder, plan)
    for path, text in (("library/tests.py", TESTS), ("library/reports.py", REPORTS), ("library/catalog/fixtures/loans.json", FIXTURE)):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text.lstrip("\n"))
    for place, settings in ((folder, "library.settings"), (folder / "services/loans", "loans_service.settings")):
        execute(place, settings, "manage.py", "makemigrations", "-v0", "catalog", "loans")
    scratch = folder.parent / "scratch"
    scratch.mkdir()
    suite = Suite(folder, plan, (), {}, ("library/tests.py",), VerifySettings(test_command=command), Path(sys.executable), scratch)
    environment = Environment(Path(sys.executable), Path(sysconfig.get_path("purelib")))
    return {gate.name: gate for gate in rungs(suite, environment)}


@pytest.mark.parametrize("command", ["{python} manage.py test", "{python} manage.py test --parallel 2"], ids=["one-process", "two-processes"])
def test_the_suite_ends_as_before_but_for_what_the_plan_says(tmp_path: Path, command: str) -> None:
    found = gates(tmp_path / "library", command)
    assert {name: gate.outcome for name, gate in found.items()} == {
        "monolith-local": "passed", "monolith-loopback": "passed", "monolith-remote": "passed",
    }, "\n".join(line for gate in found.values() if gate.outcome != "passed" for line in gate.details)  # fmt: skip
    assert found["monolith-local"].summary == "14 passed, 0 failed, 0 skipped of 14, every test as before"
    differing = {each.test.rpartition(".")[2]: each for each in found["monolith-remote"].differences}
    assert {name: [cause.edge for cause in each.causes if cause.how.startswith(("monolith code", "the test replaces"))] for name, each in differing.items()} == {
        "test_a_report_of_the_monolith": ["loans-3", "loans-5"],
        "test_a_join_of_the_monolith": ["loans-4", "loans-5"],
        "test_sql_of_the_monolith": ["loans-5"],
        "test_a_patched_name": ["loans-6"],
    }
    proven = "passes as soon as the code that stays sees the service's rows"
    assert [each.expected == proven for name, each in sorted(differing.items())] == [True, False, True, True]
