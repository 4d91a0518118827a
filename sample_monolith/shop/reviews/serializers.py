from rest_framework import serializers

from shop.accounts.serializers import UserSummarySerializer
from shop.catalog.models import Product
from shop.reviews.models import Review, ReviewPhoto


class ReviewPhotoSerializer(serializers.ModelSerializer):
    class Meta:
        model = ReviewPhoto
        fields = ["file", "caption"]


class ReviewSerializer(serializers.ModelSerializer):
    author = UserSummarySerializer(read_only=True)
    photos = ReviewPhotoSerializer(many=True, read_only=True)
    product = serializers.SlugRelatedField(slug_field="slug", queryset=Product.objects.active())
    helpful = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = Review
        fields = [
            "id",
            "product",
            "author",
            "rating",
            "title",
            "body",
            "status",
            "verified_purchase",
            "helpful",
            "photos",
            "created_at",
        ]
        read_only_fields = ["status", "verified_purchase"]
