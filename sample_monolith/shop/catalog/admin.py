from django.contrib import admin

from shop.catalog.models import Category, LimitedProduct, Product, Tag
from shop.catalog.services import retire_product
from shop.inventory.models import StockItem


class StockInline(admin.TabularInline):
    model = StockItem
    extra = 0
    readonly_fields = ["reserved"]


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["sku", "name", "category", "base_price", "is_active"]
    list_filter = ["is_active", "category"]
    list_select_related = ["category"]
    search_fields = ["sku", "name"]
    inlines = [StockInline]
    actions = ["retire"]

    @admin.action(description="Retire")
    def retire(self, request, queryset):
        for product in queryset:
            retire_product(product, actor=request.user)


admin.site.register([Category, LimitedProduct, Tag])
