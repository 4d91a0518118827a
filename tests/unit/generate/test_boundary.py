from __future__ import annotations

import ast
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import django.db.utils
import pytest
from postgres import Server
from running import Run
from service_plans import LOAN, OPERATIONS, generated, library_plan, parameter

from decompose.errors import RefusedInput
from decompose.generate import boundary
from decompose.generate.render import make_render
from decompose.model.artifacts import Artifact
from decompose.model.migration import Operation
from decompose.model.service import ServicePlan
from decompose.resources import templates

LOOPBACK = {"LOANS_MODE": "loopback"}


def by_path(plan: ServicePlan) -> dict[str, Artifact]:
    return {each.path: each for each in boundary.generate(plan, make_render(templates()))}


def with_operation(operation: Operation) -> ServicePlan:
    import msgspec

    plan = library_plan()
    return msgspec.structs.replace(plan, context=msgspec.structs.replace(plan.context, operations=(operation,)))


def test_both_sides_get_the_same_bytes() -> None:
    files = by_path(library_plan())
    inside = [path for path in files if path.startswith("library/")]
    assert len(inside) == len(boundary.SHARED_MODULES) + 6  # two packages, the objects, the middleware, the routes, the local implementation
    for path in inside:
        assert files[path].content == files[f"services/loans/{path}"].content


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert generated(library_plan()) == generated(library_plan())


def test_a_function_keeps_its_name_and_signature() -> None:
    api = ast.parse(by_path(library_plan())["library/boundaries/loans/__init__.py"].content)
    lend = next(node for node in api.body if isinstance(node, ast.FunctionDef) and node.name == "lend")
    assert ast.unparse(lend.args) == "book: Any, reader: Any, weeks: int=4, note: str=''"


def test_arguments_of_an_expression_are_given_by_name() -> None:
    api = ast.parse(by_path(library_plan())["library/boundaries/loans/__init__.py"].content)
    count = next(node for node in api.body if isinstance(node, ast.FunctionDef) and node.name == "count_loans")
    assert ast.unparse(count.args) == "*, book: Any, weeks__gte: int"


@pytest.mark.parametrize("name", ["import", "x; import os", "x.y", "1x", ""])
def test_a_name_that_is_no_python_name_is_refused(name: str) -> None:
    with pytest.raises(RefusedInput):
        by_path(with_operation(Operation(name, "chain", "query", LOAN, (), "integer", "Loan.objects.count()", (LOAN,))))


@pytest.mark.parametrize("source", ["a; b", "import os", "x = 1", "(", ""])
def test_an_expression_that_is_a_statement_is_refused(source: str) -> None:
    with pytest.raises(RefusedInput):
        by_path(with_operation(Operation("count", "chain", "query", LOAN, (), "integer", source, (LOAN,))))


def test_text_of_the_monolith_stays_inside_its_docstring() -> None:
    doc = 'Ends """\nimport os; os.abort()  # \\'
    plan = with_operation(Operation("count", "chain", "query", LOAN, (), "integer", "1", doc=doc))
    files = by_path(plan)
    for file in ("__init__.py", "local.py"):
        tree = ast.parse(files[f"library/boundaries/loans/{file}"].content)
        assert not any(isinstance(node, ast.Import) for node in ast.walk(tree))


def test_a_default_that_is_no_literal_is_left_to_the_function() -> None:
    operation = Operation(
        "count", "function", "query", "library.loans.services.count",
        (parameter("limit", "integer", required=False, default="settings.LIMIT"),), "integer",
    )  # fmt: skip
    api = by_path(with_operation(operation))["library/boundaries/loans/__init__.py"].content.decode()
    assert "def count(limit: int = UNSET) -> int:" in api


def test_mode_local_imports_neither_pydantic_nor_httpx(cold_monolith: Run) -> None:
    code = """
loans.lend(book, reader)
try:
    loans.latest_loan(reader=book.pk + 99)
except loans.LoanDoesNotExist:
    pass
import sys
print(sorted(name for name in ("pydantic", "httpx", "library.boundaries.loans.contract") if name in sys.modules))
"""
    assert cold_monolith(code) == "[]\n"


