from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST
from django.views.generic import DetailView

from shop.billing.models import Invoice
from shop.billing.services import capture_payment
from shop.core.exceptions import ShopError
from shop.core.mixins import OwnedByUserMixin


class InvoiceView(OwnedByUserMixin, DetailView):
    model = Invoice
    owner_field = "order__user"
    slug_field = "number"
    slug_url_kwarg = "number"
    template_name = "billing/invoice.html"

    def get_queryset(self):
        return super().get_queryset().select_related("order", "billing_address")


@login_required
@require_POST
def pay(request, number):
    invoice = get_object_or_404(Invoice, number=number, order__user=request.user)
    try:
        capture_payment(invoice, request.POST.get("token", ""))
    except ShopError as error:
        messages.error(request, error.message)
    return redirect(invoice.order)
