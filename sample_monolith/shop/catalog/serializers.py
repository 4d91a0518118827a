from rest_framework import serializers

from shop.catalog.models import Brand, Category, Product
from shop.reviews.services import rating_summary


class CategorySerializer(serializers.ModelSerializer):
    product_count = serializers.IntegerField(read_only=True, default=None)

    class Meta:
        model = Category
        fields = ["id", "parent", "name", "slug", "product_count"]


class BrandSerializer(serializers.ModelSerializer):
    class Meta:
        model = Brand
        fields = ["id", "name", "slug", "website"]


class ProductListSerializer(serializers.ModelSerializer):
    category = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    brand = serializers.StringRelatedField()

    class Meta:
        model = Product
        fields = [
            "id",
            "sku",
            "name",
            "slug",
            "category",
            "brand",
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
        return str(product.price_for(self.context["request"].user))

    def get_available(self, product):
        return product.available()

    def get_rating(self, product):
        return rating_summary(product.pk)


class ProductWriteSerializer(serializers.ModelSerializer):
    class Meta:
        model = Product
        fields = ["sku", "name", "category", "brand", "description", "base_price", "is_active"]