def test_mode_local_gives_back_what_the_code_gives(monolith: Run) -> None:
    code = """
loan = loans.lend(book, reader, 2)
print(type(loan).__module__, type(loans.list_loans(book=book)).__name__, loans.new_loan(book=book).pk, loans.LoanDoesNotExist is Loan.DoesNotExist)
"""
    assert monolith(code) == "library.loans.models QuerySet None True\n"


def test_a_patched_definition_is_what_runs(monolith: Run) -> None:
    code = """
from unittest import mock
with mock.patch("library.loans.services.summary", return_value="patched"):
    print(loans.summary(book.pk))
"""
    assert monolith(code) == "patched\n"


def test_values_cross_with_their_types(monolith: Run) -> None:
    code = """
loans.lend(book, reader)
here = services.summary(book.pk)
there = loans.summary(book.pk)
print(there == here, type(there["total"]).__name__, type(there["days"]).__name__, there[1])
loan = loans.latest_loan(reader=reader)
print(type(loan).__name__, repr(loan.fee), loan.date.isoformat(), loan.pk == loan.id, loan.note)
"""
    printed = monolith(code, **LOOPBACK)
    assert printed == "True Decimal tuple {'open'}\nLoan Decimal('12.00') 2024-01-01T00:00:00+00:00 True Emma: \n"


def test_an_error_crosses_as_a_class_that_callers_of_both_kinds_catch(monolith: Run) -> None:
    code = """
for kind in (loans.LoanRefused, services.LoanRefused, ValueError):
    try:
        loans.lend(book, reader, weeks=9)
    except kind as error:
        print(type(error).__name__, error, repr(error.limit), error.due)
"""
    assert monolith(code, **LOOPBACK) == "LoanRefused more than 8 Decimal('8') 2024-05-01\n" * 3


def test_a_failure_shows_no_detail_of_the_service(monolith: Run) -> None:
    code = """
try:
    loans.broken()
except runtime.BoundaryFailure as error:
    print(error)
"""
    assert monolith(code, **LOOPBACK) == "loans.broken: the operation failed (status 500)\n"


def test_parents_travel_inside_a_snapshot(monolith: Run) -> None:
    assert monolith("print(loans.where(book))", **LOOPBACK) == "B12\n"


def test_loopback_refuses_to_read_what_does_not_travel(monolith: Run) -> None:
    code = """
from library.boundaries import objects, wire
contract = loans._boundary.contract
operation = contract.OPERATIONS["where"]
body = wire.encode_request(loans._boundary, operation, {"book": book})
request = wire.parse_request(operation, body)
there = wire.decode_request(loans._boundary, operation, request, objects.Detached("where"))["book"]
print(isinstance(there, Book), there == book, there.title, there.is_dear)
try:
    there.isbn
except runtime.BoundaryTypeError as error:
    print(error)
"""
    printed = monolith(code, **LOOPBACK)
    assert printed == "True True Emma True\nwhere: isbn of catalog.Book does not travel over the boundary\n"


def test_a_record_carries_what_its_model_computes(monolith: Run) -> None:
    code = """
loans.lend(book, reader, 2)
loan = loans.latest_loan(reader=reader)
print(type(loan).__name__, loan.is_long)
loan.weeks = 6
loans.save_loan(loan)
print(loan.is_long, loans.latest_loan(reader=reader).is_long)
draft = loans.new_loan(book=book, reader=reader, weeks=5, date=date)
draft.save()
print(draft.is_long)
"""
    assert monolith(code, **LOOPBACK) == "Loan False\nTrue True\nTrue\n"


RELATED = """
from types import SimpleNamespace
loan = services.lend(book, reader)
fine = SimpleNamespace(loan=loan, loan_id=loan.pk)
"""


def test_a_row_that_leads_to_one_of_the_context_gives_its_key(monolith: Run) -> None:
    code = f"""{RELATED}
found = loans.get_loan_of_fine(fine=fine)
print(type(found).__name__, found.pk == loan.pk, loans.get_loan_of_fine(fine=SimpleNamespace(loan=None, loan_id=None)))
try:
    loans.get_loan_of_fine(fine=SimpleNamespace(loan_id=loan.pk + 99))
except loans.LoanDoesNotExist:
    print("gone")
"""
    assert monolith(code, **LOOPBACK) == "Loan True None\ngone\n"


