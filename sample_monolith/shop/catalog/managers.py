from django.db import models
from django.db.models import Avg, Count, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from shop.core.constants import ReviewStatus
from shop.core.models import SoftDeleteManager, SoftDeleteQuerySet


class CategoryQuerySet(models.QuerySet):
    def roots(self):
        return self.filter(parent__isnull=True)

    def visible(self):
        return self.filter(is_visible=True)

    def with_product_counts(self):
        return self.annotate(
            product_count=Count(
                "products",
                filter=Q(products__is_active=True, products__deleted_at__isnull=True),
            )
        )


class ProductQuerySet(SoftDeleteQuerySet):
    def active(self):
        return self.filter(is_active=True)

    def for_cards(self):
        return self.active().select_related("category").prefetch_related("tags")

    def in_category_tree(self, category):
        return self.filter(category_id__in=category.tree_ids())

    def search(self, term):
        return self.filter(
            Q(name__icontains=term) | Q(sku__iexact=term) | Q(tags__name__iexact=term)
        ).distinct()

    def with_stock(self):
        return self.annotate(
            stock_free=Coalesce(
                Sum(F("stock_items__on_hand") - F("stock_items__reserved")), Value(0)
            )
        )

    def with_live_rating(self):
        from shop.reviews.models import Review

        published = Review.objects.filter(product=OuterRef("pk"), status=ReviewStatus.PUBLISHED)
        average = published.order_by().values("product").annotate(value=Avg("rating"))
        return self.annotate(live_rating=Subquery(average.values("value")))


class ProductManager(SoftDeleteManager.from_queryset(ProductQuerySet)):
    def by_sku(self, sku):
        return self.get(sku__iexact=sku)
