from celery import shared_task

from shop.orders.models import Order


@shared_task
def cancel_unpaid_orders():
    from shop.orders.services import cancel_order

    cancelled = []
    for order in Order.objects.unpaid_too_long():
        cancel_order(order, reason="not paid in time")
        cancelled.append(order.number)
    return cancelled
