from django.contrib import admin

from shop.notifications.models import EmailLog, Notification, Preference
from shop.notifications.tasks import deliver_notification


@admin.register(Notification)
class NotificationAdmin(admin.ModelAdmin):
    list_display = ["recipient", "title", "template", "read_at", "created_at"]
    list_select_related = ["recipient"]
    list_filter = ["template"]
    search_fields = ["recipient__email", "title"]
    actions = ["mail_again"]

    @admin.action(description="Send by mail again")
    def mail_again(self, request, queryset):
        for pk in queryset.values_list("pk", flat=True):
            deliver_notification.apply_async(args=[pk], countdown=5)


@admin.register(EmailLog)
class EmailLogAdmin(admin.ModelAdmin):
    list_display = ["to", "subject", "status", "created_at"]
    list_filter = ["status", "template"]


admin.site.register(Preference)
