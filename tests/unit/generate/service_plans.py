"""A small Django monolith, written to disk by tests, and the service plan of one of its contexts.

A library lends books. The context ``loans`` moves; books and users stay in the monolith.
"""

from __future__ import annotations

from pathlib import Path

from decompose.generate import boundary, callbacks, contract, contract_tests, exchange, service
from decompose.generate.render import make_render
from decompose.model.artifacts import Artifact
from decompose.model.facts import Column, Route, Setting, Table, Task
from decompose.model.location import Location
from decompose.model.migration import (
    BoundaryEdge,
    ContextPlan,
    Entity,
    Field,
    Operation,
    OperationParameter,
    Placement,
    Project,
    Replica,
)
from decompose.model.service import ServicePlan
from decompose.model.target import Target
from decompose.resources import templates

MONOLITH = {
    "manage.py": """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "library.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
""",
    "library/__init__.py": "",
    "library/settings.py": """
import os
SECRET_KEY = "test"
INSTALLED_APPS = [
    "django.contrib.contenttypes", "django.contrib.auth", "rest_framework", "library.catalog", "library.loans.apps.LoansConfig",
    *(["library.boundaries.exchange"] if os.environ.get("EXCHANGE") else []),
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ.get("MONOLITH_DB", ":memory:")}}
if os.environ.get("MONOLITH_DB", "").startswith("postgres:"):
    from urllib.parse import urlsplit
    parts = urlsplit(os.environ["MONOLITH_DB"])
    DATABASES["default"] = {
        "ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:], "USER": parts.username, "HOST": parts.hostname, "PORT": parts.port,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
ROOT_URLCONF = "library.urls"
LOAN_DAYS = 21
""",
    "library/urls.py": """
import os
from django.urls import include, path
urlpatterns = [path("api/loans/", include("library.loans.urls"))]
if os.environ.get("EXCHANGE"):
    urlpatterns.append(path("", include("library.boundaries.exchange.urls")))
""",
    "library/core/__init__.py": "",
    "library/core/calendar.py": """
import datetime

def days_between(first, last):
    return (last - first).days
""",
    "library/catalog/__init__.py": "",
    "library/catalog/migrations/__init__.py": "",
    "library/catalog/models.py": """
from django.db import models

class Shelf(models.Model):
    room = models.CharField(max_length=20)

class Book(models.Model):
    isbn = models.CharField(max_length=13, unique=True)
    title = models.CharField(max_length=100)
    price = models.DecimalField(max_digits=7, decimal_places=2)
    shelf = models.ForeignKey(Shelf, on_delete=models.PROTECT)

    @property
    def is_dear(self):
        return self.price > 100
""",
    "library/loans/__init__.py": 'raise_if_imported_in_the_service = __import__("library.settings")\n',
    "library/loans/migrations/__init__.py": "",
    "library/loans/apps.py": """
from django.apps import AppConfig

class LoansConfig(AppConfig):
    name = "library.loans"
""",
    "library/loans/models.py": """
import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

class Loan(models.Model):
    book = models.ForeignKey("catalog.Book", on_delete=models.CASCADE, related_name="loans")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    uuid = models.UUIDField(default=uuid.uuid4, unique=True)
    date = models.DateTimeField()
    weeks = models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(8)])
    fee = models.DecimalField(max_digits=6, decimal_places=2, default=0)
    note = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=[("open", "Open"), ("closed", "Closed")], default="open")
    extra = models.JSONField(default=dict)
    returned = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-date"]
        get_latest_by = "date"

    @property
    def is_long(self) -> bool:
        return self.weeks > 4

    def close(self, on):
        if self.state == "closed":
            raise LoanClosed("already closed", self.pk)
        self.state = "closed"
        self.returned = on
        self.save()
        return self.weeks

class LoanClosed(Exception):
    def __init__(self, message, loan):
        super().__init__(message)
        self.loan = loan
""",
    "library/loans/services.py": """
import datetime
import decimal

from django.conf import settings

from library.core.calendar import days_between
from library.loans.models import Loan

class LoanRefused(ValueError):
    def __init__(self, *, limit):
        super().__init__(f"more than {limit}")
        self.limit = limit
        self.due = datetime.date(2024, 5, 1)

def lend(book, reader, weeks=4, note=""):
    if weeks > 8:
        raise LoanRefused(limit=decimal.Decimal("8"))
    date = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
    return Loan.objects.create(book=book, reader=reader, weeks=weeks, note=f"{book.title}: {note}", date=date,
                               fee=book.price / 10 if book.is_dear else 0)

def summary(book_id: int) -> dict:
    loans = Loan.objects.filter(book_id=book_id)
    total = sum((loan.fee for loan in loans), decimal.Decimal("0.00"))
    return {"total": total, "days": (settings.LOAN_DAYS, 7), 1: {"open"}, "count": len(loans)}

def where(book):
    return book.shelf.room

def forgetful(book):
    return book.isbn

def touch(loan, note):
    loan.note = note
    loan.save()

def days(first, last):
    return days_between(first, last)

def broken():
    raise RuntimeError("secret detail")
""",
    "library/loans/api.py": """
from rest_framework import serializers, viewsets

from library.loans.models import Loan

class LoanSerializer(serializers.ModelSerializer):
    class Meta:
        model = Loan
        fields = ["id", "book", "weeks", "note"]

class LoanViewSet(viewsets.ReadOnlyModelViewSet):
    serializer_class = LoanSerializer

    def get_queryset(self):
        return Loan.objects.filter(reader=self.request.user)
""",
    "library/loans/urls.py": """
from rest_framework.routers import SimpleRouter

from library.loans.api import LoanViewSet

router = SimpleRouter()
router.register("", LoanViewSet, basename="loan")
urlpatterns = router.urls
""",
    "library/celery.py": """
import os
from celery import Celery
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "library.settings")
app = Celery("library", broker=os.environ.get("CELERY_BROKER_URL", "memory://"))
app.conf.task_routes = {"library.loans.tasks.remind": {"queue": "mail"}}
app.autodiscover_tasks()
""",
    "library/catalog/tasks.py": """
from celery import shared_task
from library.catalog.models import Book

@shared_task
def count(room):
    return f"{room}: {Book.objects.count()} books"
""",
    "library/loans/tasks.py": """
from celery import shared_task

from library.loans.models import Loan

@shared_task
def remind():
    return Loan.objects.filter(state="open").count()
""",
}
"""Files of the monolith by path."""

