from django.contrib import admin

from shop.inventory.models import StockItem, StockReservation, Warehouse
from shop.inventory.tasks import alert_low_stock


@admin.register(StockItem)
class StockItemAdmin(admin.ModelAdmin):
    list_display = ["product", "warehouse", "on_hand", "reserved", "reorder_level"]
    list_select_related = ["product", "warehouse"]
    search_fields = ["product__sku", "product__name"]
    actions = ["send_alert"]

    @admin.action(description="Alert the staff if low")
    def send_alert(self, request, queryset):
        for stock_item in queryset:
            alert_low_stock.apply_async(args=[stock_item.pk], queue="slow")


admin.site.register([StockReservation, Warehouse])
