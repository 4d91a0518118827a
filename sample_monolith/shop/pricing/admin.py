from django.contrib import admin

from shop.pricing.forms import CouponAdminForm
from shop.pricing.models import Coupon, CouponRedemption, Price, PriceList, Promotion, TaxRate


class PriceInline(admin.TabularInline):
    model = Price
    extra = 0
    autocomplete_fields = ["product"]


class RedemptionInline(admin.TabularInline):
    model = CouponRedemption
    extra = 0
    readonly_fields = ["user", "order", "amount"]


@admin.register(PriceList)
class PriceListAdmin(admin.ModelAdmin):
    inlines = [PriceInline]


@admin.register(Promotion)
class PromotionAdmin(admin.ModelAdmin):
    list_display = ["name", "percent", "is_active", "starts_at", "ends_at"]
    filter_horizontal = ["products", "categories"]
    actions = ["switch_off"]

    @admin.action(description="Switch off")
    def switch_off(self, request, queryset):
        queryset.update(is_active=False)


@admin.register(Coupon)
class CouponAdmin(admin.ModelAdmin):
    form = CouponAdminForm
    list_display = ["code", "kind", "value", "is_active", "use_count"]
    search_fields = ["code", "redemptions__user__email", "redemptions__order__number"]
    inlines = [RedemptionInline]

    def get_queryset(self, request):
        return super().get_queryset(request).with_uses()

    def use_count(self, obj):
        return obj.uses


admin.site.register(TaxRate)
