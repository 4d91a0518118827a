from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from shop.reviews.models import Review
from shop.reviews.services import refresh_product_rating


@receiver([post_save, post_delete], sender=Review)
def refresh_rating(sender, instance, **kwargs):
    if not kwargs.get("raw"):
        refresh_product_rating(instance.product_id)
