from celery import shared_task

from shop.accounts.models import User
from shop.accounts.services import award_points, recalculate_points


@shared_task
def award_points_for_order(order_id):
    from shop.orders.models import Order

    order = Order.objects.select_related("user").get(pk=order_id)
    if order.user is None:
        return 0
    return award_points(order.user, order)


@shared_task
def recalculate_all_points():
    for user in User.objects.customers().iterator():
        recalculate_points(user)
