from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin

from shop.accounts.models import Address, CustomerProfile, LoyaltyEntry, StaffMember, User
from shop.accounts.services import anonymise_user, recalculate_points
from shop.core.exceptions import ShopError


class AddressInline(admin.TabularInline):
    model = Address
    extra = 0


class ProfileInline(admin.StackedInline):
    model = CustomerProfile
    can_delete = False


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    list_display = ["email", "first_name", "last_name", "loyalty_points", "order_total"]
    search_fields = ["email", "first_name", "last_name", "orders__number"]
    inlines = [ProfileInline, AddressInline]
    actions = ["recalculate", "anonymise"]
    fieldsets = [
        *DjangoUserAdmin.fieldsets,
        ("Shop", {"fields": ["phone", "loyalty_points", "store_credit", "accepts_marketing"]}),
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).with_order_totals()

    @admin.display(ordering="spent")
    def order_total(self, obj):
        return obj.spent

    @admin.action(description="Recalculate loyalty points")
    def recalculate(self, request, queryset):
        for user in queryset:
            recalculate_points(user)
        self.message_user(request, f"{queryset.count()} customers recalculated")

    @admin.action(description="Anonymise")
    def anonymise(self, request, queryset):
        for user in queryset:
            try:
                anonymise_user(user, actor=request.user)
            except ShopError as error:
                self.message_user(request, f"{user}: {error}", level=messages.ERROR)


@admin.register(StaffMember)
class StaffMemberAdmin(admin.ModelAdmin):
    list_display = ["email", "last_login", "handled_orders"]


@admin.register(LoyaltyEntry)
class LoyaltyEntryAdmin(admin.ModelAdmin):
    list_display = ["user", "points", "reason", "order", "created_at"]
    autocomplete_fields = ["user"]
    list_select_related = ["user", "order"]
