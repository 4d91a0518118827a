from django.contrib import admin

from shop.cart.models import Cart
from shop.cart.tasks import remind_of_cart


@admin.register(Cart)
class CartAdmin(admin.ModelAdmin):
    list_display = ["pk", "user", "is_open", "updated_at"]
    search_fields = ["user__email", "order__number"]
    actions = ["remind"]

    @admin.action(description="Remind the customers")
    def remind(self, request, queryset):
        for pk in queryset.values_list("pk", flat=True):
            remind_of_cart.delay(pk)
