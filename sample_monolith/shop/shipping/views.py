from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST
from django.views.generic import DetailView

from shop.core.exceptions import ShopError
from shop.orders.models import OpenOrder
from shop.shipping.carriers import get_carrier
from shop.shipping.models import Shipment
from shop.shipping.services import dispatch_shipment


class TrackView(DetailView):
    """Public: whoever has the reference may see where the parcel is."""

    slug_field = "reference"
    slug_url_kwarg = "reference"
    template_name = "shipping/track.html"
    queryset = Shipment.objects.prefetch_related("events", "items__order_item")

    def get_context_data(self, **kwargs):
        carrier = get_carrier(self.object.carrier)
        return super().get_context_data(
            carrier_url=carrier.tracking_url(self.object.tracking_number), **kwargs
        )


@staff_member_required(login_url="accounts:login")
def packing_list(request):
    orders = OpenOrder.objects.filter(status="paid").prefetch_related("items", "shipments")
    return render(request, "shipping/packing_list.html", {"orders": orders})


@staff_member_required(login_url="accounts:login")
@require_POST
def dispatch(request, reference):
    shipment = get_object_or_404(Shipment, reference=reference)
    try:
        dispatch_shipment(shipment, actor=request.user)
        messages.success(request, f"{reference} is on its way.")
    except ShopError as error:
        messages.error(request, error.message)
    return redirect("shipping:packing-list")
