"""Signals that other apps listen to. Nothing is imported here, so that all of them can."""

from django.dispatch import Signal

order_placed = Signal()  # order, user
order_cancelled = Signal()  # order, reason
