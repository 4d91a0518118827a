from django.apps import AppConfig


class ReportingConfig(AppConfig):
    name = "shop.reporting"

    def ready(self):
        from shop.reporting import signals  # noqa: F401
