"""Returns: kept apart from services.py, which had become too long."""

from decimal import Decimal

from django.db import transaction

from shop.accounts.services import revoke_points
from shop.core import audit
from shop.core.constants import ZERO, OrderStatus, ReturnStatus
from shop.core.exceptions import ShopError
from shop.core.utils import to_money
from shop.inventory.services import restock
from shop.notifications.services import notify_staff, notify_user
from shop.orders.models import Order, ReturnItem, ReturnRequest
from shop.orders.signals import order_returned


@transaction.atomic
def request_return(order: Order, user, quantities: dict[int, int], reason: str) -> ReturnRequest:
    if not order.can_return:
        raise ShopError("Only orders that were sent can be returned.")
    wanted = {pk: count for pk, count in quantities.items() if count}
    if not wanted:
        raise ShopError("Choose something to return.")
    request = ReturnRequest.objects.create(order=order, requested_by=user, reason=reason)
    for item in order.items.filter(pk__in=wanted):
        if wanted[item.pk] > item.quantity - item.returned_quantity():
            raise ShopError(f"You bought fewer of {item.name}.")
        ReturnItem.objects.create(request=request, order_item=item, quantity=wanted[item.pk])
    transaction.on_commit(
        lambda: notify_staff("return_requested", {"order": order.number}, target=order)
    )
    return request


def refund_value(request: ReturnRequest) -> Decimal:
    """The share of what was paid for the goods that come back."""
    order = request.order
    if not order.subtotal:
        return ZERO
    goods = sum(
        (row.order_item.unit_price * row.quantity for row in request.items.all()), start=ZERO
    )
    paid_share = (order.subtotal - order.discount_total - order.points_discount) / order.subtotal
    return to_money(goods * paid_share)


@transaction.atomic
def approve_return(request, staff):
    from shop.billing.services import refund_order

    request = ReturnRequest.objects.select_for_update().select_related("order").get(pk=request.pk)
    if request.status != ReturnStatus.REQUESTED:
        raise ShopError("This return has been handled already.")
    order = request.order
    for row in request.items.select_related("order_item__product"):
        if row.restock:
            restock(row.order_item, row.quantity, user=staff)
    request.refund_amount = refund_value(request)
    request.status = ReturnStatus.APPROVED
    request.handled_by_id = staff.pk
    request.save()
    refund_order(order, request.refund_amount, return_request=request)
    if all(item.returned_quantity() >= item.quantity for item in order.items.all()):
        order.set_status(OrderStatus.RETURNED, actor=staff)
        if order.user:
            revoke_points(order.user, order)
    audit.record("return.approved", order, actor=staff, amount=str(request.refund_amount))
    order_returned.send(sender=Order, order=order, return_request=request)
    if order.user:
        notify_user(
            order.user,
            "return_approved",
            {"order": order.number, "amount": str(request.refund_amount)},
            target=order,
        )
    return request


def reject_return(request, staff, note=""):
    if request.status != ReturnStatus.REQUESTED:
        raise ShopError("This return has been handled already.")
    with transaction.atomic():
        request.status = ReturnStatus.REJECTED
        request.handled_by_id = staff.pk
        request.save(update_fields=["status", "handled_by", "updated_at"])
        audit.record("return.rejected", request.order, actor=staff, note=note)
        if request.requested_by:
            notify_user(
                request.requested_by,
                "return_rejected",
                {"order": request.order.number, "note": note},
            )
    return request
