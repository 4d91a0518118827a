from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "shop.inventory"
    verbose_name = "Stock"

    def ready(self):
        from shop.inventory import signals  # noqa: F401
