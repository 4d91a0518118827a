from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from shop.core import audit
from shop.core.constants import OrderStatus, ShipmentStatus
from shop.core.exceptions import CarrierError, ShopError
from shop.inventory.services import commit_order
from shop.notifications.services import notify_user
from shop.shipping.carriers import get_carrier
from shop.shipping.models import Shipment, ShipmentItem, ShippingMethod, TrackingEvent

logger = logging.getLogger(__name__)


@transaction.atomic
def create_shipment(order) -> Shipment:
    """Pack an order. A carrier that is down must not stop us: see book_waiting."""
    existing = order.shipments.exclude(status=ShipmentStatus.CANCELLED).first()
    if existing is not None:
        return existing
    shipment = Shipment.objects.create(
        order=order,
        carrier=order.shipping_method.carrier if order.shipping_method else "pickup",
        recipient=order.shipping_address.one_line(),
        weight_grams=order.total_weight(),
    )
    ShipmentItem.objects.bulk_create(
        ShipmentItem(shipment=shipment, order_item=item, quantity=item.quantity)
        for item in order.items.all()
    )
    book(shipment)
    return shipment


def book(shipment) -> bool:
    try:
        shipment.tracking_number = get_carrier(shipment.carrier).book(shipment)
    except CarrierError as error:
        logger.warning("cannot book %s: %s", shipment.reference, error)
        return False
    shipment.save(update_fields=["tracking_number", "updated_at"])
    return True


def book_waiting() -> int:
    return sum(book(shipment) for shipment in Shipment.objects.unbooked())


@transaction.atomic
def dispatch_shipment(shipment: Shipment, actor=None) -> Shipment:
    from shop.orders.services import mark_shipped

    if shipment.status != ShipmentStatus.READY:
        raise ShopError("This shipment has left already.")
    if not shipment.tracking_number:
        raise ShopError("This shipment is not booked with its carrier.")
    shipment.status = ShipmentStatus.DISPATCHED
    shipment.dispatched_at = timezone.now()
    shipment.save(update_fields=["status", "dispatched_at", "updated_at"])
    commit_order(shipment.order)
    mark_shipped(shipment.order, actor=actor)
    audit.record("shipment.dispatched", shipment, actor=actor)
    if shipment.order.user:
        notify_user(
            shipment.order.user,
            "order_shipped",
            {"order": shipment.order.number, "tracking": shipment.tracking_number},
            target=shipment.order,
        )
    return shipment


def record_event(shipment, code, description, happened_at=None, location=""):
    event, created = TrackingEvent.objects.get_or_create(
        shipment=shipment,
        code=code,
        happened_at=happened_at or timezone.now(),
        defaults={"description": description, "location": location},
    )
    if created and code == "delivered":
        deliver_shipment(shipment, event.happened_at)
    elif created and shipment.status == ShipmentStatus.DISPATCHED:
        shipment.status = ShipmentStatus.IN_TRANSIT
        shipment.save(update_fields=["status", "updated_at"])
    return event


@transaction.atomic
def deliver_shipment(shipment, moment=None):
    from shop.orders.services import mark_delivered

    shipment.status = ShipmentStatus.DELIVERED
    shipment.delivered_at = moment or timezone.now()
    shipment.save(update_fields=["status", "delivered_at", "updated_at"])
    if shipment.order.status == OrderStatus.SHIPPED:
        mark_delivered(shipment.order)
    return shipment


def refresh_tracking(shipment: Shipment) -> int:
    before = shipment.events.count()
    for event in get_carrier(shipment.carrier).track(shipment.tracking_number):
        record_event(shipment, event.code, event.description, event.happened_at, event.location)
    return shipment.events.count() - before


def shipping_options(country: str, weight: int, goods_total) -> list[dict]:
    return [
        {
            "code": method.code,
            "name": method.name,
            "price": str(method.price_for(weight, goods_total)),
        }
        for method in ShippingMethod.objects.for_parcel(country, weight)
    ]
