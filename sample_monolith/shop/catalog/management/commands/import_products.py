from django.core.management.base import BaseCommand, CommandError

from shop.catalog.services import import_products


class Command(BaseCommand):
    help = "Create or update products from a CSV file."

    def add_arguments(self, parser):
        parser.add_argument("path")
        parser.add_argument("--strict", action="store_true", help="Fail if a line is bad.")

    def handle(self, *args, path, strict, **options):
        try:
            with open(path, encoding="utf-8", newline="") as handle:
                created, updated, errors = import_products(handle)
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error}") from error
        for error in errors:
            self.stderr.write(error)
        if errors and strict:
            raise CommandError(f"{len(errors)} bad lines")
        self.stdout.write(f"{created} created, {updated} updated")
