from decimal import Decimal

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F

from shop.accounts.models import Address, LoyaltyEntry, User
from shop.core import audit
from shop.core.exceptions import ShopError
from shop.core.utils import to_money
from shop.notifications.models import Notification, Preference
from shop.notifications.services import notify_user
from shop.notifications.tasks import send_welcome_email


@transaction.atomic
def register_customer(email: str, password: str, send_welcome: bool = True, **extra) -> User:
    user = get_user_model().objects.create_customer(email=email, password=password, **extra)
    Preference.objects.get_or_create(
        user=user, defaults={"marketing_email": user.accepts_marketing}
    )
    audit.record("user.registered", user, actor=user)
    if send_welcome:
        transaction.on_commit(lambda: send_welcome_email.delay(user.pk))
    return user


def set_default_address(user, address):
    if address.user_id != user.pk:
        raise ShopError("That address belongs to somebody else.")
    with transaction.atomic():
        user.addresses.exclude(pk=address.pk).update(is_default=False)
        Address.objects.filter(pk=address.pk).update(is_default=True)
    address.refresh_from_db()
    return address


def points_value(points: int) -> Decimal:
    return to_money(points * settings.LOYALTY_POINT_VALUE)


@transaction.atomic
def award_points(user: User, order, reason: str = "order delivered") -> int:
    """Give points for an order once, however often the carrier reports its delivery."""
    if LoyaltyEntry.objects.filter(order=order, points__gt=0).exists():
        return 0
    points = int(order.grand_total * settings.LOYALTY_POINTS_PER_UNIT)
    if points <= 0:
        return 0
    LoyaltyEntry.objects.create(user=user, order=order, points=points, reason=reason)
    user.add_points(points)
    notify_user(user, "points_awarded", {"points": points, "order": order.number}, target=order)
    return points


@transaction.atomic
def redeem_points(user: User, points: int, order=None) -> Decimal:
    updated = User.objects.filter(pk=user.pk, loyalty_points__gte=points).update(
        loyalty_points=F("loyalty_points") - points
    )
    if not updated:
        raise ShopError("Not enough loyalty points.")
    LoyaltyEntry.objects.create(user=user, order=order, points=-points, reason="redeemed")
    user.refresh_from_db(fields=["loyalty_points"])
    return points_value(points)


@transaction.atomic
def anonymise_user(user: User, actor=None) -> User:
    """Right to erasure: the orders stay for the tax office, the person goes."""
    if user.open_orders().exists():
        raise ShopError("Finish or cancel the open orders first.")
    user.reviews.update(title="", body="(removed)")
    Notification.objects.filter(recipient=user).delete()
    user.carts.all().delete()
    user.wishlist.clear()
    user.addresses.update(full_name="(removed)", line1="(removed)", line2="")
    user.addresses.all().delete()
    user.email = f"deleted-{user.pk}@example.invalid"
    user.username = user.email
    user.first_name = user.last_name = user.phone = ""
    user.is_active = False
    user.set_unusable_password()
    user.save()
    audit.record("user.anonymised", user, actor=actor)
    return user


def best_customers(limit=10):
    return (
        User.objects.customers()
        .with_order_totals()
        .filter(order_count__gt=0)
        .order_by("-spent", "pk")[:limit]
    )