SHADOWS = {
    "library/catalog/models.py": """
from django.db import models

class Shelf(models.Model):
    room = models.CharField(max_length=20, null=True)

class Book(models.Model):
    title = models.CharField(max_length=100, null=True)
    price = models.DecimalField(max_digits=7, decimal_places=2, null=True)
    is_dear = models.BooleanField(null=True)
    shelf = models.ForeignKey(Shelf, on_delete=models.DO_NOTHING, null=True)
""",
    "library/catalog/migrations/__init__.py": "",
    "library/loans/migrations/__init__.py": "",
}
"""What the generators of data write into the service: models of shadow rows, places for migrations."""

HERE = Location("library/loans/services.py", 1)
BOOK = "library.catalog.models.Book"
USER = "django.contrib.auth.models.User"
LOAN = "library.loans.models.Loan"


def parameter(name: str, type: str, **more: object) -> OperationParameter:
    return OperationParameter(name, type, **more)  # type: ignore[arg-type]


OPERATIONS = (
    Operation(
        name="lend", shape="function", kind="command", target="library.loans.services.lend", returns="entity:Loan",
        parameters=(
            parameter("book", f"replica:{BOOK}"),
            parameter("reader", f"replica:{USER}"),
            parameter("weeks", "integer", required=False, default="4"),
            parameter("note", "string", required=False, default="''"),
        ),
        errors=("library.loans.services.LoanRefused",), doc="Lends a book to a reader.",
    ),
    Operation(
        name="summary", shape="function", kind="query", target="library.loans.services.summary", returns="json",
        parameters=(parameter("book_id", "integer"),), doc="What a book earned.",
    ),
    Operation(
        name="where", shape="function", kind="query", target="library.loans.services.where", returns="string",
        parameters=(parameter("book", f"replica:{BOOK}"),),
    ),
    Operation(
        name="touch", shape="function", kind="command", target="library.loans.services.touch", returns="none",
        parameters=(parameter("loan", "entity:Loan"), parameter("note", "string")),
    ),
    Operation(
        name="days", shape="function", kind="query", target="library.loans.services.days", returns="integer",
        parameters=(parameter("first", "date"), parameter("last", "date")),
    ),
    Operation(
        name="broken", shape="function", kind="query", target="library.loans.services.broken", returns="none", parameters=(),
    ),
    Operation(
        name="count_loans", shape="chain", kind="query", target=LOAN, returns="integer", imports=(LOAN,),
        expression="Loan.objects.filter(book=book, weeks__gte=weeks__gte).count()",
        parameters=(parameter("book", f"key:{BOOK}"), parameter("weeks__gte", "integer")),
        doc="The number of loans of a book.",
    ),
    Operation(
        name="latest_loan", shape="chain", kind="query", target=LOAN, returns="entity:Loan", imports=(LOAN,),
        expression="Loan.objects.filter(reader=reader).latest()",
        parameters=(parameter("reader", f"key:{USER}"),), errors=(f"{LOAN}.DoesNotExist",),
    ),
    Operation(
        name="first_loan", shape="chain", kind="query", target=LOAN, returns="entity:Loan", imports=(LOAN,), optional=True,
        expression=(
            "Loan.objects.filter(reader=reader, state='open', note__icontains=note).exclude(book=book)"
            ".order_by('-date', 'pk').filter(weeks__in=weeks).first()"
        ),
        parameters=(
            parameter("reader", f"key:{USER}"), parameter("note", "string"),
            parameter("book", f"key:{BOOK}"), parameter("weeks", "list:integer"),
        ),
    ),
    Operation(
        name="list_loans", shape="chain", kind="query", target=LOAN, returns="list:entity:Loan", imports=(LOAN,),
        expression="Loan.objects.filter(book=book)", parameters=(parameter("book", f"key:{BOOK}"),),
    ),
    Operation(
        name="get_loan_of_fine", shape="chain", kind="query", target=LOAN, returns="entity:Loan", optional=True, idempotent=True,
        expression="fine.loan", parameters=(parameter("fine", f"related:loan:{LOAN}", nullable=True),), errors=(f"{LOAN}.DoesNotExist",),
    ),
    Operation(
        name="page_loans", shape="chain", kind="query", target=LOAN, returns="page:entity:Loan", imports=(LOAN,),
        expression="Loan.objects.filter(book__in=books)", parameters=(parameter("books", f"list:key:{BOOK}"),),
    ),
    Operation(
        name="create_loan", shape="chain", kind="command", target=LOAN, returns="entity:Loan", imports=(LOAN,),
        expression="Loan.objects.create(book=book, reader=reader, weeks=weeks, date=date)",
        parameters=(
            parameter("book", f"key:{BOOK}"), parameter("reader", f"key:{USER}"), parameter("weeks", "integer"),
            parameter("date", "datetime"),
        ),
    ),
    Operation(
        name="delete_loans", shape="chain", kind="command", target=LOAN, returns="json", imports=(LOAN,), idempotent=True,
        expression="Loan.objects.filter(book=book).delete()", parameters=(parameter("book", f"key:{BOOK}"),),
    ),
    Operation(
        name="new_loan", shape="draft", kind="command", target=LOAN, returns="entity:Loan", imports=(LOAN,),
        parameters=(
            parameter("book", f"replica:{BOOK}", required=False, default="UNSET"),
            parameter("reader", f"key:{USER}", required=False, default="UNSET"),
            *(
                parameter(name, type, required=False, nullable=True, default="UNSET")
                for name, type in (("weeks", "integer"), ("date", "datetime"), ("fee", "decimal"), ("note", "string"), ("uuid", "uuid"))
            ),
        ),
    ),
    Operation(
        name="close_loan", shape="method", kind="command", target=LOAN, expression="close", returns="integer", imports=(LOAN,),
        parameters=(parameter("loan", "entity:Loan"), parameter("on", "date")), errors=("library.loans.models.LoanClosed",),
    ),
    Operation(
        name="save_loan", shape="method", kind="command", target=LOAN, expression="save", returns="none", imports=(LOAN,),
        parameters=(parameter("loan", "entity:Loan"),), idempotent=True,
    ),
    Operation(
        name="bulk_create_loans", shape="chain", kind="command", target=LOAN, returns="list:entity:Loan", imports=(LOAN,),
        expression="Loan.objects.bulk_create(value)", parameters=(parameter("value", "list:entity:Loan"),),
    ),
)  # fmt: skip
"""Every shape, every kind of parameter and result."""

