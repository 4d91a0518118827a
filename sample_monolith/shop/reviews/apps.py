from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "shop.reviews"

    def ready(self):
        from shop.reviews import signals  # noqa: F401
