"""Shows the events that the other side refused too often, and sends or drops them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from library.boundaries.exchange.models import Event


class Command(BaseCommand):
    help = "Lists parked events; --retry or --drop with a uid, or with all, does that to them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--retry", metavar="UID")
        parser.add_argument("--drop", metavar="UID")

    def handle(self, *args: Any, **options: Any) -> None:
        parked = Event.objects.filter(parked=True).order_by("pk")
        if options["retry"]:
            chosen = _chosen(parked, options["retry"])
            changed = chosen.update(parked=False, refusals=0, due=timezone.now())
            self.stdout.write(f"{changed} will be sent again")
        elif options["drop"]:
            dropped, _ = _chosen(parked, options["drop"]).delete()
            self.stdout.write(f"{dropped} dropped")
        else:
            for event in parked:
                self.stdout.write(f"{event.uid} {event.created:%F %T} {event.kind} {event.key}")
                self.stdout.write(f"    {event.problem}")
            self.stdout.write(f"{parked.count()} parked")


def _chosen(parked: Any, uid: str) -> Any:
    return parked.order_by() if uid == "all" else parked.order_by().filter(uid=uid)
