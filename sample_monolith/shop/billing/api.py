from django.conf import settings
from django.utils.crypto import constant_time_compare
from rest_framework import status, viewsets
from rest_framework.decorators import (
    action,
    api_view,
    authentication_classes,
    permission_classes,
)
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response

from shop.billing.models import Invoice, Payment
from shop.billing.serializers import InvoiceSerializer
from shop.billing.services import settle_invoice
from shop.core.constants import PaymentStatus
from shop.core.permissions import IsStaff


class InvoiceViewSet(viewsets.ReadOnlyModelViewSet):
    serializer_class = InvoiceSerializer
    permission_classes = [IsAuthenticated]
    lookup_field = "number"

    def get_queryset(self):
        invoices = Invoice.objects.select_related("order").prefetch_related("payments")
        if not self.request.user.is_staff:
            invoices = invoices.filter(order__user=self.request.user)
        return invoices

    @action(detail=False, permission_classes=[IsStaff])
    def overdue(self, request):
        rows = Invoice.objects.all().overdue_with_customer()
        return Response(
            [
                {
                    "number": row.number,
                    "order": row.order_number,
                    "email": row.customer_email,
                    "total": str(row.total),
                }
                for row in rows
            ]
        )


@api_view(["POST"])
@authentication_classes([])
@permission_classes([AllowAny])
def payment_webhook(request):
    """The gateway tells what became of a payment that it had left pending."""
    secret = request.headers.get("X-Webhook-Secret", "")
    if not constant_time_compare(secret, settings.PAYMENT_WEBHOOK_SECRET):
        return Response(status=status.HTTP_403_FORBIDDEN)
    payment = Payment.objects.filter(transaction_id=request.data.get("transaction_id", "-")).first()
    if payment is None:
        return Response(status=status.HTTP_404_NOT_FOUND)
    if payment.status == PaymentStatus.PENDING:
        captured = request.data.get("status") == "captured"
        payment.status = PaymentStatus.CAPTURED if captured else PaymentStatus.DECLINED
        payment.save(update_fields=["status", "updated_at"])
        if captured:
            settle_invoice(payment.invoice)
    return Response({"status": payment.status})
