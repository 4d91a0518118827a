from django.apps import AppConfig


class CartConfig(AppConfig):
    name = "shop.cart"

    def ready(self):
        from shop.cart import signals  # noqa: F401
