from decimal import Decimal
from io import StringIO
from unittest import mock

from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.template import Context, Template
from django.test import override_settings

from shop.core.exceptions import ReviewNotAllowed, ShopError
from shop.core.testing import (
    ShopTestCase,
    make_paid_order,
    make_product,
    make_staff,
    make_user,
)
from shop.reviews import services
from shop.reviews.models import Review, ReviewPhoto
from shop.reviews.tasks import moderate_pending_reviews


def make_review(product, rating=4, status="published", author=None, body="It does its job."):
    return Review.objects.create(
        product=product, author=author or make_user(), rating=rating, body=body, status=status
    )


class RatingTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.product = make_product()

    def test_summary(self):
        make_review(self.product, 5)
        make_review(self.product, 2)
        make_review(self.product, 1, status="pending")
        summary = services.rating_summary(self.product.pk)
        self.assertEqual((summary["average"], summary["count"]), (3.5, 2))
        self.assertEqual(summary["histogram"], {1: 0, 2: 1, 3: 0, 4: 0, 5: 1})

    def test_summary_is_cached_until_a_review_changes(self):
        services.rating_summary(self.product.pk)
        with self.assertNumQueries(0):
            services.rating_summary(self.product.pk)
        make_review(self.product)
        self.assertEqual(services.rating_summary(self.product.pk)["count"], 1)

    def test_copy_on_the_product(self):
        review = make_review(self.product, 5)
        make_review(self.product, 4)
        self.product.refresh_from_db()
        self.assertEqual(self.product.rating_average, Decimal("4.50"))
        review.delete()
        self.product.refresh_from_db()
        self.assertEqual(self.product.rating_count, 1)

    def test_rating_box(self):
        make_review(self.product, 4)
        html = Template("{% load review_tags %}{% rating_box product %}")
        self.assertInHTML(
            '<div class="rating">★★★★☆ 4.0 (1)</div>',
            html.render(Context({"product": self.product})),
        )


class SubmitTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user, cls.product = make_user(), make_product()

    def buy(self):
        make_paid_order(self.user, (self.product, 1))

    def test_only_buyers(self):
        with self.assertRaises(ReviewNotAllowed):
            services.submit_review(self.user, self.product, 5, "Great")

    def test_clean_review_is_published(self):
        self.buy()
        with self.commit():
            review = services.submit_review(self.user, self.product, 5, "Great")
        review.refresh_from_db()
        self.assertEqual(review.status, "published")
        self.assertTrue(review.verified_purchase)
        self.assertEqual(self.user.notifications.first().template, "review_published")

    def test_suspicious_review_waits(self):
        self.buy()
        with self.commit():
            review = services.submit_review(self.user, self.product, 5, "Visit my Casino")
        review.refresh_from_db()
        self.assertEqual(review.status, "pending")

    def test_once_per_product(self):
        self.buy()
        services.submit_review(self.user, self.product, 5, "Great")
        with self.assertRaises(ReviewNotAllowed):
            services.submit_review(self.user, self.product, 1, "Changed my mind")
        with self.assertRaises(IntegrityError), transaction.atomic():
            make_review(self.product, author=self.user)

    @mock.patch("shop.reviews.tasks.moderate_review.delay")
    def test_moderation_waits_for_the_commit(self, delay):
        self.buy()
        review = services.submit_review(self.user, self.product, 5, "Great")
        delay.assert_not_called()
        services._moderate_later(review.pk)
        delay.assert_called_once_with(review.pk)

    def test_votes(self):
        review = make_review(self.product)
        self.assertEqual(services.vote(self.user, review), 1)
        self.assertEqual(services.vote(self.user, review, False), 0)
        self.assertEqual(list(review.voters.all()), [self.user])
        with self.assertRaises(ShopError):
            services.vote(review.author, review)

    def test_page_order_is_by_votes(self):
        first, second = make_review(self.product), make_review(self.product)
        services.vote(self.user, first)
        with self.assertNumQueries(2):
            self.assertEqual(list(Review.objects.for_page()), [first, second])


class ModerationTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.product = make_product()
        cls.good = make_review(cls.product, status="pending")
        cls.bad = make_review(cls.product, status="pending", body="see https://spam.example")

    def test_task(self):
        self.assertEqual(moderate_pending_reviews(), 1)
        self.assertEqual(list(Review.objects.pending()), [self.bad])

    @override_settings(REVIEW_FILTER="shop.reviews.filters.AllowAllFilter")
    def test_other_filter(self):
        self.assertEqual(moderate_pending_reviews(), 2)

    def test_command(self):
        out = StringIO()
        call_command("moderate_reviews", "--reject", stdout=out)
        self.assertEqual(out.getvalue(), "1 published, 1 rejected\n")
        self.assertEqual(self.bad.author.notifications.get().body, "contains a link")

    def test_publishing_twice_tells_once(self):
        services.publish_review(self.good)
        services.publish_review(self.good)
        self.assertEqual(self.good.author.notifications.count(), 1)

    @mock.patch("shop.reviews.services.notify_user")
    def test_reject(self, notify_user):
        staff = make_staff()
        services.reject_review(self.good, "rude", staff)
        self.assertEqual(staff.moderated_reviews.get(), self.good)
        notify_user.assert_called_once()


class PageTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user, cls.product = make_user(), make_product()

    def setUp(self):
        super().setUp()
        self.login(self.user)

    def test_product_page(self):
        make_review(self.product, body="Solid work.")
        make_review(self.product, body="Hidden.", status="rejected")
        response = self.client.get(f"/reviews/{self.product.slug}/")
        self.assertContains(response, "Solid work.")
        self.assertNotContains(response, "Hidden.")

    def test_write(self):
        make_paid_order(self.user, (self.product, 1))
        url = f"/reviews/{self.product.slug}/write/"
        self.assertContains(self.client.post(url, {"rating": 5, "body": "ok"}), "a little more")
        with mock.patch("django.core.files.storage.FileSystemStorage.save", return_value="p.jpg"):
            photo = SimpleUploadedFile("p.jpg", b"x")
            data = {"rating": 5, "body": "Exactly what I wanted", "photo": photo}
            self.assertRedirects(self.client.post(url, data), f"/reviews/{self.product.slug}/")
        self.assertEqual(ReviewPhoto.objects.get().review.author, self.user)

    def test_write_without_purchase(self):
        url = f"/reviews/{self.product.slug}/write/"
        response = self.client.post(url, {"rating": 5, "body": "Never bought it"})
        self.assertContains(response, "You cannot review this product.")

    def test_vote(self):
        review = make_review(self.product)
        self.client.post(f"/reviews/{review.pk}/vote/", {"helpful": "yes"})
        self.assertEqual(Review.objects.with_votes().get().helpful, 1)


class ApiTests(ShopTestCase):
    @classmethod
    def setUpTestData(cls):
        cls.user, cls.product = make_user(), make_product()

    def setUp(self):
        super().setUp()
        self.login(self.user)

    def test_create(self):
        data = {"product": self.product.slug, "rating": 4, "body": "Nice and heavy"}
        self.assertEqual(self.api.post("/api/v1/reviews/", data).status_code, 403)
        make_paid_order(self.user, (self.product, 1))
        with self.commit():
            response = self.api.post("/api/v1/reviews/", data)
        self.assertEqual(response.status_code, 201)
        rows = self.api.get("/api/v1/reviews/", {"product": self.product.slug}).json()["results"]
        self.assertEqual(rows[0]["author"]["name"], self.user.display_name)

    def test_rating_range(self):
        data = {"product": self.product.slug, "rating": 6, "body": "!"}
        self.assertEqual(list(self.api.post("/api/v1/reviews/", data).json()), ["rating"])

    def test_summary(self):
        make_review(self.product, 5)
        data = self.api.get(f"/api/v1/reviews/summary/{self.product.pk}/").json()
        self.assertEqual((data["average"], data["histogram"]["5"]), (5.0, 1))

    def test_vote_and_delete(self):
        review = make_review(self.product)
        self.assertEqual(self.api.post(f"/api/v1/reviews/{review.pk}/vote/").json(), {"helpful": 1})
        self.assertEqual(self.api.delete(f"/api/v1/reviews/{review.pk}/").status_code, 403)
        self.login(review.author)
        self.assertEqual(self.api.delete(f"/api/v1/reviews/{review.pk}/").status_code, 204)

    def test_moderation(self):
        review = make_review(self.product, status="pending")
        other = make_review(self.product, status="pending")
        self.assertEqual(self.api.get("/api/v1/reviews/pending/").status_code, 403)
        self.login(make_staff())
        self.assertEqual(len(self.api.get("/api/v1/reviews/pending/").json()), 2)
        answer = self.api.post(f"/api/v1/reviews/{review.pk}/publish/").json()
        self.assertEqual(answer["status"], "published")
        url = f"/api/v1/reviews/{other.pk}/reject/"
        self.assertEqual(self.api.post(url, {"reason": "rude"}).json()["status"], "rejected")
