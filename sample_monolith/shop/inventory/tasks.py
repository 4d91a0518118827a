from celery import shared_task

from shop.inventory.models import StockItem, StockReservation


@shared_task
def alert_low_stock(stock_item_id):
    from shop.notifications.services import notify_staff

    stock_item = StockItem.objects.select_related("product", "warehouse__manager").get(
        pk=stock_item_id
    )
    if not stock_item.is_low:
        return False
    notify_staff(
        "low_stock",
        {"product": stock_item.product.name, "left": stock_item.free_quantity},
        target=stock_item,
    )
    return True


@shared_task
def release_expired_reservations():
    from shop.inventory.services import _release

    released = 0
    for reservation in StockReservation.objects.expired().select_related("stock_item"):
        released += _release(reservation)
    return released
