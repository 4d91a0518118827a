from django.conf import settings
from django.db import models

from library.catalog.models import Book


class Loan(models.Model):
    class Kind(models.TextChoices):
        NORMAL = "normal"
        SHORT = "short"

    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="loans")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.NORMAL)
    due = models.DateField()
    returned = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["due"]
        indexes = [models.Index(fields=["book", "-due"])]

    def __str__(self):
        return f"{self.book.title} until {self.due}"
