from __future__ import annotations

from datetime import date, timedelta

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Avg, Count, F, Sum

from shop.catalog.models import Product
from shop.core.constants import SOLD_ORDER_STATUSES, ZERO, ReviewStatus
from shop.core.utils import day_bounds, to_money
from shop.orders.models import Order, OrderItem
from shop.reporting.models import DailySales
from shop.reviews.models import Review

# Written by hand because the ORM version took eleven seconds.
PRODUCT_REPORT_SQL = """
    SELECT p.id, p.sku, p.name, c.name AS category,
           SUM(oi.quantity) AS sold,
           SUM(oi.quantity * oi.unit_price) AS revenue,
           COUNT(DISTINCT u.id) AS customers,
           (SELECT COALESCE(SUM(s.on_hand - s.reserved), 0)
              FROM stock_level s WHERE s.product_id = p.id) AS free_stock,
           (SELECT AVG(r.rating) FROM reviews_review r
             WHERE r.product_id = p.id AND r.status = 'published') AS rating
      FROM orders_orderitem oi
      JOIN orders_order o ON o.id = oi.order_id
      JOIN billing_invoice i ON i.order_id = o.id AND i.status = 'paid'
      JOIN catalog_product p ON p.id = oi.product_id
      JOIN catalog_category c ON c.id = p.category_id
      LEFT JOIN accounts_user u ON u.id = o.user_id
     WHERE o.placed_at >= %s AND o.placed_at < %s
     GROUP BY p.id, p.sku, p.name, c.name
     ORDER BY revenue DESC, p.id
     LIMIT %s
"""


def product_report(start: date, end: date, limit: int = 20) -> list[dict]:
    adapt = connection.ops.adapt_datetimefield_value
    bounds = [adapt(day_bounds(start)[0]), adapt(day_bounds(end)[1])]
    with connection.cursor() as cursor:
        cursor.execute(PRODUCT_REPORT_SQL, [*bounds, limit])
        columns = [column[0] for column in cursor.description]
        rows = [dict(zip(columns, row)) for row in cursor.fetchall()]
    for row in rows:
        row["revenue"] = to_money(str(row["revenue"]))
    return rows


@transaction.atomic
def build_day(day: date) -> DailySales:
    orders = Order.objects.sold().placed_on(day)
    items = OrderItem.objects.filter(order__in=orders)
    start, end = day_bounds(day)
    best = (
        items.order_by()
        .values("product")
        .annotate(sold=Sum("quantity"))
        .order_by("-sold", "product")
    ).first()
    sales, _ = DailySales.objects.update_or_create(
        day=day,
        defaults={
            "order_count": orders.count(),
            "item_count": items.aggregate(total=Sum("quantity"))["total"] or 0,
            "revenue": to_money(orders.aggregate(total=Sum("grand_total"))["total"] or ZERO),
            "new_customers": get_user_model()
            .objects.customers()
            .filter(date_joined__gte=start, date_joined__lt=end)
            .count(),
            "best_seller_id": best["product"] if best else None,
            "is_stale": False,
        },
    )
    return sales


def sales_summary(start: date, end: date) -> dict:
    """From the daily rows; days that are missing or stale are built first."""
    known = {row.day: row for row in DailySales.objects.between(start, end)}
    day = start
    while day <= end:
        if day not in known or known[day].is_stale:
            build_day(day)
        day += timedelta(days=1)
    return DailySales.objects.between(start, end).aggregate(
        orders=Sum("order_count"),
        items=Sum("item_count"),
        revenue=Sum("revenue"),
        customers=Sum("new_customers"),
    )


def category_revenue(start, end):
    return (
        OrderItem.objects.filter(
            order__status__in=SOLD_ORDER_STATUSES,
            order__placed_at__gte=day_bounds(start)[0],
            order__placed_at__lt=day_bounds(end)[1],
        )
        .values(category=F("product__category__name"))
        .annotate(
            revenue=Sum(F("quantity") * F("unit_price")), orders=Count("order", distinct=True)
        )
        .order_by("-revenue", "category")
    )


def badly_rated_products(below=3.0, minimum=2):
    """Reviews are read here directly; the copy on the product may lag behind."""
    ratings = (
        Review.objects.filter(status=ReviewStatus.PUBLISHED, product__is_active=True)
        .order_by()
        .values("product")
        .annotate(average=Avg("rating"), count=Count("pk"))
        .filter(average__lt=below, count__gte=minimum)
    )
    averages = {row["product"]: row["average"] for row in ratings}
    products = Product.objects.filter(pk__in=averages).with_stock().order_by("pk")
    return [(product, averages[product.pk]) for product in products]
