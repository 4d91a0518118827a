from rest_framework import serializers, viewsets
from rest_framework.decorators import action, api_view
from rest_framework.response import Response

from shop.catalog.models import Product
from shop.core.permissions import IsStaff
from shop.inventory.models import StockItem
from shop.inventory.serializers import StockItemSerializer
from shop.inventory.services import available_quantity, correct_stock


class StockViewSet(viewsets.ReadOnlyModelViewSet):
    serializer_class = StockItemSerializer
    permission_classes = [IsStaff]

    def get_queryset(self):
        stock = StockItem.objects.select_related("product", "warehouse").with_free()
        if sku := self.request.query_params.get("sku"):
            stock = stock.filter(product__sku__iexact=sku)
        return stock.order_by("pk")

    @action(detail=False)
    def low(self, request):
        return Response(self.get_serializer(self.get_queryset().low(), many=True).data)

    @action(detail=True, methods=["post"])
    def count(self, request, pk=None):
        counted = serializers.IntegerField(min_value=0).run_validation(request.data.get("counted"))
        difference = correct_stock(self.get_object(), counted, request.user, note="count")
        return Response({"difference": difference})


@api_view(["GET"])
def availability(request):
    """?sku=A&sku=B -> how many of each can be sold now."""
    products = Product.objects.active().filter(sku__in=request.query_params.getlist("sku"))
    return Response({product.sku: available_quantity(product) for product in products})
