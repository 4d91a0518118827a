from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from shop.catalog.models import Bundle, Product
from shop.core import audit
from shop.core.exceptions import OutOfStock, ShopError
from shop.inventory.models import StockItem, StockMovement, StockReservation
from shop.inventory.tasks import alert_low_stock


def parts_of(product: Product, quantity: int = 1) -> list[tuple[Product, int]]:
    """What has to leave the shelf when the product is sold."""
    bundle = Bundle.objects.filter(product_ptr_id=product.pk).first()
    if bundle is None:
        return [(product, quantity)]
    rows = bundle.component_rows.select_related("product")
    return [(row.product, row.quantity * quantity) for row in rows]


def available_quantity(product: Product) -> int:
    counts = []
    for part, needed in parts_of(product):
        free = StockItem.objects.filter(product=part, warehouse__is_active=True).free_total()
        counts.append(max(free, 0) // needed)
    return min(counts, default=0)


def check_available(product: Product, quantity: int) -> None:
    available = available_quantity(product)
    if available < quantity:
        raise OutOfStock(f"Only {available} of {product.name} left.")


@transaction.atomic
def reserve_for_order(order) -> list[StockReservation]:
    expires_at = timezone.now() + timedelta(minutes=settings.RESERVATION_MINUTES)
    made = []
    for item in order.items.select_related("product"):
        for product, quantity in parts_of(item.product, item.quantity):
            made += _reserve(item, product, quantity, expires_at)
    return made


def _reserve(order_item, product, quantity, expires_at):
    made = []
    stock = (
        StockItem.objects.select_for_update()
        .filter(product=product, warehouse__is_active=True)
        .with_free()
        .order_by("-free", "pk")
    )
    for stock_item in stock:
        if quantity == 0:
            break
        taken = min(max(stock_item.free, 0), quantity)
        if taken:
            StockItem.objects.filter(pk=stock_item.pk).update(reserved=F("reserved") + taken)
            made.append(
                StockReservation.objects.create(
                    stock_item=stock_item,
                    order_item=order_item,
                    quantity=taken,
                    expires_at=expires_at,
                )
            )
            quantity -= taken
    if quantity:
        raise OutOfStock(f"Not enough of {product.name} in stock.")
    return made


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


@transaction.atomic
def restock(order_item, quantity: int, user=None) -> None:
    """Put returned goods back where they came from, or on the first shelf there is."""
    for product, count in parts_of(order_item.product, quantity):
        reservation = (
            order_item.reservations.filter(
                stock_item__product=product, state=StockReservation.COMMITTED
            )
            .select_related("stock_item")
            .first()
        )
        stock_item = reservation.stock_item if reservation else product.stock_items.first()
        if stock_item is None:
            continue
        StockItem.objects.filter(pk=stock_item.pk).update(on_hand=F("on_hand") + count)
        StockMovement.objects.create(
            stock_item=stock_item,
            kind=StockMovement.RETURNED,
            quantity=count,
            order=order_item.order,
            made_by=user,
        )


def correct_stock(stock_item, counted, user, note=""):
    with transaction.atomic():
        stock_item = StockItem.objects.select_for_update().get(pk=stock_item.pk)
        difference = counted - stock_item.on_hand
        if difference:
            stock_item.on_hand = counted
            stock_item.save(update_fields=["on_hand", "updated_at"])
            stock_item.movements.create(
                kind=StockMovement.CORRECTED, quantity=difference, made_by=user, note=note
            )
            audit.record("stock.corrected", stock_item, actor=user, difference=difference)
            warn_if_low(stock_item.pk)
    return difference


def warn_if_low(stock_item_id: int) -> None:
    transaction.on_commit(lambda: alert_low_stock.delay(stock_item_id))
