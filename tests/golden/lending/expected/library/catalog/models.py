from django.db import models

from library.boundaries import loans


class Book(models.Model):
    title = models.CharField(max_length=200)
    isbn = models.CharField(max_length=13, unique=True)
    copies = models.PositiveIntegerField(default=1)

    def available(self):
        # Loans that are still out count against the copies.
        return self.copies - loans.count_loans(book=self, returned=None)
