from celery import shared_task
from django.utils import timezone

from shop.pricing.models import Coupon, Promotion


@shared_task
def close_expired():
    """Switch off what has ended, so that the admin shows it."""
    now = timezone.now()
    promotions = Promotion.objects.filter(is_active=True, ends_at__lte=now).update(is_active=False)
    coupons = Coupon.objects.filter(is_active=True, ends_at__lte=now).update(is_active=False)
    return promotions + coupons
