from django.contrib import admin

from shop.reporting.models import DailySales, SavedReport
from shop.reporting.tasks import refresh_day


@admin.register(DailySales)
class DailySalesAdmin(admin.ModelAdmin):
    list_display = ["day", "order_count", "revenue", "refunds", "best_seller", "is_stale"]
    list_select_related = ["best_seller"]
    actions = ["rebuild"]

    @admin.action(description="Build again")
    def rebuild(self, request, queryset):
        for day in queryset.values_list("day", flat=True):
            refresh_day.delay(day.isoformat())


@admin.register(SavedReport)
class SavedReportAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "owner"]
    filter_horizontal = ["shared_with"]
