"""Pages of the catalogue."""

from django.shortcuts import get_object_or_404, render

from library.catalog.models import Book
from library.loans.models import Loan
from library.loans.services import lend, overdue_total


def book(request, pk):
    found = get_object_or_404(Book, pk=pk)
    mine = Loan.objects.filter(book=found, reader=request.user).order_by("-due")
    try:
        latest = Loan.objects.get(book=found, reader=request.user, returned=None)
    except Loan.DoesNotExist:
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
