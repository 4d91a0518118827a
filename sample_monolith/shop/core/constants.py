"""Choices and limits shared by every app."""

from decimal import Decimal

from django.db.models import TextChoices

ZERO = Decimal("0.00")
MAX_LINE_QUANTITY = 99
LOW_STOCK_DEFAULT = 5


class OrderStatus(TextChoices):
    PENDING = "pending", "Pending payment"
    PAID = "paid", "Paid"
    SHIPPED = "shipped", "Shipped"
    DELIVERED = "delivered", "Delivered"
    CANCELLED = "cancelled", "Cancelled"


OPEN_ORDER_STATUSES = (OrderStatus.PENDING, OrderStatus.PAID, OrderStatus.SHIPPED)
SOLD_ORDER_STATUSES = (OrderStatus.PAID, OrderStatus.SHIPPED, OrderStatus.DELIVERED)


class PaymentStatus(TextChoices):
    PENDING = "pending", "Pending"
    CAPTURED = "captured", "Captured"
    DECLINED = "declined", "Declined"
    REFUNDED = "refunded", "Refunded"


class InvoiceStatus(TextChoices):
    OPEN = "open", "Open"
    PAID = "paid", "Paid"
    VOID = "void", "Void"


class ShipmentStatus(TextChoices):
    READY = "ready", "Ready"
    DISPATCHED = "dispatched", "Dispatched"
    IN_TRANSIT = "in_transit", "In transit"
    DELIVERED = "delivered", "Delivered"
    CANCELLED = "cancelled", "Cancelled"


class ReviewStatus(TextChoices):
    PENDING = "pending", "Pending"
    PUBLISHED = "published", "Published"
    REJECTED = "rejected", "Rejected"


class TaxClass(TextChoices):
    STANDARD = "standard", "Standard"
    REDUCED = "reduced", "Reduced"
    ZERO = "zero", "Zero-rated"
