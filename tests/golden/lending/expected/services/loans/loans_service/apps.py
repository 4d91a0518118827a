"""The service's own Django application: shadow rows before saves."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import pre_save


class ServiceConfig(AppConfig):
    name = "loans_service"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from loans_service import shadows

        pre_save.connect(shadows.before_save, dispatch_uid="loans_service.shadows")
