"""The application behind the boundaries."""

from __future__ import annotations

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "library.boundaries.exchange"
    label = "boundary_exchange"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from library.boundaries.exchange import wiring

        wiring.connect()