def test_a_row_that_leads_to_one_of_the_context_is_read_as_it_was_in_mode_local(monolith: Run) -> None:
    assert monolith(f"{RELATED}\nprint(loans.get_loan_of_fine(fine=fine) is loan)") == "True\n"


def test_a_record_leads_to_rows_of_its_caller(monolith: Run) -> None:
    code = f"""{RELATED}
found = loans.get_loan_of_fine(fine=fine)
print(type(found.book).__name__, found.book == book, found.book is found.book, found.reader.username)
found.book_id = Book.objects.create(isbn="2", title="Persuasion", price=1, shelf=book.shelf).pk
print(found.book.title)
try:
    found.shelf
except AttributeError as error:
    print(error)
"""
    assert monolith(code, **LOOPBACK) == "Book True True ann\nPersuasion\n'Loan' object has no attribute 'shelf'\n"


def test_a_row_that_a_command_changed_is_changed_for_its_caller(monolith: Run) -> None:
    code = """
loan = loans.lend(book, reader)
print(loans.close_loan(loan, datetime.date(2024, 3, 1)), loan.state, loan.returned)
try:
    loans.close_loan(loan, datetime.date(2024, 3, 1))
except loans.LoanClosed as error:
    print(error.loan == loan.pk, error.args == ("already closed",))
"""
    assert monolith(code, **LOOPBACK) == "4 closed 2024-03-01\nTrue True\n"


def test_a_draft_is_a_row_once_it_is_saved(monolith: Run) -> None:
    code = """
draft = loans.new_loan()
draft.book = book
draft.reader, draft.date, draft.weeks = reader, date, 3
print(draft.book_id == book.pk, draft.pk, Loan.objects.count())
draft.save()
draft.note = "late"
loans.save_loan(draft)
print(Loan.objects.get().note, draft.pk == Loan.objects.get().pk, draft.state)
draft.colour = "red"
try:
    draft.save()
except runtime.BoundaryTypeError as error:
    print(error)
"""
    printed = monolith(code, **LOOPBACK)
    assert printed == "True None 0\nlate True open\nnew_loan: colour is no column of loans.Loan\n"


def test_rows_that_were_made_and_not_saved_cross_as_arguments(monolith: Run) -> None:
    code = """
drafts = [loans.new_loan(book=book, reader=reader, weeks=weeks, date=date) for weeks in (1, 2)]
made = loans.bulk_create_loans(value=drafts)
print([(loan.weeks, loan.state) for loan in made], Loan.objects.filter(book=book, reader=reader).count(), len({loan.uuid for loan in Loan.objects.all()}))
drafts[0].colour = "red"
try:
    loans.bulk_create_loans(value=drafts)
except runtime.BoundaryTypeError as error:
    print(error)
"""
    printed = monolith(code, **LOOPBACK)
    assert printed == "[(1, 'open'), (2, 'open')] 2 2\nnew_loan: colour is no column of loans.Loan\n"


def test_pages_are_fetched_to_the_end(monolith: Run) -> None:
    code = """
from django.test.utils import override_settings
for number in range(7):
    loans.lend(book, reader, note=str(number))
with override_settings(BOUNDARIES={"loans": {"mode": "loopback", "page_size": 3}}):
    print([loan.note[-1] for loan in loans.page_loans(books=[book])])
"""
    assert monolith(code) == "['0', '1', '2', '3', '4', '5', '6']\n"


def test_nobody_crosses_as_an_anonymous_user(monolith: Run) -> None:
    code = """
from django.contrib.auth.models import AnonymousUser
from library.boundaries import objects, wire
operation = loans._boundary.contract.OPERATIONS["lend"]
body = wire.encode_request(loans._boundary, operation, {"book": book, "reader": AnonymousUser()})
request = wire.parse_request(operation, body)
print(wire.decode_request(loans._boundary, operation, request, objects.Detached("lend"))["reader"])
"""
    assert monolith(code, **LOOPBACK) == "AnonymousUser\n"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("loans.summary('many')", "against the contract"),
        ("loans.where(Book())", "a saved catalog.Book is wanted"),
        ("loans.count_loans(book=Book(), weeks__gte=1)", "an unsaved Book has no key to send"),
    ],
)
def test_what_does_not_fit_the_contract_is_refused_before_it_is_sent(monolith: Run, call: str, message: str) -> None:
    code = f"""
try:
    {call}
except runtime.BoundaryTypeError as error:
    print(error)
"""
    assert message in monolith(code, **LOOPBACK)


