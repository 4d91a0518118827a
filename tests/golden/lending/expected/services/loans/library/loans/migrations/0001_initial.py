"""The tables of the app loans as they stand when it leaves the monolith; later changes get their own migrations."""

import library.loans.models

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("catalog", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Loan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("book", models.ForeignKey("catalog.book", on_delete=models.CASCADE, related_name="loans")),
                ("reader", models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)),
                ("kind", models.CharField(max_length=10, choices=library.loans.models.Loan.Kind.choices, default=library.loans.models.Loan.Kind.NORMAL)),
                ("due", models.DateField()),
                ("returned", models.DateField(null=True, blank=True)),
            ],
            options={
                "ordering": ["due"],
                "indexes": [models.Index(fields=["book", "-due"], name="loans_loan_book_id_19d78f_idx")],
            },
        ),
    ]
