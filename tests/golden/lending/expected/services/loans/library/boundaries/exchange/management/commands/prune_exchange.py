"""Deletes what nobody will ask for again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from library.boundaries.exchange.models import Received, Reply


class Command(BaseCommand):
    help = "Deletes stored replies to commands and marks of received events that are old."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--hours", type=int, default=24, help="age of replies")
        parser.add_argument("--days", type=int, default=30, help="age of marks of events")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        replies = Reply.objects.filter(created__lt=now - timedelta(hours=options["hours"]))
        marks = Received.objects.filter(received__lt=now - timedelta(days=options["days"]))
        counts = [each.delete()[0] for each in (replies, marks)]
        self.stdout.write("{} replies and {} marks deleted".format(*counts))
