from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from shop.catalog.models import Product
from shop.core.exceptions import OutOfStock, ShopError
from shop.inventory.models import StockItem, StockMovement, StockReservation
from shop.inventory.tasks import alert_low_stock


def available_quantity(product: Product) -> int:
    free = StockItem.objects.filter(product=product, warehouse__is_active=True).free_total()
    return max(free, 0)


def check_available(product: Product, quantity: int) -> None:
    available = available_quantity(product)
    if available < quantity:
        raise OutOfStock(f"Only {available} of {product.name} left.")


@transaction.atomic
def reserve_for_order(order) -> None:
    expires_at = timezone.now() + timedelta(minutes=settings.RESERVATION_MINUTES)
    for item in order.items.select_related("product"):
        _reserve(item, expires_at)


def _reserve(order_item, expires_at):
    missing = order_item.quantity
    stock = (
        StockItem.objects.select_for_update()
        .filter(product=order_item.product, warehouse__is_active=True)
        .with_free()
        .order_by("-free", "pk")
    )
    for stock_item in stock:
        taken = min(max(stock_item.free, 0), missing)
        if taken:
            StockItem.objects.filter(pk=stock_item.pk).update(reserved=F("reserved") + taken)
            stock_item.reservations.create(
                order_item=order_item, quantity=taken, expires_at=expires_at
            )
            missing -= taken
    if missing:
        raise OutOfStock(f"Not enough of {order_item.name} in stock.")


@transaction.atomic
def confirm_reservations(order):
    """The order is paid: keep its goods for good, or find them again if they lapsed."""
    active = StockReservation.objects.for_order(order).active()
    if not active.exists():
        reserve_for_order(order)
    return StockReservation.objects.for_order(order).active().update(expires_at=None)


@transaction.atomic
def release_order(order) -> int:
    reservations = StockReservation.objects.for_order(order).active()
    return sum(_release(reservation) for reservation in reservations)


def _release(reservation):
    StockItem.objects.filter(pk=reservation.stock_item_id).update(
        reserved=F("reserved") - reservation.quantity
    )
    reservation.state = StockReservation.RELEASED
    reservation.save(update_fields=["state"])
    return reservation.quantity


@transaction.atomic
def commit_order(order) -> None:
    """The parcel has left: take the goods off the shelf."""
    for reservation in (
        StockReservation.objects.for_order(order).active().select_related("stock_item")
    ):
        StockItem.objects.filter(pk=reservation.stock_item_id).update(
            reserved=F("reserved") - reservation.quantity,
            on_hand=F("on_hand") - reservation.quantity,
        )
        reservation.state = StockReservation.COMMITTED
        reservation.save(update_fields=["state"])
        StockMovement.objects.create(
            stock_item=reservation.stock_item,
            kind=StockMovement.SOLD,
            quantity=-reservation.quantity,
            order=order,
        )
        warn_if_low(reservation.stock_item_id)


@transaction.atomic
def receive_stock(product, warehouse, quantity, user=None, note=""):
    if quantity <= 0:
        raise ShopError("The quantity has to be positive.")
    stock_item, _ = StockItem.objects.get_or_create(product=product, warehouse=warehouse)
    StockItem.objects.filter(pk=stock_item.pk).update(on_hand=F("on_hand") + quantity)
    StockMovement.objects.create(
        stock_item=stock_item,
        kind=StockMovement.RECEIVED,
        quantity=quantity,
        made_by=user,
        note=note,
    )
    stock_item.refresh_from_db()
    return stock_item


def warn_if_low(stock_item_id: int) -> None:
    transaction.on_commit(lambda: alert_low_stock.delay(stock_item_id))
