from django.contrib import admin, messages

from shop.billing.models import Invoice
from shop.core.exceptions import ShopError
from shop.orders.models import (
    OpenOrder,
    Order,
    OrderItem,
    OrderStatusChange,
    ReturnItem,
    ReturnRequest,
)
from shop.orders.returns import approve_return
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


class StatusChangeInline(admin.TabularInline):
    model = OrderStatusChange
    extra = 0
    readonly_fields = ["old_status", "new_status", "changed_by", "note"]


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ["number", "user", "status", "grand_total", "placed_at", "billed_as"]
    list_filter = ["status", "shipping_method"]
    list_select_related = ["user"]
    search_fields = ["number", "email", "items__sku", "invoice__number"]
    date_hierarchy = "placed_at"
    inlines = [OrderItemInline, InvoiceInline, ShipmentInline, StatusChangeInline]
    actions = ["cancel"]

    def get_queryset(self, request):
        return super().get_queryset(request).with_latest_invoice()

    @admin.display(description="invoice")
    def billed_as(self, obj):
        return f"{obj.invoice_number or '-'} {obj.invoice_status or ''}"

    @admin.action(description="Cancel")
    def cancel(self, request, queryset):
        for order in queryset:
            try:
                cancel_order(order, actor=request.user, reason="by the staff")
            except ShopError as error:
                self.message_user(request, error.message, level=messages.ERROR)


@admin.register(OpenOrder)
class OpenOrderAdmin(admin.ModelAdmin):
    list_display = ["number", "status", "placed_at"]


class ReturnItemInline(admin.TabularInline):
    model = ReturnItem
    extra = 0


@admin.register(ReturnRequest)
class ReturnRequestAdmin(admin.ModelAdmin):
    list_display = ["order", "status", "requested_by", "refund_amount"]
    list_select_related = ["order", "requested_by"]
    inlines = [ReturnItemInline]
    actions = ["approve"]

    @admin.action(description="Approve and refund")
    def approve(self, request, queryset):
        for return_request in queryset:
            try:
                approve_return(return_request, request.user)
            except ShopError as error:
                self.message_user(request, error.message, level=messages.ERROR)
