from django.db import models
from django.db.models import Count, Q

from shop.core.constants import ReviewStatus


class ReviewQuerySet(models.QuerySet):
    def published(self):
        return self.filter(status=ReviewStatus.PUBLISHED)

    def pending(self):
        return self.filter(status=ReviewStatus.PENDING)

    def with_votes(self):
        return self.annotate(
            helpful=Count("votes", filter=Q(votes__is_helpful=True)),
            unhelpful=Count("votes", filter=Q(votes__is_helpful=False)),
        )

    def for_page(self):
        return (
            self.published()
            .select_related("author", "product")
            .prefetch_related("photos")
            .with_votes()
            .order_by("-helpful", "-created_at", "-pk")
        )
