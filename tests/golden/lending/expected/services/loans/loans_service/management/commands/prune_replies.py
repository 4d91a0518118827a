"""Deletes replies that no sender will ask for again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from loans_service.models import Reply


class Command(BaseCommand):
    help = "Deletes stored replies to commands that are older than --hours."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--hours", type=int, default=24)

    def handle(self, *args: Any, **options: Any) -> None:
        before = timezone.now() - timedelta(hours=options["hours"])
        deleted, _ = Reply.objects.filter(created__lt=before).delete()
        self.stdout.write(f"{deleted} replies deleted")
