"""Stands in for library.catalog.models of the monolith: what the moved code needs of it, and nothing more."""

from django.db import models


class Book(models.Model):
    """Shadow of catalog.Book: rows belong to the monolith, this service keeps the columns it reads."""

    id = models.BigAutoField(primary_key=True, serialize=False)
    title = models.TextField(null=True)

    class Meta:
        app_label = "catalog"
        db_table = "catalog_book"

    def __getattr__(self, name: str):
        # Only reached for what the shadow does not have.
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(f"the shadow of catalog.Book has no {name!r}: plan again if moved code needs it")
