from django.contrib import admin

from shop.cart.models import Cart, CartItem
from shop.cart.tasks import remind_of_cart


class CartItemInline(admin.TabularInline):
    model = CartItem
    extra = 0
    autocomplete_fields = ["product"]


@admin.register(Cart)
class CartAdmin(admin.ModelAdmin):
    list_display = ["pk", "user", "is_open", "line_count", "worth", "updated_at"]
    list_filter = ["is_open"]
    search_fields = ["user__email", "order__number"]
    inlines = [CartItemInline]
    actions = ["remind"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("user").with_totals()

    def line_count(self, obj):
        return obj.lines

    def worth(self, obj):
        return obj.value

    @admin.action(description="Remind the customers")
    def remind(self, request, queryset):
        for pk in queryset.values_list("pk", flat=True):
            remind_of_cart.delay(pk)
