from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver

from shop.cart.services import merge_carts


@receiver(user_logged_in)
def take_guest_cart(sender, request, user, **kwargs):
    # login() has cycled the session key already; the views put the old one here.
    session = getattr(request, "session", None)
    old_key = session.pop("guest_key", None) if session is not None else None
    if old_key:
        merge_carts(old_key, user)
