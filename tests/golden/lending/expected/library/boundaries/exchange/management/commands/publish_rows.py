"""Tells a service of all rows that it keeps shadows of: the first time, and after changes that sent no signals."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import router, transaction

from library.boundaries.exchange import wiring


class Command(BaseCommand):
    help = "Writes an event for every row of the models that a context keeps shadows of."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("context")
        parser.add_argument("--model", help="one model only, as app.Model")
        parser.add_argument("--after", help="go on behind this key (with --model)")
        parser.add_argument("--batch", type=int, default=1000)

    def handle(self, *args: Any, **options: Any) -> None:
        events = dict(wiring.contexts()).get(options["context"])
        if events is None:
            raise CommandError(f"{options['context']} has no events")
        for shadow in events.SHADOWS:
            if options["model"] in (None, shadow.label):
                self._publish(options["context"], shadow, options)

    def _publish(self, context: str, shadow: Any, options: dict[str, Any]) -> None:
        kind = apps.get_model(shadow.label)
        using = router.db_for_write(kind)
        after, total = options["after"], 0
        while True:
            rows = kind._base_manager.using(using).order_by("pk")
            rows = rows if after is None else rows.filter(pk__gt=after)
            keys = list(rows.values_list("pk", flat=True)[: options["batch"]])
            if not keys:
                break
            for key in keys:
                # The row is held while its event is written, so that a change comes before or after, not between.
                with transaction.atomic(using=using):
                    kind._base_manager.using(using).select_for_update().filter(pk=key).first()
                    wiring.publish_row(context, shadow.label, shadow.columns, key, using, False)
            after, total = keys[-1], total + len(keys)
            self.stdout.write(f"{shadow.label}: {total}, last key {after}")
