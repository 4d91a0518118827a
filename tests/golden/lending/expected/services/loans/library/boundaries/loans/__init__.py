"""The boundary of the context loans: all that the rest of lending may ask of it.

In mode ``local`` a function gives back exactly what the context's code gives; in the other modes rows are records of
``contract`` with the same attributes. See ``runtime`` for the modes and how to set them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from library.boundaries.runtime import Boundary

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable

    from library.boundaries.loans import contract

__all__ = ["count_loans", "get_loan", "lend", "list_loans", "overdue_total"]

# Exceptions of the context, resolved when they are used.
LoanDoesNotExist: type[Exception]

_boundary = Boundary(
    "loans",
    __name__,
    errors={
        "LoanDoesNotExist": "library.loans.models.Loan.DoesNotExist",
    },
)


def count_loans(*, book: Any, returned: datetime.date | None) -> int:
    """The number of loans by book and returned.

    ``book``: a Book or its key; only the key travels.
    """
    return _boundary.call("count_loans", {"book": book, "returned": returned})


def get_loan(*, book: Any, reader: Any, returned: datetime.date | None) -> contract.Loan:
    """Get loan by book and reader and returned.

    ``book``: a Book or its key; only the key travels; ``reader``: a User or its key; only
    the key travels.

    Raises ``LoanDoesNotExist``.
    """
    return _boundary.call("get_loan", {"book": book, "reader": reader, "returned": returned})


@_boundary.as_called
def lend(book: Any, reader: Any, days: int = 0) -> contract.Loan:
    """Lends a copy for so many days.

    ``book``: a Book; what the contract lists of it travels; ``reader``: a User; what the
    contract lists of it travels.

    Raises ``LoanDoesNotExist``.
    """
    return _boundary.call("lend", {"book": book, "reader": reader, "days": days})


def list_loans(*, book: Any, reader: Any) -> Iterable[contract.Loan]:
    """The loans by book and reader.

    ``book``: a Book or its key; only the key travels; ``reader``: a User or its key; only
    the key travels.
    """
    return _boundary.call("list_loans", {"book": book, "reader": reader})


@_boundary.as_called
def overdue_total(reader: Any) -> int:
    """How many loans of a reader are overdue.

    ``reader``: a User; what the contract lists of it travels.

    Raises ``LoanDoesNotExist``.
    """
    return _boundary.call("overdue_total", {"reader": reader})


def __getattr__(name: str) -> Any:
    return _boundary.attribute(name)
