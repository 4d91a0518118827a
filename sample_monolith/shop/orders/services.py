from __future__ import annotations

from functools import partial

from celery import current_app
from django.db import transaction

from shop.accounts.services import points_value, redeem_points
from shop.cart.models import Cart
from shop.cart.services import cart_quote, close_cart
from shop.core import audit
from shop.core.constants import OrderStatus
from shop.core.exceptions import EmptyCart, ShopError
from shop.core.utils import to_money
from shop.inventory.services import confirm_reservations, reserve_for_order
from shop.notifications.tasks import send_order_confirmation_task
from shop.orders.models import Order, OrderItem
from shop.orders.signals import order_cancelled, order_placed
from shop.pricing.services import redeem_coupon
from shop.shipping.tasks import prepare_shipment


@transaction.atomic
def place_order(
    cart: Cart,
    user,
    shipping_address,
    shipping_method=None,
    billing_address=None,
    points: int = 0,
    payment_token: str = "",
) -> Order:
    """Turn a cart into an order: one transaction over half of the shop."""
    from shop.billing.services import create_invoice
    from shop.billing.tasks import charge_invoice

    cart = Cart.objects.select_for_update().get(pk=cart.pk)
    if not cart.is_open:
        raise ShopError("This cart has been ordered already.")
    if not cart.items.exists():
        raise EmptyCart()

    quote = cart_quote(
        cart, user=user, shipping_method=shipping_method, country=shipping_address.country
    )
    points_discount = min(points_value(points), to_money(quote.subtotal - quote.discount))
    order = Order.objects.create(
        user=user,
        email=user.email,
        shipping_address=shipping_address,
        billing_address=billing_address or shipping_address,
        shipping_method=shipping_method,
        coupon=quote.coupon,
        subtotal=quote.subtotal,
        discount_total=quote.discount,
        points_redeemed=points,
        points_discount=points_discount,
        shipping_total=quote.shipping,
        tax_total=quote.tax,
        grand_total=to_money(quote.total - points_discount),
    )
    products = {item.product_id: item.product for item in cart.items.select_related("product")}
    OrderItem.objects.bulk_create(
        OrderItem(
            order=order,
            product=products[line.product_id],
            name=products[line.product_id].name,
            sku=products[line.product_id].sku,
            quantity=line.quantity,
            unit_price=line.unit_price,
            tax_percent=line.tax_percent,
        )
        for line in quote.lines
    )
    reserve_for_order(order)
    if quote.coupon is not None:
        redeem_coupon(quote.coupon, user, order, quote.discount)
    if points:
        redeem_points(user, points, order)
    invoice = create_invoice(order)
    close_cart(cart, order)
    audit.record("order.placed", order, actor=user, total=str(order.grand_total))
    order_placed.send(sender=Order, order=order, user=user)

    transaction.on_commit(lambda: send_order_confirmation_task.delay(order.pk))
    if payment_token:
        transaction.on_commit(
            partial(charge_invoice.apply_async, args=[invoice.pk, payment_token], countdown=1)
        )
    return order


@transaction.atomic
def mark_paid(order: Order, actor=None) -> Order:
    """Called by billing when nothing is owed any more."""
    order = Order.objects.select_for_update().get(pk=order.pk)
    if order.status != OrderStatus.PENDING:
        return order
    confirm_reservations(order)
    order.set_status(OrderStatus.PAID, actor=actor)
    day = order.placed_at.date().isoformat()
    transaction.on_commit(lambda: prepare_shipment.delay(order.pk))
    transaction.on_commit(
        lambda: current_app.send_task("shop.reporting.tasks.refresh_day", args=[day])
    )
    return order


def cancel_order(order: Order, actor=None, reason: str = "") -> Order:
    from shop.billing.services import settle_cancelled_order

    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order.pk)
        order.set_status(OrderStatus.CANCELLED, actor=actor, note=reason)
        settle_cancelled_order(order)
        order.shipments.filter(status="ready").update(status="cancelled")
        order_cancelled.send(sender=Order, order=order, reason=reason)
    return order


def mark_shipped(order, actor=None):
    order.set_status(OrderStatus.SHIPPED, actor=actor)
    return order


def mark_delivered(order: Order, actor=None) -> Order:
    from shop.accounts.tasks import award_points_for_order

    order.set_status(OrderStatus.DELIVERED, actor=actor)
    transaction.on_commit(lambda: award_points_for_order.delay(order.pk))
    return order


def order_timeline(order):
    """Everything that happened to an order, from four apps, oldest first."""
    events = [
        (entry.created_at, f"Status: {entry.data['new']}")
        for entry in order.audit_entries.filter(action="order.status")
    ]
    for invoice in order.invoice_set.prefetch_related("payments"):
        events.append((invoice.created_at, f"Invoice {invoice.number}"))
        for payment in invoice.payments.all():
            events.append((payment.created_at, f"Payment {payment.amount} {payment.status}"))
    for shipment in order.shipments.prefetch_related("events"):
        events += [(event.happened_at, event.description) for event in shipment.events.all()]
    for entry in order.notifications.all():
        events.append((entry.created_at, f"Told the customer: {entry.title}"))
    return sorted(events, key=lambda event: event[0])
