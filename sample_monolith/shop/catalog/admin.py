from django.contrib import admin

from shop.catalog.forms import ProductAdminForm
from shop.catalog.models import (
    Brand,
    Bundle,
    BundleComponent,
    Category,
    Product,
    ProductImage,
    Tag,
)
from shop.catalog.services import retire_product
from shop.catalog.tasks import reindex
from shop.inventory.models import StockItem


class ProductImageInline(admin.TabularInline):
    model = ProductImage
    extra = 0


class StockInline(admin.TabularInline):
    model = StockItem
    extra = 0
    readonly_fields = ["reserved"]


class BundleComponentInline(admin.TabularInline):
    model = BundleComponent
    fk_name = "bundle"
    extra = 1


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ["name", "parent", "position", "is_visible"]
    prepopulated_fields = {"slug": ["name"]}
    search_fields = ["name"]


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    form = ProductAdminForm
    list_display = ["sku", "name", "category", "base_price", "is_active", "free"]
    list_filter = ["is_active", "category", "brand"]
    list_select_related = ["category"]
    search_fields = ["sku", "name"]
    inlines = [ProductImageInline, StockInline]
    actions = ["retire", "send_to_index"]

    def get_queryset(self, request):
        return super().get_queryset(request).with_stock()

    @admin.display(description="free stock", ordering="stock_free")
    def free(self, obj):
        return obj.stock_free

    @admin.action(description="Retire")
    def retire(self, request, queryset):
        for product in queryset:
            retire_product(product, actor=request.user)

    @admin.action(description="Index again")
    def send_to_index(self, request, queryset):
        reindex.delay(list(queryset.values_list("pk", flat=True)))


@admin.register(Bundle)
class BundleAdmin(admin.ModelAdmin):
    list_display = ["sku", "name", "discount_percent", "component_total"]
    fields = ["sku", "name", "category", "base_price", "discount_percent", "is_active"]
    inlines = [BundleComponentInline]


admin.site.register([Brand, Tag])
