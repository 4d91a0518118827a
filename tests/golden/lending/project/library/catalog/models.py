from django.db import models


class Book(models.Model):
    title = models.CharField(max_length=200)
    isbn = models.CharField(max_length=13, unique=True)
    copies = models.PositiveIntegerField(default=1)

    def available(self):
        # Loans that are still out count against the copies.
        return self.copies - self.loans.filter(returned=None).count()
