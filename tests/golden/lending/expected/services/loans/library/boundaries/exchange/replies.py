"""Commands that come twice run once."""

from __future__ import annotations

from collections.abc import Callable

from django.db import IntegrityError, transaction

from .. import wire
from ..runtime import Answer
from .models import Reply


def once(key: str, operation: str, serve: Callable[[], Answer]) -> Answer:
    """The first reply under a key. The command itself runs outside any transaction of ours, as it did before."""
    if len(key) > 64:
        return wire.problem(422, "the idempotency key is too long", operation)
    try:
        with transaction.atomic():
            Reply.objects.create(key=key, operation=operation)
    except IntegrityError:
        reply = Reply.objects.get(key=key)
        if reply.operation != operation:
            return wire.problem(422, "the idempotency key belongs to another operation", operation)
        if reply.status is None:
            return wire.problem(503, "the first try has not ended", operation)
        return Answer(reply.status, bytes(reply.body))
    answer = serve()
    Reply.objects.filter(key=key).update(status=answer.status, body=answer.body)
    return answer
