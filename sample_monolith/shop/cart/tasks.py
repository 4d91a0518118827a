from celery import shared_task

from shop.cart.models import Cart
from shop.notifications.services import notify_user


@shared_task
def purge_abandoned_carts():
    count = Cart.objects.abandoned().count()
    Cart.objects.abandoned().delete()
    return count


@shared_task
def remind_of_cart(cart_id):
    cart = Cart.objects.select_related("user").prefetch_related("items__product").get(pk=cart_id)
    if cart.user is None or not cart.is_open or not cart.items.all():
        return False
    names = ", ".join(item.product.name for item in cart.items.all())
    notify_user(cart.user, "cart_reminder", {"items": names}, target=cart)
    return True