def test_an_unknown_mode_names_the_known_ones(monolith: Run) -> None:
    code = """
try:
    loans.summary(1)
except runtime.BoundaryError as error:
    print(error)
"""
    printed = monolith(code, LOANS_MODE="remte")
    assert printed == "loans: unknown mode 'remte', known are local, shadow, loopback, remote\n"


def test_settings_win_over_the_environment(monolith: Run) -> None:
    code = """
from django.test.utils import override_settings
with override_settings(BOUNDARIES={"loans": {"mode": "local"}}):
    print(loans._boundary.mode)
print(loans._boundary.mode)
"""
    assert monolith(code, **LOOPBACK) == "local\nloopback\n"


def test_every_operation_has_a_function_and_an_implementation() -> None:
    files = by_path(library_plan())
    for file in ("__init__.py", "local.py"):
        tree = ast.parse(files[f"library/boundaries/loans/{file}"].content)
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert {operation.name for operation in OPERATIONS} <= names


def test_templates_without_placeholders_hold_no_template_language() -> None:
    root = Path(__file__).parents[3] / "templates"
    for path in sorted(root.rglob("*.py")):
        assert not any(mark in path.read_text() for mark in ("{{", "{%", "{#")), path


TABLES_GONE = """
from django.db import DatabaseError, IntegrityError, OperationalError, ProgrammingError, connection
connection.cursor().execute(f"ALTER TABLE {Loan._meta.db_table} RENAME TO elsewhere")
"""


@pytest.mark.parametrize("mode", ["local", "loopback"])
def test_who_is_ready_for_a_missing_table_stays_so(monolith: Run, mode: str) -> None:
    code = """
for kinds in ((ProgrammingError, OperationalError), DatabaseError):
    try:
        loans.count_loans(book=book, weeks__gte=1)
    except IntegrityError:
        print("never")
    except kinds as error:
        print(type(error).__name__, isinstance(error, runtime.BoundaryFailure), "elsewhere" in str(error))
"""
    name, crossed = ("OperationalError", False) if mode == "local" else ("BoundaryFailure", True)
    assert monolith(TABLES_GONE + code, LOANS_MODE=mode) == f"{name} {crossed} False\n" * 2


def test_who_is_ready_for_a_row_that_exists_stays_so(monolith: Run) -> None:
    code = """
from unittest import mock
from django.db import IntegrityError, OperationalError
with mock.patch("library.loans.services.broken", side_effect=IntegrityError("Emma is there")):
    try:
        loans.broken()
    except OperationalError:
        print("never")
    except IntegrityError as error:
        print(error)
"""
    assert monolith(code, **LOOPBACK) == "loans.broken: the operation failed (status 500)\n"


def test_errors_of_sqlalchemy_are_met_by_handlers_of_sqlalchemy(monolith: Run) -> None:
    code = """
from unittest import mock
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError, SQLAlchemyError
with mock.patch("library.loans.services.broken", side_effect=ProgrammingError("SELECT secret", {}, Exception("no table"))):
    for kinds in ((OperationalError, ProgrammingError), DBAPIError, SQLAlchemyError, runtime.BoundaryFailure):
        try:
            loans.broken()
        except IntegrityError:
            print("never")
        except kinds as error:
            print(error, error.orig, isinstance(error, runtime.BoundaryFailure))
"""
    assert monolith(code, **LOOPBACK) == "loans.broken: the operation failed (status 500) None True\n" * 4


def test_a_service_that_is_not_there_is_a_database_that_is_not_there(monolith: Run) -> None:
    code = """
import pickle
import sqlalchemy.exc
from django.db import IntegrityError, OperationalError
for kind in (OperationalError, sqlalchemy.exc.OperationalError, runtime.BoundaryUnavailable):
    try:
        loans.count_loans(book=book, weeks__gte=1)
    except (IntegrityError, sqlalchemy.exc.IntegrityError):
        print("never")
    except kind as error:
        again = pickle.loads(pickle.dumps(error))
        print(type(error).__name__, str(again) == str(error), isinstance(again, kind))
"""
    unreachable = {"LOANS_MODE": "remote", "LOANS_URL": "http://127.0.0.1:1", "LOANS_ATTEMPTS": "1"}
    assert monolith(code, **unreachable) == "BoundaryUnavailable True True\n" * 3


