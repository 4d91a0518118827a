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
    ]
