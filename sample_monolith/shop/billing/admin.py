from django.contrib import admin

from shop.billing.models import Invoice, Payment
from shop.billing.services import remind_of_invoice


class PaymentInline(admin.TabularInline):
    model = Payment
    extra = 0


@admin.register(Invoice)
class InvoiceAdmin(admin.ModelAdmin):
    list_display = ["number", "order", "status", "total", "due_date"]
    list_filter = ["status"]
    list_select_related = ["order"]
    search_fields = ["number", "order__number", "order__user__email"]
    inlines = [PaymentInline]
    actions = ["remind"]

    @admin.action(description="Send a reminder")
    def remind(self, request, queryset):
        for invoice in queryset.open().select_related("order__user"):
            remind_of_invoice(invoice)


admin.site.register(Payment)
