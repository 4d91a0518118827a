from django.contrib import admin

from shop.reporting.models import DailySales
from shop.reporting.tasks import refresh_day


@admin.register(DailySales)
class DailySalesAdmin(admin.ModelAdmin):
    list_display = ["day", "order_count", "revenue", "best_seller", "is_stale"]
    list_select_related = ["best_seller"]
    actions = ["rebuild"]

    @admin.action(description="Build again")
    def rebuild(self, request, queryset):
        for day in queryset.values_list("day", flat=True):
            refresh_day.delay(day.isoformat())
