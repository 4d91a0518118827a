from celery import shared_task

from shop.accounts.services import award_points


@shared_task
def award_points_for_order(order_id):
    from shop.orders.models import Order

    order = Order.objects.select_related("user").get(pk=order_id)
    if order.user is None:
        return 0
    return award_points(order.user, order)
