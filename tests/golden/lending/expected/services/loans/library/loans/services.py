import datetime

from django.conf import settings
from django.contrib.auth.models import User

from library.catalog.models import Book
from library.loans.models import Loan


def lend(book: Book, reader: User, days: int = 0) -> Loan:
    """Lends a copy for so many days."""
    due = datetime.date.today() + datetime.timedelta(days=days or settings.LOAN_DAYS)
    return Loan.objects.create(book=book, reader=reader, due=due)


def overdue_total(reader: User) -> int:
    """How many loans of a reader are overdue."""
    return Loan.objects.filter(reader=reader, returned=None, due__lt=datetime.date.today()).count()
