"""Signals that other apps listen to. Nothing is imported here, so that all of them can."""

from django.dispatch import Signal

order_placed = Signal()  # order, user
order_paid = Signal()  # order
order_cancelled = Signal()  # order, reason
order_returned = Signal()  # order, return_request
