from django.apps import AppConfig


class PricingConfig(AppConfig):
    name = "shop.pricing"
    verbose_name = "Prices and promotions"

    def ready(self):
        from shop.pricing import signals  # noqa: F401
