"""The contract of the context loans: what crosses its boundary, for callers and for the service alike.

Made from the models and signatures of the code. Imported only in the modes that serialise; it needs pydantic.
"""

from typing import ClassVar

from library.boundaries.runtime import ErrorContract, OperationContract
from library.boundaries.wire import Anonymous, Date, Message, ModelContract, Record, Source

VERSION = "1.0.0+2c41a598"


class Loan(Record):
    """A row of loans_loan (library.loans.models.Loan)."""

    _related: ClassVar[dict[str, str]] = {"book": "catalog.Book", "reader": "auth.User"}

    id: int
    book_id: int
    reader_id: int
    kind: str
    due: Date
    returned: Date | None = None


class UserSnapshot(Record):
    """What the context sees of a row of auth_user (django.contrib.auth.models.User)."""

    id: int


class BookSnapshot(Record):
    """What the context sees of a row of catalog_book (library.catalog.models.Book)."""

    id: int
    title: str | None = None


class CountLoansRequest(Message):
    """Arguments of count_loans."""

    book: int
    returned: Date | None


class CountLoansResponse(Message):
    """What count_loans returns."""

    result: int


class GetLoanRequest(Message):
    """Arguments of get_loan."""

    book: int
    reader: int
    returned: Date | None


class GetLoanResponse(Message):
    """What get_loan returns."""

    result: Loan


class LendRequest(Message):
    """Arguments of lend."""

    book: BookSnapshot
    reader: UserSnapshot | Anonymous
    days: int = 0


class LendResponse(Message):
    """What lend returns."""

    result: Loan


class ListLoansRequest(Message):
    """Arguments of list_loans."""

    book: int
    reader: int


class ListLoansResponse(Message):
    """What list_loans returns."""

    result: list[Loan]


class OverdueTotalRequest(Message):
    """Arguments of overdue_total."""

    reader: UserSnapshot | Anonymous


class OverdueTotalResponse(Message):
    """What overdue_total returns."""

    result: int


ENTITIES = {
    "Loan": Source(Loan, "loans.Loan"),
}

REPLICAS = {
    "django.contrib.auth.models.User": Source(UserSnapshot, "auth.User"),
    "library.catalog.models.Book": Source(BookSnapshot, "catalog.Book"),
}

MODELS = {
    "django.contrib.auth.models.User": ModelContract("auth.User", False),
    "library.catalog.models.Book": ModelContract("catalog.Book", False),
}

ERRORS = {
    "LoanDoesNotExist": ErrorContract(
        "LoanDoesNotExist",
        "library.loans.models.Loan.DoesNotExist",
        404,
        True,
        ("django.core.exceptions.ObjectDoesNotExist",),
    ),
}

OPERATIONS = {
    "count_loans": OperationContract(
        name="count_loans",
        shape="chain",
        kind="query",
        request=CountLoansRequest,
        response=CountLoansResponse,
        parameters={"book": "key:library.catalog.models.Book", "returned": "date"},
        returns="integer",
        idempotent=True,
        timeout=2.0,
        target="library.loans.models.Loan",
        doc="The number of loans by book and returned.",
    ),
    "get_loan": OperationContract(
        name="get_loan",
        shape="chain",
        kind="query",
        request=GetLoanRequest,
        response=GetLoanResponse,
        parameters={
            "book": "key:library.catalog.models.Book",
            "reader": "key:django.contrib.auth.models.User",
            "returned": "date",
        },
        returns="entity:Loan",
        errors=("LoanDoesNotExist",),
        idempotent=True,
        timeout=2.0,
        target="library.loans.models.Loan",
        doc="Get loan by book and reader and returned.",
    ),
    "lend": OperationContract(
        name="lend",
        shape="function",
        kind="command",
        request=LendRequest,
        response=LendResponse,
        parameters={
            "book": "replica:library.catalog.models.Book",
            "reader": "replica:django.contrib.auth.models.User",
            "days": "integer",
        },
        returns="entity:Loan",
        errors=("LoanDoesNotExist",),
        timeout=2.0,
        target="library.loans.services.lend",
        doc="Lends a copy for so many days.",
    ),
    "list_loans": OperationContract(
        name="list_loans",
        shape="chain",
        kind="query",
        request=ListLoansRequest,
        response=ListLoansResponse,
        parameters={
            "book": "key:library.catalog.models.Book",
            "reader": "key:django.contrib.auth.models.User",
        },
        returns="list:entity:Loan",
        idempotent=True,
        timeout=2.0,
        target="library.loans.models.Loan",
        doc="The loans by book and reader.",
    ),
    "overdue_total": OperationContract(
        name="overdue_total",
        shape="function",
        kind="query",
        request=OverdueTotalRequest,
        response=OverdueTotalResponse,
        parameters={"reader": "replica:django.contrib.auth.models.User"},
        returns="integer",
        errors=("LoanDoesNotExist",),
        idempotent=True,
        timeout=2.0,
        target="library.loans.services.overdue_total",
        doc="How many loans of a reader are overdue.",
    ),
}
