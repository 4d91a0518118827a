from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "shop.billing"
    verbose_name = "Invoices and payments"

    def ready(self):
        from shop.billing import signals  # noqa: F401
