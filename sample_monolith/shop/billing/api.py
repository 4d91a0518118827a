from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from shop.billing.models import Invoice
from shop.billing.serializers import InvoiceSerializer
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
