from django.contrib import admin
from django.urls import include, path, re_path

from shop.core.views import health

urlpatterns = [
    path("admin/", admin.site.urls),
    re_path(r"^healthz/?$", health, name="health"),
    path("accounts/", include("shop.accounts.urls", namespace="accounts")),
    path("cart/", include("shop.cart.urls", namespace="cart")),
    path("orders/", include("shop.orders.urls", namespace="orders")),
    path("billing/", include("shop.billing.urls", namespace="billing")),
    path("shipping/", include("shop.shipping.urls", namespace="shipping")),
    path("notifications/", include("shop.notifications.urls", namespace="notifications")),
    path("reviews/", include("shop.reviews.urls", namespace="reviews")),
    path("reports/", include("shop.reporting.urls", namespace="reporting")),
    path("api/v1/", include("shop.api_router")),
    path("", include("shop.catalog.urls", namespace="catalog")),
]
