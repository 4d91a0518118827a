from rest_framework import serializers

from shop.accounts.models import Address, User


class UserSerializer(serializers.ModelSerializer):
    lifetime_value = serializers.DecimalField(max_digits=12, decimal_places=2, read_only=True)
    unread = serializers.IntegerField(source="unread_notification_count", read_only=True)

    class Meta:
        model = User
        fields = [
            "id",
            "email",
            "first_name",
            "phone",
            "loyalty_points",
            "lifetime_value",
            "unread",
        ]
        read_only_fields = ["email", "loyalty_points"]


class UserSummarySerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="display_name", read_only=True)

    class Meta:
        model = User
        fields = ["id", "name"]


class AddressSerializer(serializers.ModelSerializer):
    class Meta:
        model = Address
        exclude = ["user", "deleted_at", "created_at", "updated_at"]