LOAN_FIELDS = (
    Field("id", "big"), Field("book_id", "big"), Field("reader_id", "integer"), Field("uuid", "uuid"), Field("date", "datetime"),
    Field("weeks", "integer"), Field("fee", "decimal"), Field("note", "text"), Field("state", "string"), Field("extra", "json"),
    Field("returned", "date", nullable=True), Field("is_long", "boolean", path="is_long"),
)  # fmt: skip


def edge(id: str, kind: str, disposition: str, source: str, target: str, at: Location, text: str, **more: object) -> BoundaryEdge:
    return BoundaryEdge(id, "in", kind, source, target, at, text, disposition, disposition, "because", **more)  # type: ignore[arg-type]


ROUTES = tuple(
    edge(id, "route", "proxy-route", name, "library.loans.api.LoanViewSet", Location("library/loans/urls.py", 7), f"GET {path}")
    for id, name, path in (("loans-1", "loan-list", "/api/loans/"), ("loans-2", "loan-detail", "/api/loans/(?P<pk>[^/.]+)/"))
)


def library_plan(**changes: object) -> ServicePlan:
    """The plan of the context ``loans``."""
    placements = tuple(
        Placement(path.removesuffix(".py").replace("/", "."), path, action, "because")  # type: ignore[arg-type]
        for path, action in (
            ("library/core/calendar.py", "share"),
            *((f"library/loans/{name}.py", "move") for name in ("api", "apps", "models", "services", "tasks", "urls")),
        )
    )
    context = ContextPlan(
        name="loans",
        readiness="ready",
        rank=1,
        score=1.0,
        reasons=(),
        edges=ROUTES,
        operations=OPERATIONS,
        entities=(Entity("Loan", LOAN, "loans_loan", "id", LOAN_FIELDS, (("book", BOOK), ("reader", USER))),),
        replicas=(
            Replica(
                BOOK, "catalog.Book", "catalog_book", Field("id", "big"),
                (Field("title", "string", True), Field("price", "decimal", True), Field("is_dear", "boolean", True)),
                parents=(("shelf", "library.catalog.models.Shelf"),),
            ),
            Replica("library.catalog.models.Shelf", "catalog.Shelf", "catalog_shelf", Field("id", "big"), (Field("room", "string", True),)),
            Replica(USER, "auth.User", "auth_user", Field("id", "integer"), (Field("username", "string"),), user=True),
        ),
        placements=(Placement("library.loans", "library/loans/__init__.py", "drop", "side effects"), *placements),
        tables=(
            Table(
                "loans_loan", LOAN, HERE, "django", label="loans.Loan",
                columns=(Column("id", "id", "big", primary_key=True, auto=True),),
            ),
        ),
        routes=(
            Route(("GET",), "/api/loans/", "library.loans.api.LoanViewSet", Location("library/loans/urls.py", 7), "django", "loan-list", "api"),
            Route(("GET",), "/api/loans/<pk>/", "library.loans.api.LoanViewSet", Location("library/loans/urls.py", 7), "django", "loan-detail", "api"),
        ),
        sent=(Task("library.catalog.tasks.count", "library.catalog.tasks.count", HERE, "celery", "celery"),),
        tasks=(Task("library.loans.tasks.remind", "library.loans.tasks.remind", Location("library/loans/tasks.py", 6), "celery", "mail"),),
        settings=(
            Setting("LOAN_DAYS", "21", Location("library/settings.py", 13)),
            Setting("LOAN_HOST", "os.environ.get('LOAN_HOST', 'localhost')", Location("library/settings.py", 14), "LOAN_HOST"),
        ),
        requirements=("djangorestframework",),
    )  # fmt: skip
    project = Project(
        name="library",
        framework="django",
        frameworks=("django",),
        source=".",
        package="library.boundaries",
        python="3.11",
        settings_module="library.settings",
        user_model="auth.User",
        manage="manage.py",
        apps=(("catalog", "library.catalog"), ("loans", "library.loans.apps.LoansConfig")),
        requirements=(("django", "Django>=5.2,<5.3"),),
    )
    values = {
        "name": "loans", "package": "loans_service", "root": "services/loans", "boundary": "library.boundaries.loans", "port": 8001,
        "project": project, "context": context, "target": Target(),
        "sources": {each.path: MONOLITH[each.path].lstrip("\n").encode() for each in placements},
    }  # fmt: skip
    return ServicePlan(**{**values, **changes})  # type: ignore[arg-type]


def generated(plan: ServicePlan) -> list[Artifact]:
    """What the generators of boundary, contract, service and contract suite make of a plan."""
    render = make_render(templates())
    return [each for module in (boundary, contract, callbacks, exchange, service, contract_tests) for each in module.generate(plan, render)]


def by_path_of(plan: ServicePlan) -> dict[str, Artifact]:
    return {artifact.path: artifact for artifact in generated(plan)}


def write_library(folder: Path, plan: ServicePlan | None = None) -> Path:
    """The monolith with the service beside it, on disk."""
    plan = plan or library_plan()
    for path, text in MONOLITH.items():
        _write(folder / path, text.lstrip("\n").encode())
    for path, text in SHADOWS.items():
        _write(folder / plan.root / path, text.lstrip("\n").encode())
    for artifact in generated(plan):
        _write(folder / artifact.path, artifact.content)
    return folder


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
