from django.contrib import admin

from shop.pricing.models import Coupon, Promotion, TaxRate


@admin.register(Coupon)
class CouponAdmin(admin.ModelAdmin):
    list_display = ["code", "kind", "value", "is_active", "use_count"]
    search_fields = ["code", "redemptions__user__email", "redemptions__order__number"]

    def get_queryset(self, request):
        return super().get_queryset(request).with_uses()

    def use_count(self, obj):
        return obj.uses


admin.site.register([Promotion, TaxRate])
