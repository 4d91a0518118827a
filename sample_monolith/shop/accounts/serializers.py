from rest_framework import serializers

from shop.accounts.models import Address, CustomerProfile, User


class ProfileSerializer(serializers.ModelSerializer):
    class Meta:
        model = CustomerProfile
        fields = ["company", "vat_number", "is_business"]


class UserSerializer(serializers.ModelSerializer):
    profile = ProfileSerializer(read_only=True)
    lifetime_value = serializers.SerializerMethodField()
    unread = serializers.IntegerField(source="unread_notification_count", read_only=True)

    class Meta:
        model = User
        fields = [
            "id",
            "email",
            "first_name",
            "last_name",
            "phone",
            "loyalty_points",
            "profile",
            "lifetime_value",
            "unread",
        ]
        read_only_fields = ["email", "loyalty_points"]

    def get_lifetime_value(self, user):
        return str(user.lifetime_value())


class UserSummarySerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="display_name", read_only=True)

    class Meta:
        model = User
        fields = ["id", "name"]


class AddressSerializer(serializers.ModelSerializer):
    class Meta:
        model = Address
        fields = [
            "id",
            "full_name",
            "line1",
            "line2",
            "city",
            "postcode",
            "country",
            "is_default",
        ]
