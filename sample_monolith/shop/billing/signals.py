from django.db.models.signals import post_save
from django.dispatch import receiver

from shop.billing.models import Payment
from shop.core import audit
from shop.core.constants import PaymentStatus
from shop.orders.signals import order_placed


@receiver(post_save, sender=Payment)
def audit_declined(sender, instance, **kwargs):
    if instance.status == PaymentStatus.DECLINED:
        audit.record("payment.declined", instance.invoice, message=instance.message)


@receiver(order_placed)
def settle_free_order(sender, order, **kwargs):
    """Nothing to pay, because of points or a coupon."""
    from shop.billing.services import settle_invoice

    if not order.grand_total and order.invoice:
        settle_invoice(order.invoice)
