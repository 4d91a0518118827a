from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Count, OuterRef, Subquery, Sum
from django.utils import timezone

from shop.core.constants import OPEN_ORDER_STATUSES, SOLD_ORDER_STATUSES, OrderStatus
from shop.core.utils import day_bounds


class OrderQuerySet(models.QuerySet):
    def open(self):
        return self.filter(status__in=OPEN_ORDER_STATUSES)

    def sold(self):
        return self.filter(status__in=SOLD_ORDER_STATUSES)

    def placed_on(self, day):
        start, end = day_bounds(day)
        return self.filter(placed_at__gte=start, placed_at__lt=end)

    def unpaid_too_long(self):
        limit = timezone.now() - timedelta(hours=settings.UNPAID_ORDER_HOURS)
        return self.filter(status=OrderStatus.PENDING, placed_at__lt=limit)

    def with_item_count(self):
        return self.annotate(item_count=Sum("items__quantity"), line_count=Count("items"))

    def with_latest_invoice(self):
        from shop.billing.models import Invoice

        latest = Invoice.objects.filter(order=OuterRef("pk")).order_by("-pk")
        return self.annotate(
            invoice_number=Subquery(latest.values("number")[:1]),
            invoice_status=Subquery(latest.values("status")[:1]),
        )

    def for_detail(self):
        return self.select_related("user", "shipping_address", "shipping_method").prefetch_related(
            "items__product", "invoice_set__payments", "shipments__events"
        )


class OpenOrderManager(models.Manager.from_queryset(OrderQuerySet)):
    def get_queryset(self):
        return super().get_queryset().open()
