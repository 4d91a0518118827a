from rest_framework import serializers

from shop.accounts.models import Address
from shop.accounts.serializers import AddressSerializer
from shop.billing.serializers import InvoiceSerializer
from shop.orders.models import Order, OrderItem
from shop.shipping.models import ShippingMethod
from shop.shipping.serializers import ShipmentSerializer


class OrderItemSerializer(serializers.ModelSerializer):
    line_total = serializers.DecimalField(max_digits=10, decimal_places=2, read_only=True)

    class Meta:
        model = OrderItem
        fields = ["id", "product", "sku", "name", "quantity", "unit_price", "line_total"]


class OrderSerializer(serializers.ModelSerializer):
    items = OrderItemSerializer(many=True, read_only=True)

    class Meta:
        model = Order
        fields = ["number", "status", "placed_at", "subtotal", "grand_total", "currency", "items"]


class OrderDetailSerializer(OrderSerializer):
    shipping_address = AddressSerializer(read_only=True)
    invoices = InvoiceSerializer(source="invoice_set", many=True, read_only=True)
    shipments = ShipmentSerializer(many=True, read_only=True)

    class Meta(OrderSerializer.Meta):
        fields = [
            *OrderSerializer.Meta.fields,
            "discount_total",
            "shipping_total",
            "tax_total",
            "shipping_address",
            "invoices",
            "shipments",
        ]


class CheckoutSerializer(serializers.Serializer):
    shipping_address = serializers.PrimaryKeyRelatedField(queryset=Address.objects.all())
    shipping_method = serializers.PrimaryKeyRelatedField(queryset=ShippingMethod.objects.active())
    points = serializers.IntegerField(min_value=0, default=0)
    payment_token = serializers.CharField(default="", allow_blank=True)

    def validate_shipping_address(self, address):
        if address.user_id != self.context["request"].user.pk:
            raise serializers.ValidationError("No such address.")
        return address
