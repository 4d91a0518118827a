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


@shared_task(name="orders.ask_for_reviews")
def ask_for_reviews(order_id):
    from shop.notifications.services import notify_user
    from shop.reviews.models import Review

    order = Order.objects.select_related("user").prefetch_related("items__product").get(pk=order_id)
    if order.user is None:
        return 0
    reviewed = Review.objects.filter(author=order.user).values_list("product_id", flat=True)
    missing = [item for item in order.items.all() if item.product_id not in set(reviewed)]
    for item in missing:
        notify_user(order.user, "review_request", {"product": item.name}, target=order)
    return len(missing)
