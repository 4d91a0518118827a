from rest_framework import serializers

from shop.catalog.models import Product
from shop.reviews.services import rating_summary


class ProductListSerializer(serializers.ModelSerializer):
    category = serializers.SlugRelatedField(slug_field="slug", read_only=True)

    class Meta:
        model = Product
        fields = [
            "id",
            "sku",
            "name",
            "slug",
            "category",
            "base_price",
            "rating_average",
            "rating_count",
        ]


class ProductDetailSerializer(ProductListSerializer):
    tags = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)
    price = serializers.SerializerMethodField()
    available = serializers.SerializerMethodField()
    rating = serializers.SerializerMethodField()

    class Meta(ProductListSerializer.Meta):
        fields = [
            *ProductListSerializer.Meta.fields,
            "description",
            "tags",
            "price",
            "available",
            "rating",
        ]

    def get_price(self, product):
        return str(product.current_price())

    def get_available(self, product):
        return product.available()

    def get_rating(self, product):
        return rating_summary(product.pk)
