from django.contrib import admin, messages

from shop.billing.models import Invoice
from shop.core.exceptions import ShopError
from shop.orders.models import OpenOrder, Order, OrderItem
from shop.orders.services import cancel_order
from shop.shipping.models import Shipment


class OrderItemInline(admin.TabularInline):
    model = OrderItem
    extra = 0
    autocomplete_fields = ["product"]


class InvoiceInline(admin.TabularInline):
    model = Invoice
    extra = 0
    fields = ["number", "status", "total", "due_date"]
    readonly_fields = fields


class ShipmentInline(admin.TabularInline):
    model = Shipment
    extra = 0
    fields = ["carrier", "tracking_number", "status"]


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ["number", "user", "status", "grand_total", "placed_at"]
    list_filter = ["status", "shipping_method"]
    list_select_related = ["user"]
    search_fields = ["number", "email", "items__sku", "invoice__number"]
    inlines = [OrderItemInline, InvoiceInline, ShipmentInline]
    actions = ["cancel"]

    @admin.action(description="Cancel")
    def cancel(self, request, queryset):
        for order in queryset:
            try:
                cancel_order(order, actor=request.user, reason="by the staff")
            except ShopError as error:
                self.message_user(request, error.message, level=messages.ERROR)


admin.site.register(OpenOrder)
