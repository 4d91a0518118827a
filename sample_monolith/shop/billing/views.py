from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.views.generic import DetailView

from shop.billing.forms import GiftCardForm, PayForm
from shop.billing.models import Invoice
from shop.billing.services import capture_payment, redeem_gift_card
from shop.core.exceptions import ShopError
from shop.core.mixins import OwnedByUserMixin


class InvoiceView(OwnedByUserMixin, DetailView):
    model = Invoice
    owner_field = "order__user"
    slug_field = "number"
    slug_url_kwarg = "number"
    template_name = "billing/invoice.html"

    def get_queryset(self):
        invoices = super().get_queryset().select_related("order", "billing_address")
        return invoices.prefetch_related("lines", "payments__refunds").with_paid()


@login_required
def pay(request, number):
    invoice = get_object_or_404(Invoice, number=number, order__user=request.user)
    form = PayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            capture_payment(invoice, form.cleaned_data["token"])
            return redirect(invoice.order)
        except ShopError as error:
            form.add_error(None, error.message)
    return render(request, "billing/pay.html", {"invoice": invoice, "form": form})


@login_required
def gift_card(request):
    form = GiftCardForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            amount = redeem_gift_card(request.user, form.cleaned_data["code"])
            messages.success(request, f"{amount} added to your account.")
            return redirect("accounts:dashboard")
        except ShopError as error:
            form.add_error("code", error.message)
    return render(request, "billing/gift_card.html", {"form": form})
