"""Sends the events that wait in the outbox."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Min
from django.utils import timezone

from library.boundaries.exchange import outbox
from library.boundaries.exchange.models import Event


class Command(BaseCommand):
    help = "Sends events to the other side: until stopped, or with --once until nothing is due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="end when nothing is due")
        parser.add_argument("--pause", type=float, default=1.0, help="seconds between two looks")
        parser.add_argument(
            "--report", type=float, default=0.0, help="say what waits, every so many seconds"
        )
        parser.add_argument("--lease", type=float, default=outbox.LEASE, help="seconds for a batch")

    def handle(self, *args: Any, **options: Any) -> None:
        self.stopped = False
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        total = 0
        said = -options["report"]
        while not self.stopped:
            if options["report"] and time.monotonic() - said >= options["report"]:
                said = time.monotonic()
                self.report()
            sent = outbox.dispatch(lease=options["lease"])
            total += sent
            if not sent:
                if options["once"]:
                    break
                time.sleep(options["pause"])
        waiting = Event.objects.filter(parked=False).count()
        parked = Event.objects.filter(parked=True).count()
        self.stdout.write(f"{total} sent or tried, {waiting} waiting, {parked} parked")

    def report(self) -> None:
        """One JSON object a line: seconds that the oldest event waits, how many wait, how many are parked."""
        waiting = Event.objects.filter(parked=False)
        oldest = waiting.aggregate(oldest=Min("created"))["oldest"]
        lag = (timezone.now() - oldest).total_seconds() if oldest else 0.0
        parked = Event.objects.filter(parked=True).count()
        values = {"lag": round(max(lag, 0.0), 1), "waiting": waiting.count(), "parked": parked}
        self.stdout.write(json.dumps({"measure": "outbox", **values}))
        self.stdout.flush()

    def _stop(self, *_: Any) -> None:
        self.stopped = True
