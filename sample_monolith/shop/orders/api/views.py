from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from shop.billing.services import capture_payment
from shop.cart.services import get_open_cart
from shop.orders.api.serializers import (
    CheckoutSerializer,
    OrderDetailSerializer,
    OrderSerializer,
)
from shop.orders.models import Order
from shop.orders.services import cancel_order, place_order


class OrderViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    permission_classes = [IsAuthenticated]
    lookup_field = "number"

    def get_queryset(self):
        orders = Order.objects.for_detail()
        if not self.request.user.is_staff:
            orders = orders.filter(user=self.request.user)
        return orders

    def get_serializer_class(self):
        return OrderDetailSerializer if self.action == "retrieve" else OrderSerializer

    def create(self, request):
        serializer = CheckoutSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        order = place_order(
            cart=get_open_cart(user=request.user),
            user=request.user,
            **serializer.validated_data,
        )
        return Response(OrderDetailSerializer(order).data, status=status.HTTP_201_CREATED)

    @action(detail=True, methods=["post"])
    def cancel(self, request, number=None):
        order = cancel_order(
            self.get_object(), actor=request.user, reason=request.data.get("reason", "")
        )
        return Response(OrderSerializer(order).data)

    @action(detail=True, methods=["post"])
    def pay(self, request, number=None):
        order = self.get_object()
        payment = capture_payment(order.invoice, request.data.get("token", ""))
        order.refresh_from_db()
        return Response({"payment": payment.status, "order": order.status})
