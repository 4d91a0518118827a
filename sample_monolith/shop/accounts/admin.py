from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin

from shop.accounts.models import Address, LoyaltyEntry, StaffMember, User


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    list_display = ["email", "first_name", "last_name", "loyalty_points", "order_total"]
    search_fields = ["email", "first_name", "last_name", "orders__number"]
    fieldsets = [*DjangoUserAdmin.fieldsets, ("Shop", {"fields": ["phone", "loyalty_points"]})]

    def get_queryset(self, request):
        return super().get_queryset(request).with_order_totals()

    @admin.display(ordering="spent")
    def order_total(self, obj):
        return obj.spent


admin.site.register([Address, LoyaltyEntry, StaffMember])
