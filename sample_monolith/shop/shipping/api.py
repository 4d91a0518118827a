from decimal import Decimal

from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_datetime
from rest_framework import serializers, viewsets
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.core.permissions import IsStaff
from shop.shipping.models import Shipment, ShippingMethod
from shop.shipping.serializers import ShipmentSerializer, ShippingMethodSerializer
from shop.shipping.services import dispatch_shipment, record_event, shipping_options


class ShippingMethodViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = ShippingMethod.objects.active()
    serializer_class = ShippingMethodSerializer
    lookup_field = "code"


class ShipmentViewSet(viewsets.ReadOnlyModelViewSet):
    serializer_class = ShipmentSerializer
    permission_classes = [IsAuthenticated]
    lookup_field = "reference"

    def get_queryset(self):
        shipments = Shipment.objects.prefetch_related("events")
        if not self.request.user.is_staff:
            shipments = shipments.of_user(self.request.user)
        return shipments

    @action(detail=True, methods=["post"], permission_classes=[IsStaff])
    def dispatch_now(self, request, reference=None):
        shipment = dispatch_shipment(self.get_object(), actor=request.user)
        return Response(self.get_serializer(shipment).data)


class OptionsView(APIView):
    permission_classes = [AllowAny]

    class Query(serializers.Serializer):
        country = serializers.CharField(max_length=2)
        weight = serializers.IntegerField(min_value=0, default=0)
        total = serializers.DecimalField(max_digits=10, decimal_places=2, default=Decimal(0))

    def get(self, request):
        query = self.Query(data=request.query_params)
        query.is_valid(raise_exception=True)
        data = query.validated_data
        return Response(shipping_options(data["country"].upper(), data["weight"], data["total"]))


@api_view(["POST"])
@permission_classes([IsStaff])
def carrier_event(request, tracking_number):
    shipment = get_object_or_404(Shipment, tracking_number=tracking_number)
    moment = parse_datetime(request.data.get("at", "")) if request.data.get("at") else None
    record_event(shipment, request.data.get("code", "info"), request.data.get("text", ""), moment)
    shipment.refresh_from_db()
    return Response(ShipmentSerializer(shipment).data)
