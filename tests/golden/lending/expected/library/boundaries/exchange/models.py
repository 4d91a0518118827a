"""What one side has to remember for the other."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class Reply(models.Model):
    """The reply to a command, under the key that its sender chose: a repetition gets it again.

    ``status`` is null while the command runs, or when the process ended in the middle: then nobody knows the outcome.
    ``manage.py prune_exchange`` deletes what no sender will repeat any more.
    """

    key = models.CharField(max_length=64, primary_key=True)
    operation = models.CharField(max_length=100)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(default=b"")
    created = models.DateTimeField(auto_now_add=True, db_index=True)


class Event(models.Model):
    """The outbox: something that happened here and that ``target`` has not heard of yet.

    Written in the transaction of the change itself. Events of one ``key`` are sent one after the other, by ``id``: whoever
    changes a row holds its lock until the event is committed. ``due`` lies in the future while somebody sends the event
    and after a failure; a ``parked`` one was refused too often and waits for a person.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    target = models.CharField(max_length=100)
    kind = models.CharField(max_length=200)
    key = models.CharField(max_length=250)
    body = models.TextField()
    trace = models.CharField(max_length=60, default="")
    created = models.DateTimeField(auto_now_add=True)
    due = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    refusals = models.PositiveIntegerField(default=0)
    parked = models.BooleanField(default=False)
    problem = models.TextField(default="")

    class Meta:
        indexes = [  # noqa: RUF012
            models.Index(fields=["parked", "due"], name="boundary_event_due"),
            models.Index(fields=["target", "key", "id"], name="boundary_event_key"),
        ]


class Received(models.Model):
    """The inbox: an event that had its effect, remembered in the same transaction."""

    uid = models.UUIDField(primary_key=True)
    source = models.CharField(max_length=100)
    received = models.DateTimeField(auto_now_add=True, db_index=True)


class Latest(models.Model):
    """The number of the newest event of a key that had its effect: an older one comes too late."""

    key = models.CharField(max_length=351, primary_key=True)
    number = models.BigIntegerField()
