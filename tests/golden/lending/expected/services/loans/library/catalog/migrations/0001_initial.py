"""The tables of the app catalog as they stand when it leaves the monolith; later changes get their own migrations."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name="Book",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("title", models.TextField(null=True)),
            ],
            options={
                "db_table": "catalog_book",
            },
        ),
    ]
