from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "shop.catalog"
    verbose_name = "Catalogue"

    def ready(self):
        from shop.catalog import signals  # noqa: F401
