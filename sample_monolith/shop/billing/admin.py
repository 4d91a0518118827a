from django.contrib import admin

from shop.billing.models import GiftCard, Invoice, InvoiceLine, Payment, Refund
from shop.billing.services import remind_of_invoice


class InvoiceLineInline(admin.TabularInline):
    model = InvoiceLine
    extra = 0


class PaymentInline(admin.TabularInline):
    model = Payment
    extra = 0
    readonly_fields = ["method", "amount", "transaction_id", "message"]


class RefundInline(admin.TabularInline):
    model = Refund
    extra = 0
    readonly_fields = ["amount", "return_request", "reason", "transaction_id"]


@admin.register(Invoice)
class InvoiceAdmin(admin.ModelAdmin):
    list_display = ["number", "order", "status", "total", "owed", "due_date"]
    list_filter = ["status"]
    list_select_related = ["order"]
    search_fields = ["number", "order__number", "order__user__email"]
    inlines = [InvoiceLineInline, PaymentInline]
    actions = ["remind"]

    def get_queryset(self, request):
        return super().get_queryset(request).with_paid()

    def owed(self, obj):
        return obj.owed

    @admin.action(description="Send a reminder")
    def remind(self, request, queryset):
        for invoice in queryset.open().select_related("order__user"):
            remind_of_invoice(invoice)


@admin.register(Payment)
class PaymentAdmin(admin.ModelAdmin):
    list_display = ["invoice", "method", "status", "amount", "created_at"]
    list_select_related = ["invoice"]
    inlines = [RefundInline]


admin.site.register(GiftCard)
