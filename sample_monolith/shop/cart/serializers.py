from rest_framework import serializers

from shop.cart.models import Cart, CartItem
from shop.cart.services import cart_quote
from shop.catalog.models import Product


class CartItemSerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="product.name", read_only=True)
    unit_price = serializers.DecimalField(max_digits=10, decimal_places=2, read_only=True)

    class Meta:
        model = CartItem
        fields = ["product", "name", "quantity", "unit_price"]


class CartSerializer(serializers.ModelSerializer):
    items = CartItemSerializer(many=True, read_only=True)
    coupon = serializers.SlugRelatedField(slug_field="code", read_only=True)
    totals = serializers.SerializerMethodField()

    class Meta:
        model = Cart
        fields = ["id", "items", "coupon", "totals"]

    def get_totals(self, cart):
        quote = cart_quote(cart, user=cart.user)
        return {
            "subtotal": str(quote.subtotal),
            "discount": str(quote.discount),
            "tax": str(quote.tax),
            "total": str(quote.total),
        }


class AddItemSerializer(serializers.Serializer):
    product = serializers.PrimaryKeyRelatedField(queryset=Product.objects.active())
    quantity = serializers.IntegerField(min_value=0, default=1)
