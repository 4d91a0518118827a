from django.dispatch import receiver

from shop.orders.signals import order_cancelled


@receiver(order_cancelled)
def give_points_back(sender, order, **kwargs):
    if order.user and order.points_redeemed:
        order.user.loyalty_entries.create(
            order=order, points=order.points_redeemed, reason="order cancelled"
        )
        order.user.add_points(order.points_redeemed)
