from django.contrib import admin, messages

from shop.core.exceptions import ShopError
from shop.shipping.forms import ShippingMethodAdminForm
from shop.shipping.models import Shipment, ShippingMethod, TrackingEvent
from shop.shipping.services import dispatch_shipment
from shop.shipping.tasks import refresh_shipment


class TrackingEventInline(admin.TabularInline):
    model = TrackingEvent
    extra = 0


@admin.register(Shipment)
class ShipmentAdmin(admin.ModelAdmin):
    list_display = ["reference", "order", "carrier", "status", "tracking_number"]
    list_filter = ["carrier", "status"]
    list_select_related = ["order"]
    search_fields = ["reference", "tracking_number", "order__number"]
    inlines = [TrackingEventInline]
    actions = ["dispatch_selected", "refresh"]

    @admin.action(description="Dispatch")
    def dispatch_selected(self, request, queryset):
        for shipment in queryset.select_related("order__user"):
            try:
                dispatch_shipment(shipment, actor=request.user)
            except ShopError as error:
                self.message_user(request, error.message, level=messages.ERROR)

    @admin.action(description="Ask the carrier")
    def refresh(self, request, queryset):
        for shipment in queryset:
            refresh_shipment.delay(shipment.pk)


@admin.register(ShippingMethod)
class ShippingMethodAdmin(admin.ModelAdmin):
    form = ShippingMethodAdminForm
    list_display = ["code", "name", "carrier", "base_price", "is_active"]
