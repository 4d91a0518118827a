"""What the contract suite asks with: one function per operation that makes rows and says what the code itself answers.

Yours to edit: where rules of the code need particular values, give them here or in ``VALUES``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import rows

OWNED = ("loans.Loan",)

# Where commands leave something.
WATCHED = OWNED

# Operations that end in a declared error when there is no row: the model to empty, the error's name.
MISSING = {"get_loan": ("loans.Loan", "LoanDoesNotExist")}

rows.VALUES = {}

WITH_OPTIONS = ("lend",)


def takes_options(name: str) -> bool:
    """Whether an operation has parameters with a default."""
    return name in WITH_OPTIONS


class Example(NamedTuple):
    """``directly`` is the context's own code; with ``finds`` its answer cannot be empty.

    ``optional`` are values for parameters that have a default.
    """

    arguments: dict[str, Any]
    directly: Callable[..., Any]
    finds: bool = False
    optional: dict[str, Any] | None = None


def count_loans() -> Example:
    row = rows.make("loans.Loan")
    rows.make("loans.Loan")  # Another one, which the arguments need not fit.
    arguments = {"book": rows.looked_up(row, "book"), "returned": rows.looked_up(row, "returned")}

    def directly(book, returned):
        from library.loans.models import Loan

        return Loan.objects.filter(book=book, returned=returned).count()

    return Example(arguments, directly, finds=True)


def get_loan() -> Example:
    row = rows.make("loans.Loan")
    rows.make("loans.Loan")  # Another one, which the arguments need not fit.
    arguments = {
        "book": rows.looked_up(row, "book"),
        "reader": rows.looked_up(row, "reader"),
        "returned": rows.looked_up(row, "returned"),
    }

    def directly(book, reader, returned):
        from library.loans.models import Loan

        return Loan.objects.get(book=book, reader=reader, returned=returned)

    return Example(arguments, directly, finds=True)


def lend() -> Example:
    arguments = {
        "book": rows.pointed_at("catalog.Book", OWNED),
        "reader": rows.pointed_at("auth.User", OWNED),
    }
    optional = {"days": rows.argument("days", "integer", OWNED)}

    from library.loans.services import lend as directly

    return Example(arguments, directly, optional=optional)


def list_loans() -> Example:
    row = rows.make("loans.Loan")
    rows.make("loans.Loan")  # Another one, which the arguments need not fit.
    arguments = {"book": rows.looked_up(row, "book"), "reader": rows.looked_up(row, "reader")}

    def directly(book, reader):
        from library.loans.models import Loan

        return Loan.objects.filter(book=book, reader=reader).order_by("-due")

    return Example(arguments, directly, finds=True)


def overdue_total() -> Example:
    arguments = {"reader": rows.pointed_at("auth.User", OWNED)}

    from library.loans.services import overdue_total as directly

    return Example(arguments, directly)
