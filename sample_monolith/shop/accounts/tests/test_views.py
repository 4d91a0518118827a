from django.urls import reverse

from shop.accounts.models import User
from shop.core.testing import (
    ShopTestCase,
    make_address,
    make_order,
    make_product,
    make_staff,
    make_user,
)
from shop.notifications.services import notify_user


class PageTests(ShopTestCase):
    def setUp(self):
        super().setUp()
        self.user = make_user()
        self.login(self.user)

    def test_register(self):
        self.client.logout()
        response = self.client.post(
            reverse("accounts:register"),
            {
                "email": "New@Example.com",
                "password": "a-fine-password",
            },
        )
        self.assertRedirects(response, reverse("accounts:dashboard"))
        self.assertTrue(User.objects.filter(email="new@example.com").exists())

    def test_login_by_email(self):
        self.client.logout()
        response = self.client.post(
            reverse("accounts:login"),
            {"username": self.user.email.upper(), "password": "correct-horse"},
        )
        self.assertRedirects(response, reverse("accounts:dashboard"))

    def test_dashboard(self):
        order = make_order(self.user, (make_product(), 1))
        response = self.client.get(reverse("accounts:dashboard"))
        self.assertContains(response, order.number)
        self.assertEqual(response.context["unread_total"], 1)

    def test_last_seen(self):
        self.client.get(reverse("accounts:dashboard"))
        self.user.refresh_from_db()
        self.assertIsNotNone(self.user.last_seen_at)

    def test_add_address(self):
        make_address(self.user, is_default=True)
        response = self.client.post(
            reverse("accounts:address-new"),
            {
                "full_name": "N",
                "line1": "L",
                "city": "C",
                "postcode": "1",
                "country": "at",
                "is_default": "on",
            },
        )
        self.assertRedirects(response, reverse("accounts:dashboard"))
        self.assertEqual(self.user.default_address().country, "AT")


class ApiTests(ShopTestCase):
    def setUp(self):
        super().setUp()
        self.user = make_user()
        self.login(self.user)

    def test_me(self):
        notify_user(self.user, "order_placed", {"order": "X"})
        data = self.api.get("/api/v1/users/me/").json()
        self.assertEqual((data["email"], data["unread"]), (self.user.email, 1))

    def test_change_me(self):
        self.api.patch("/api/v1/users/me/", {"phone": "123", "loyalty_points": 999})
        self.user.refresh_from_db()
        self.assertEqual((self.user.phone, self.user.loyalty_points), ("123", 0))

    def test_delete_me(self):
        make_order(self.user, (make_product(), 1))
        self.assertEqual(self.api.delete("/api/v1/users/me/").status_code, 400)
        self.user.orders.update(status="delivered")
        self.assertEqual(self.api.delete("/api/v1/users/me/").status_code, 204)
        self.assertFalse(User.objects.get(pk=self.user.pk).is_active)

    def test_user_list_is_for_staff(self):
        self.assertEqual(self.api.get("/api/v1/users/").status_code, 403)
        self.login(make_staff())
        self.assertEqual(self.api.get("/api/v1/users/").json()["count"], 2)

    def test_addresses(self):
        make_address(make_user())
        mine = make_address(self.user)
        self.assertEqual(self.api.get("/api/v1/addresses/").json()["count"], 1)
        response = self.api.post(f"/api/v1/addresses/{mine.pk}/make_default/")
        self.assertTrue(response.json()["is_default"])

    def test_address_of_open_order_stays(self):
        order = make_order(self.user, (make_product(), 1))
        url = f"/api/v1/addresses/{order.shipping_address_id}/"
        self.assertEqual(self.api.delete(url).status_code, 400)
        order.set_status("cancelled")
        self.assertEqual(self.api.delete(url).status_code, 204)

    def test_wishlist(self):
        product = make_product()
        self.assertEqual(self.api.post("/api/v1/wishlist/", {"product": 0}).status_code, 404)
        self.api.post("/api/v1/wishlist/", {"product": product.pk})
        self.assertEqual(self.api.get("/api/v1/wishlist/").json()[0]["sku"], product.sku)
