from rest_framework import serializers, viewsets
from rest_framework.decorators import action, api_view
from rest_framework.permissions import SAFE_METHODS, IsAuthenticatedOrReadOnly
from rest_framework.response import Response

from shop.catalog.models import Brand, Category, Product
from shop.catalog.serializers import (
    BrandSerializer,
    CategorySerializer,
    ProductDetailSerializer,
    ProductListSerializer,
    ProductWriteSerializer,
)
from shop.catalog.services import change_base_price, retire_product
from shop.core.permissions import IsStaff
from shop.reviews.serializers import ReviewSerializer


class CategoryViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Category.objects.visible().with_product_counts()
    serializer_class = CategorySerializer
    lookup_field = "slug"

    @action(detail=True)
    def products(self, request, slug=None):
        products = Product.objects.for_cards().in_category_tree(self.get_object())
        page = self.paginate_queryset(products)
        return self.get_paginated_response(ProductListSerializer(page, many=True).data)


class ProductViewSet(viewsets.ModelViewSet):
    lookup_field = "slug"
    permission_classes = [IsAuthenticatedOrReadOnly]

    def get_permissions(self):
        if self.request.method not in SAFE_METHODS:
            return [IsStaff()]
        return super().get_permissions()

    def get_queryset(self):
        products = Product.objects.for_cards()
        if term := self.request.query_params.get("q"):
            products = products.search(term)
        if self.request.query_params.get("sort") == "rating":
            products = products.with_live_rating().order_by("-live_rating", "pk")
        return products

    def get_serializer_class(self):
        if self.action in {"create", "update", "partial_update"}:
            return ProductWriteSerializer
        return ProductListSerializer if self.action == "list" else ProductDetailSerializer

    def perform_create(self, serializer):
        serializer.save(created_by=self.request.user)

    def perform_destroy(self, instance):
        retire_product(instance, actor=self.request.user)

    @action(detail=True)
    def reviews(self, request, slug=None):
        reviews = self.get_object().published_reviews()
        return Response(ReviewSerializer(reviews, many=True).data)

    @action(detail=True, methods=["post"])
    def price(self, request, slug=None):
        field = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=0)
        price = field.run_validation(request.data.get("price"))
        product = change_base_price(self.get_object(), price, actor=request.user)
        return Response({"base_price": str(product.base_price)})


@api_view(["GET"])
def brand_list(request):
    return Response(BrandSerializer(Brand.objects.all(), many=True).data)
