from django.db.models.signals import m2m_changed
from django.dispatch import receiver

from shop.catalog.models import Product
from shop.orders.signals import order_cancelled
from shop.pricing.models import CouponRedemption, Promotion
from shop.pricing.services import forget_price


@receiver(m2m_changed, sender=Promotion.products.through)
def forget_promoted(sender, instance, action, pk_set, reverse=False, **kwargs):
    if action in {"post_add", "post_remove"} and pk_set and not reverse:
        for product in Product.objects.filter(pk__in=pk_set):
            forget_price(product)


@receiver(order_cancelled)
def free_coupon(sender, order, **kwargs):
    CouponRedemption.objects.filter(order=order).delete()
