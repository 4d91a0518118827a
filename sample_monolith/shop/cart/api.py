from rest_framework import status
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.cart.serializers import AddItemSerializer, CartSerializer
from shop.cart.services import add_item, apply_coupon, get_open_cart, set_quantity


class CartView(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response(CartSerializer(get_open_cart(user=request.user)).data)

    def post(self, request):
        serializer = AddItemSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        cart = get_open_cart(user=request.user)
        add_item(cart, **serializer.validated_data)
        return Response(CartSerializer(cart).data, status=status.HTTP_201_CREATED)

    def patch(self, request):
        serializer = AddItemSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        cart = get_open_cart(user=request.user)
        data = serializer.validated_data
        set_quantity(cart, data["product"].pk, data["quantity"])
        return Response(CartSerializer(cart).data)


@api_view(["POST"])
@permission_classes([IsAuthenticated])
def cart_coupon(request):
    cart = get_open_cart(user=request.user)
    quote = apply_coupon(cart, request.data.get("code", ""), request.user)
    return Response({"code": quote.coupon.code, "discount": str(quote.discount)})
