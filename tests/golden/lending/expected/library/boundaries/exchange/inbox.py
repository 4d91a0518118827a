"""Takes what happened on the other side: each event has its effect once, whatever is sent twice or late.

That the event was taken is remembered in the transaction of its effect.
"""

from __future__ import annotations

import json
import logging
from typing import Any, NamedTuple

from django.db import transaction

from ..runtime import setting
from .models import Latest, Received

logger = logging.getLogger(__name__)


class Event(NamedTuple):
    """An event as it travels. ``number`` grows with each event of its sender."""

    uid: str
    number: int
    kind: str
    key: str
    body: str


def name() -> str:
    """What this side is called: ``monolith``, or the name of the service's context."""
    return str(setting("BOUNDARY_NAME", "monolith"))


def take(source: str, event: Event) -> str:
    """What became of an event: ``done``, ``seen`` before, ``late`` after a newer one of its key, or ``failed`` and why."""
    from . import wiring

    try:
        with transaction.atomic():
            _, first = Received.objects.get_or_create(uid=event.uid, defaults={"source": source})
            if not first:
                return "seen"
            if not _newest(f"{source}:{event.key}", event.number):
                return "late"
            body: dict[str, Any] = json.loads(event.body)
            wiring.apply(source, event.kind, body)
    except Exception as error:
        # The sender has to know, and keeps the event; the other events of the batch have nothing to do with it.
        logger.exception("event %s (%s) of %s failed", event.uid, event.kind, source)
        return f"failed: {type(error).__name__}: {error}"[:500]
    return "done"


def _newest(key: str, number: int) -> bool:
    """Whether no newer event of the key came before; the key's row is locked until the effect is committed."""
    latest, new = Latest.objects.select_for_update().get_or_create(
        key=key, defaults={"number": number}
    )
    if new:
        return True
    if latest.number >= number:
        return False
    Latest.objects.filter(key=key).update(number=number)
    return True
