"""What the service itself has to remember."""

from __future__ import annotations

from django.db import models


class Reply(models.Model):
    """The reply to a command, under the key that its sender chose: a repetition gets it again.

    ``status`` is null while the command runs, or when the process ended in the middle: then nobody knows the outcome.
    ``manage.py prune_replies`` deletes what no sender will repeat any more.
    """

    key = models.CharField(max_length=64, primary_key=True)
    operation = models.CharField(max_length=100)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(default=b"")
    created = models.DateTimeField(auto_now_add=True, db_index=True)
