import uuid

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []  # noqa: RUF012

    operations = [  # noqa: RUF012
        migrations.CreateModel(
            name="Reply",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("operation", models.CharField(max_length=100)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("body", models.BinaryField(default=b"")),
                ("created", models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("uid", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("target", models.CharField(max_length=100)),
                ("kind", models.CharField(max_length=200)),
                ("key", models.CharField(max_length=250)),
                ("body", models.TextField()),
                ("trace", models.CharField(default="", max_length=60)),
                ("created", models.DateTimeField(auto_now_add=True)),
                ("due", models.DateTimeField(default=django.utils.timezone.now)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("refusals", models.PositiveIntegerField(default=0)),
                ("parked", models.BooleanField(default=False)),
                ("problem", models.TextField(default="")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["parked", "due"], name="boundary_event_due"),
                    models.Index(fields=["target", "key", "id"], name="boundary_event_key"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Received",
            fields=[
                ("uid", models.UUIDField(primary_key=True, serialize=False)),
                ("source", models.CharField(max_length=100)),
                ("received", models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="Latest",
            fields=[
                ("key", models.CharField(max_length=351, primary_key=True, serialize=False)),
                ("number", models.BigIntegerField()),
            ],
        ),
    ]
