from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "shop.inventory"
    verbose_name = "Stock and suppliers"

    def ready(self):
        from shop.inventory import signals  # noqa: F401
