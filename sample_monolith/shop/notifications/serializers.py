from rest_framework import serializers

from shop.notifications.models import Notification, Preference


class NotificationSerializer(serializers.ModelSerializer):
    url = serializers.CharField(source="get_absolute_url", read_only=True)
    is_read = serializers.SerializerMethodField()

    class Meta:
        model = Notification
        fields = ["id", "template", "title", "body", "url", "is_read", "created_at"]

    def get_is_read(self, notification):
        return notification.read_at is not None


class PreferenceSerializer(serializers.ModelSerializer):
    class Meta:
        model = Preference
        fields = ["order_email", "account_email", "marketing_email", "weekly_digest"]
