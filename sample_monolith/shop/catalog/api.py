from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response

from shop.catalog.models import Product
from shop.catalog.serializers import ProductDetailSerializer, ProductListSerializer
from shop.catalog.services import change_base_price
from shop.core.permissions import IsStaff
from shop.reviews.serializers import ReviewSerializer


class ProductViewSet(viewsets.ReadOnlyModelViewSet):
    lookup_field = "slug"

    def get_queryset(self):
        products = Product.objects.for_cards()
        if term := self.request.query_params.get("q"):
            products = products.search(term)
        if self.request.query_params.get("sort") == "rating":
            products = products.with_live_rating().order_by("-live_rating", "pk")
        return products

    def get_serializer_class(self):
        return ProductListSerializer if self.action == "list" else ProductDetailSerializer

    @action(detail=True)
    def reviews(self, request, slug=None):
        reviews = self.get_object().published_reviews()
        return Response(ReviewSerializer(reviews, many=True).data)

    @action(detail=True, methods=["post"], permission_classes=[IsStaff])
    def price(self, request, slug=None):
        field = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=0)
        price = field.run_validation(request.data.get("price"))
        product = change_base_price(self.get_object(), price, actor=request.user)
        return Response({"base_price": str(product.base_price)})
