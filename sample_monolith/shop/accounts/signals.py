from django.conf import settings
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver

from shop.accounts.models import Address, CustomerProfile
from shop.orders.signals import order_cancelled


@receiver(post_save, sender=settings.AUTH_USER_MODEL)
def create_profile(sender, instance, created, raw=False, **kwargs):
    if created and not raw:
        CustomerProfile.objects.get_or_create(user=instance)


@receiver(pre_delete, sender=Address)
def keep_one_default(sender, instance, **kwargs):
    if instance.is_default:
        other = instance.user.addresses.exclude(pk=instance.pk).first()
        if other:
            Address.objects.filter(pk=other.pk).update(is_default=True)


@receiver(order_cancelled)
def give_points_back(sender, order, **kwargs):
    if order.user and order.points_redeemed:
        order.user.loyalty_entries.create(
            order=order, points=order.points_redeemed, reason="order cancelled"
        )
        order.user.add_points(order.points_redeemed)
