from rest_framework import serializers

from shop.billing.models import Invoice, Payment


class PaymentSerializer(serializers.ModelSerializer):
    class Meta:
        model = Payment
        fields = ["status", "amount", "created_at"]


class InvoiceSerializer(serializers.ModelSerializer):
    payments = PaymentSerializer(many=True, read_only=True)
    order = serializers.CharField(source="order.number", read_only=True)

    class Meta:
        model = Invoice
        fields = ["number", "order", "status", "net", "tax", "total", "due_date", "payments"]
