from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "shop.accounts"
    verbose_name = "Customers and staff"

    def ready(self):
        from shop.accounts import signals  # noqa: F401
