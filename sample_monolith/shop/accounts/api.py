from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.accounts.models import Address, User
from shop.accounts.serializers import AddressSerializer, UserSerializer
from shop.accounts.services import anonymise_user, set_default_address
from shop.catalog.models import Product
from shop.catalog.serializers import ProductListSerializer
from shop.core.exceptions import ShopError
from shop.core.permissions import IsOwner, IsStaff


class UserViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    queryset = User.objects.order_by("pk")
    serializer_class = UserSerializer
    permission_classes = [IsStaff]

    @action(detail=False, methods=["get", "patch", "delete"], permission_classes=[IsAuthenticated])
    def me(self, request):
        if request.method == "DELETE":
            anonymise_user(request.user, actor=request.user)
            return Response(status=status.HTTP_204_NO_CONTENT)
        if request.method == "PATCH":
            serializer = self.get_serializer(request.user, data=request.data, partial=True)
            serializer.is_valid(raise_exception=True)
            serializer.save()
            return Response(serializer.data)
        return Response(self.get_serializer(request.user).data)


class AddressViewSet(viewsets.ModelViewSet):
    serializer_class = AddressSerializer
    permission_classes = [IsAuthenticated, IsOwner]

    def get_queryset(self):
        return Address.objects.filter(user=self.request.user)

    def perform_create(self, serializer):
        serializer.save(user=self.request.user)

    def perform_destroy(self, instance):
        if self.request.user.orders.filter(shipping_address=instance).exclude(
            status__in=["delivered", "cancelled"]
        ):
            raise ShopError("An open order is going to this address.")
        instance.delete()

    @action(detail=True, methods=["post"])
    def make_default(self, request, pk=None):
        address = set_default_address(request.user, self.get_object())
        return Response(self.get_serializer(address).data)


class WishlistView(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        products = request.user.wishlist.select_related("category").order_by("name")
        return Response(ProductListSerializer(products, many=True).data)

    def post(self, request):
        product = Product.objects.filter(pk=request.data.get("product")).first()
        if product is None:
            return Response({"detail": "No such product."}, status=status.HTTP_404_NOT_FOUND)
        request.user.wishlist.add(product)
        return Response({"count": request.user.wishlist.count()}, status=status.HTTP_201_CREATED)