def test_a_failure_without_a_database_is_no_error_of_one(monolith: Run) -> None:
    code = """
from django.db import Error
try:
    loans.broken()
except Error:
    print("a database's")
except runtime.BoundaryFailure as error:
    print(type(error) is runtime.BoundaryFailure)
"""
    assert monolith(code, **LOOPBACK) == "True\n"


def test_what_the_framework_answers_crosses_without_being_declared(monolith: Run) -> None:
    code = """
from unittest import mock
import werkzeug.exceptions
from django.core.exceptions import PermissionDenied
from django.http import Http404
from starlette.exceptions import HTTPException

class NoSuchBook(werkzeug.exceptions.NotFound):
    pass

for raised in (Http404("no book"), PermissionDenied("not yours"), NoSuchBook("no book"), HTTPException(409, "lent"), HTTPException(503)):
    with mock.patch("library.loans.services.broken", side_effect=raised):
        try:
            loans.broken()
        except (Http404, PermissionDenied, werkzeug.exceptions.NotFound, HTTPException) as error:
            print(type(error).__name__, error, getattr(error, "code", None) or getattr(error, "status_code", None))
"""
    assert monolith(code, **LOOPBACK) == (
        "Http404 no book None\nPermissionDenied not yours None\nNotFound 404 Not Found: no book 404\n"
        "HTTPException 409: lent 409\nHTTPException 503: Service Unavailable 503\n"
    )


def test_only_classes_of_frameworks_are_made_of_a_reply(monolith: Run) -> None:
    code = """
from library.boundaries import refusals
for path in ("builtins.SystemExit", "os.system", "django.core.exceptions.settings", "werkzeug.exceptions.abort", "gone.exceptions.Gone", ""):
    print(refusals.named(path))
print(refusals.named("django.http.response.Http404").__name__)
"""
    assert monolith(code, **LOOPBACK) == "None\n" * 6 + "Http404\n"


def test_a_database_that_is_gone_is_told_from_one_that_refuses(postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By real errors of real drivers, as SQLAlchemy and Django pass them on."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import DBAPIError

    known = ModuleType("databases")
    monkeypatch.setitem(sys.modules, "databases", known)
    exec((Path(__file__).parents[3] / "templates/boundary/databases.py").read_text(), vars(known))

    def cut_off(engine: Any, *statements: str) -> bool:
        try:
            with engine.connect() as connection:
                for statement in statements:
                    connection.execute(text(statement))
        except DBAPIError as error:
            as_django = django.db.utils.OperationalError(str(error.orig))
            as_django.__cause__ = error.orig
            assert known.is_cut_off(as_django) == known.is_cut_off(error)
            return bool(known.is_cut_off(error))
        raise AssertionError("nothing was raised")

    assert cut_off(create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"), "SELECT 1")
    assert cut_off(create_engine(f"sqlite:///{tmp_path}/no/folder.sqlite3"), "SELECT 1")
    assert not cut_off(create_engine("sqlite://"), "SELECT * FROM missing")
    engine = create_engine(postgres.address().replace("postgres://", "postgresql+psycopg://"))
    assert cut_off(engine, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert not cut_off(engine, "SET statement_timeout = 10", "SELECT pg_sleep(5)")
    assert not cut_off(engine, "SELECT * FROM missing")


def test_what_a_query_adds_to_its_rows_crosses_inside_of_json_too(monolith: Run) -> None:
    code = """
import threading
from unittest import mock
from django.db.models import F
from library.loans.models import Loan
loans.lend(book, reader, weeks=2, note="n")
def found(book_id):
    rows = list(Loan.objects.annotate(days=F("weeks") * 7))
    rows[0].notes, rows[0].held = [rows[0].note], threading.Lock()
    return {"rows": rows}
with mock.patch("library.loans.services.summary", found):
    [row] = loans.summary(1)["rows"]
print(type(row).__module__, row.days, row.notes, hasattr(row, "held"), row.weeks)
"""
    assert monolith(code, LOANS_MODE="loopback") == "library.boundaries.loans.contract 14 ['Emma: n'] False 2\n"
