from django.contrib import admin

from shop.inventory.models import (
    StockItem,
    StockMovement,
    StockReservation,
    Supplier,
    SupplierProduct,
    Warehouse,
)
from shop.inventory.tasks import alert_low_stock


class MovementInline(admin.TabularInline):
    model = StockMovement
    extra = 0
    readonly_fields = ["kind", "quantity", "order", "made_by", "note"]


class SupplierProductInline(admin.TabularInline):
    model = SupplierProduct
    extra = 0


@admin.register(StockItem)
class StockItemAdmin(admin.ModelAdmin):
    list_display = ["product", "warehouse", "on_hand", "reserved", "reorder_level"]
    list_select_related = ["product", "warehouse"]
    search_fields = ["product__sku", "product__name"]
    inlines = [MovementInline]
    actions = ["send_alert"]

    @admin.action(description="Alert the staff if low")
    def send_alert(self, request, queryset):
        for stock_item in queryset:
            alert_low_stock.apply_async(args=[stock_item.pk], queue="slow")


@admin.register(StockReservation)
class StockReservationAdmin(admin.ModelAdmin):
    list_display = ["order_item", "stock_item", "quantity", "state", "expires_at"]
    list_filter = ["state"]
    search_fields = ["order_item__order__number"]


@admin.register(Supplier)
class SupplierAdmin(admin.ModelAdmin):
    inlines = [SupplierProductInline]


admin.site.register(Warehouse)
