"""The operations of the context loans in its own code: the expressions that callers used to write.

Imports stand inside the functions: the boundary loads before the application does, and never in a circle.
"""

from __future__ import annotations

from typing import Any


def count_loans(*, book: Any, returned: Any) -> Any:
    """The number of loans by book and returned."""
    from library.loans.models import Loan

    return Loan.objects.filter(book=book, returned=returned).count()


def get_loan(*, book: Any, reader: Any, returned: Any) -> Any:
    """Get loan by book and reader and returned."""
    from library.loans.models import Loan

    return Loan.objects.get(book=book, reader=reader, returned=returned)


def lend(*arguments: Any, **named: Any) -> Any:
    """Lends a copy for so many days."""
    from library.loans import services as _module

    return _module.lend(*arguments, **named)


def list_loans(*, book: Any, reader: Any) -> Any:
    """The loans by book and reader."""
    from library.loans.models import Loan

    return Loan.objects.filter(book=book, reader=reader).order_by("-due")


def overdue_total(*arguments: Any, **named: Any) -> Any:
    """How many loans of a reader are overdue."""
    from library.loans import services as _module

    return _module.overdue_total(*arguments, **named)
