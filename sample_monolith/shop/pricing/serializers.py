from rest_framework import serializers

from shop.catalog.models import Product
from shop.pricing.models import Promotion


class PromotionSerializer(serializers.ModelSerializer):
    products = serializers.SlugRelatedField(slug_field="sku", many=True, read_only=True)
    categories = serializers.SlugRelatedField(slug_field="slug", many=True, read_only=True)

    class Meta:
        model = Promotion
        fields = ["id", "name", "percent", "starts_at", "ends_at", "products", "categories"]


class PriceQuoteSerializer(serializers.Serializer):
    product = serializers.PrimaryKeyRelatedField(queryset=Product.objects.all())
    quantity = serializers.IntegerField(min_value=1, default=1)
