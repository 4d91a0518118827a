from celery import shared_task

from shop.core.exceptions import CarrierError
from shop.shipping.models import Shipment


@shared_task
def prepare_shipment(order_id):
    from shop.orders.models import Order
    from shop.shipping.services import create_shipment

    order = Order.objects.select_related("shipping_method", "shipping_address").get(pk=order_id)
    return create_shipment(order).reference


@shared_task
def refresh_shipment(shipment_id):
    from shop.shipping.services import refresh_tracking

    try:
        return refresh_tracking(Shipment.objects.get(pk=shipment_id))
    except CarrierError:
        return 0


@shared_task
def poll_tracking():
    from shop.shipping.services import book_waiting

    book_waiting()
    ids = list(Shipment.objects.under_way().values_list("pk", flat=True))
    for number, pk in enumerate(ids):
        refresh_shipment.apply_async(args=[pk], countdown=number * 2)
    return len(ids)
