"""Sends what happened here: at least once, in order for each key, with pauses that grow, until the other side has it.

An event is written in the transaction of the change. A dispatcher claims what is due for the time of a lease, sends it, and
deletes what was taken; when it dies in the middle, the lease runs out and somebody sends the event again: the inbox knows
it. What the other side refuses again and again is parked, so that one bad event stops nobody but its own row.

Any number of dispatchers may run: on PostgreSQL they pass by what another one holds (``SKIP LOCKED``), elsewhere the first
to set the lease has it.
"""

from __future__ import annotations

import datetime
import json
import logging
import random
import time
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connections, router, transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from .. import client, passage
from ..runtime import Answer, Boundary, BoundaryError
from .inbox import name
from .models import Event

logger = logging.getLogger(__name__)

LEASE = 60.0
"""Seconds that a dispatcher has an event for itself."""

BATCH = 100
"""Events that are claimed at once."""

LIMIT = 30.0
"""Seconds to wait for the reply to a batch."""

REFUSALS = 8
"""Refusals after which an event is parked."""

LONGEST_PAUSE = 300.0
"""Upper bound of the pause before the next try, in seconds."""


def publish(
    target: str, kind: str, key: str, body: dict[str, Any], using: str | None = None
) -> None:
    """Writes an event, in the transaction that is open."""
    Event.objects.using(using).create(
        target=target, kind=kind, key=key, body=json.dumps(body), trace=passage.trace()
    )


def claim(limit: int = BATCH, lease: float = LEASE) -> list[Event]:
    """Events that are due, the oldest of each key only, which nobody else sends until the lease has run out."""
    alias = router.db_for_write(Event)
    now = timezone.now()
    until = now + datetime.timedelta(seconds=lease)
    waiting = Event.objects.using(alias).filter(parked=False)
    earlier = waiting.filter(target=OuterRef("target"), key=OuterRef("key"), pk__lt=OuterRef("pk"))
    due = waiting.filter(due__lte=now).exclude(Exists(earlier)).order_by("pk")
    if connections[alias].features.has_select_for_update_skip_locked:
        with transaction.atomic(using=alias):
            events = list(due.select_for_update(skip_locked=True, of=("self",))[:limit])
            found = waiting.filter(pk__in=[event.pk for event in events])
            found.update(due=until, attempts=F("attempts") + 1)
        return events
    return [
        event
        for event in due[:limit]
        if waiting.filter(pk=event.pk, due=event.due).update(due=until, attempts=F("attempts") + 1)
    ]


def dispatch(limit: int = BATCH, lease: float = LEASE) -> int:
    """Sends one batch; how many events were claimed."""
    events = claim(limit, lease)
    for target, batch in _by_target(events):
        _send(target, batch)
    return len(events)


def drain(seconds: float) -> int:
    """Sends until nothing is due or the time is over; how many events were claimed."""
    deadline = time.monotonic() + seconds
    total = 0
    while time.monotonic() < deadline:
        sent = dispatch()
        total += sent
        if not sent:
            break
    return total


def _by_target(events: Iterable[Event]) -> Iterator[tuple[str, list[Event]]]:
    batches: dict[str, list[Event]] = {}
    for event in events:
        batches.setdefault(event.target, []).append(event)
    yield from batches.items()


def _send(target: str, events: list[Event]) -> None:
    rows = [[str(each.uid), each.pk, each.kind, each.key, each.body] for each in events]
    body = json.dumps({"source": name(), "events": rows}).encode()
    try:
        with passage.alone():
            answer = client.of(Boundary(target, "")).post("/boundary/events/v1", body, LIMIT)
        outcomes = _outcomes(answer)
    except BoundaryError as error:
        # Nothing is wrong with the events: they wait for the other side, however long that takes.
        logger.warning("%s events for %s wait: %s", len(events), target, error)
        for event in events:
            _later(event, str(error))
        return
    for event in events:
        outcome = str(outcomes.get(str(event.uid), "failed: no word about it"))
        if not outcome.startswith("failed"):
            event.delete()
        elif event.refusals + 1 >= REFUSALS:
            logger.error("event %s (%s) is parked: %s", event.uid, event.kind, outcome)
            Event.objects.filter(pk=event.pk).update(
                parked=True, refusals=F("refusals") + 1, problem=outcome
            )
        else:
            Event.objects.filter(pk=event.pk).update(refusals=F("refusals") + 1)
            _later(event, outcome)


def _outcomes(answer: Answer) -> dict[str, str]:
    if answer.status != 200:
        raise BoundaryError("events", f"status {answer.status}")
    try:
        found = json.loads(answer.body)
    except ValueError as error:
        raise BoundaryError("events", "the reply is no JSON") from error
    if not isinstance(found, dict):
        raise BoundaryError("events", "the reply says nothing of events")
    return found


def _later(event: Event, problem: str) -> None:
    pause = random.uniform(0.5, 1) * min(LONGEST_PAUSE, 2 ** min(event.attempts + 1, 20))
    due = timezone.now() + datetime.timedelta(seconds=pause)
    Event.objects.filter(pk=event.pk).update(due=due, problem=problem[:2000])
