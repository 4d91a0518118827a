from rest_framework import viewsets
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.core.utils import to_money
from shop.pricing.models import Promotion
from shop.pricing.serializers import PriceQuoteSerializer, PromotionSerializer
from shop.pricing.services import price_for


class PromotionViewSet(viewsets.ReadOnlyModelViewSet):
    serializer_class = PromotionSerializer

    def get_queryset(self):
        promotions = Promotion.objects.live().prefetch_related("products", "categories")
        return promotions.order_by("pk")


class PriceQuoteView(APIView):
    permission_classes = [AllowAny]

    def post(self, request):
        serializer = PriceQuoteSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        product = serializer.validated_data["product"]
        quantity = serializer.validated_data["quantity"]
        unit = price_for(product, user=request.user, quantity=quantity)
        return Response({"unit_price": str(unit), "total": str(to_money(unit * quantity))})
