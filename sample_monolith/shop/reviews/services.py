from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Avg, Count
from django.utils.module_loading import import_string

from shop.catalog.models import Product
from shop.core import audit
from shop.core.constants import ReviewStatus
from shop.core.exceptions import ReviewNotAllowed, ShopError
from shop.core.utils import cache_key
from shop.notifications.services import notify_user
from shop.reviews.models import Review, ReviewPhoto, ReviewVote


def rating_summary(product_id: int) -> dict:
    """{"average": 4.5, "count": 2, "histogram": {1: 0, ..., 5: 1}}"""
    key = cache_key("rating", product_id)
    summary = cache.get(key)
    if summary is None:
        rows = (
            Review.objects.published()
            .filter(product_id=product_id)
            .order_by()
            .values_list("rating")
            .annotate(count=Count("pk"))
        )
        histogram = dict.fromkeys(range(1, 6), 0) | dict(rows)
        count = sum(histogram.values())
        total = sum(stars * number for stars, number in histogram.items())
        summary = {
            "average": round(total / count, 2) if count else None,
            "count": count,
            "histogram": histogram,
        }
        cache.set(key, summary, settings.RATING_CACHE_SECONDS)
    return summary


@transaction.atomic
def submit_review(
    user, product: Product, rating: int, body: str, title: str = "", photos=()
) -> Review:
    if not user.can_review(product):
        raise ReviewNotAllowed()
    review = Review.objects.create(
        product=product,
        author=user,
        rating=rating,
        title=title,
        body=body,
        verified_purchase=user.has_purchased(product),
    )
    ReviewPhoto.objects.bulk_create(ReviewPhoto(review=review, file=file) for file in photos)
    transaction.on_commit(lambda: _moderate_later(review.pk))
    return review


def _moderate_later(review_id):
    from shop.reviews.tasks import moderate_review

    moderate_review.delay(review_id)


def objection_to(review) -> str:
    text_filter = import_string(settings.REVIEW_FILTER)()
    return text_filter.check(f"{review.title}\n{review.body}")


@transaction.atomic
def publish_review(review: Review, moderator=None) -> Review:
    if review.status == ReviewStatus.PUBLISHED:
        return review
    review.status = ReviewStatus.PUBLISHED
    review.moderated_by = moderator
    review.save(update_fields=["status", "moderated_by", "updated_at"])
    audit.record("review.published", review, actor=moderator)
    notify_user(review.author, "review_published", {"product": review.product.name}, target=review)
    return review


@transaction.atomic
def reject_review(review: Review, reason: str, moderator=None) -> Review:
    review.status = ReviewStatus.REJECTED
    review.moderated_by = moderator
    review.save(update_fields=["status", "moderated_by", "updated_at"])
    audit.record("review.rejected", review, actor=moderator, reason=reason)
    notify_user(
        review.author,
        "review_rejected",
        {"product": review.product.name, "reason": reason},
        target=review.product,
    )
    return review


def vote(user, review, is_helpful=True):
    if review.author_id == user.pk:
        raise ShopError("You cannot vote for your own review.")
    ReviewVote.objects.update_or_create(
        review=review, user=user, defaults={"is_helpful": is_helpful}
    )
    return review.votes.filter(is_helpful=True).count()


def refresh_product_rating(product_id):
    """Copy the rating onto the product, where lists read it."""
    rating = (
        Review.objects.published()
        .filter(product_id=product_id)
        .aggregate(average=Avg("rating"), count=Count("pk"))
    )
    Product.all_objects.filter(pk=product_id).update(
        rating_average=Decimal(str(round(rating["average"] or 0, 2))),
        rating_count=rating["count"],
    )
    cache.delete(cache_key("rating", product_id))
