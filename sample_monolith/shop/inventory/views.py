from django.contrib import messages
from django.urls import reverse_lazy
from django.views.generic import FormView, ListView

from shop.core.mixins import StaffRequiredMixin
from shop.inventory.forms import ReceiveForm
from shop.inventory.models import StockItem
from shop.inventory.services import receive_stock


class StockListView(StaffRequiredMixin, ListView):
    template_name = "inventory/stock_list.html"
    context_object_name = "stock"

    def get_queryset(self):
        stock = StockItem.objects.select_related("product", "warehouse").with_free()
        if self.request.GET.get("low"):
            stock = stock.low()
        return stock.order_by("product__name", "warehouse__code")


class ReceiveView(StaffRequiredMixin, FormView):
    form_class = ReceiveForm
    template_name = "inventory/receive.html"
    success_url = reverse_lazy("inventory:stock")

    def form_valid(self, form):
        stock_item = receive_stock(user=self.request.user, **form.cleaned_data)
        messages.success(self.request, f"{stock_item.product.name}: now {stock_item.on_hand}")
        return super().form_valid(form)
