from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "shop.orders"
    verbose_name = "Orders and returns"

    def ready(self):
        from shop.orders import receivers  # noqa: F401
