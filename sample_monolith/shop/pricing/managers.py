from django.db import models
from django.db.models import Count, F, Q
from django.utils import timezone


class LiveQuerySet(models.QuerySet):
    def live(self, at=None):
        at = at or timezone.now()
        return self.filter(is_active=True, starts_at__lte=at).filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=at)
        )


class PromotionQuerySet(LiveQuerySet):
    def for_product(self, product):
        return self.filter(Q(products=product) | Q(category=product.category_id)).distinct()


class CouponQuerySet(LiveQuerySet):
    def with_uses(self):
        return self.annotate(uses=Count("redemptions"))

    def usable(self):
        return self.live().with_uses().filter(Q(max_uses__isnull=True) | Q(uses__lt=F("max_uses")))
