"""Pages of the catalogue."""

from django.shortcuts import get_object_or_404, render

from library.boundaries import loans
from library.boundaries.loans import lend, overdue_total
from library.catalog.models import Book


def book(request, pk):
    found = get_object_or_404(Book, pk=pk)
    mine = loans.list_loans(book=found, reader=request.user)
    try:
        latest = loans.get_loan(book=found, reader=request.user, returned=None)
    except loans.LoanDoesNotExist:
        latest = None
    return render(
        request,
        "catalog/book.html",
        {"book": found, "loans": mine[:5], "latest": latest, "overdue": overdue_total(request.user)},
    )


def borrow(request, pk):
    found = get_object_or_404(Book, pk=pk)
    if found.available():
        lend(found, request.user, days=7)  # a short loan over the counter
    return book(request, pk)
