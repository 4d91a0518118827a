"""One router for the older apps; the newer ones bring their own ``api_urls``."""

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from shop.accounts.api import AddressViewSet, UserViewSet, WishlistView
from shop.billing.api import InvoiceViewSet
from shop.cart.api import CartView, cart_coupon
from shop.catalog.api import ProductViewSet
from shop.inventory.api import availability
from shop.orders.api.views import OrderViewSet
from shop.reporting.api import SalesSummaryView, TopProductsView

router = DefaultRouter()
router.register("users", UserViewSet, basename="user")
router.register("addresses", AddressViewSet, basename="address")
router.register("products", ProductViewSet, basename="product")
router.register("orders", OrderViewSet, basename="order")
router.register("invoices", InvoiceViewSet, basename="invoice")

urlpatterns = [
    path("", include(router.urls)),
    path("wishlist/", WishlistView.as_view(), name="wishlist"),
    path("cart/", CartView.as_view(), name="cart"),
    path("cart/coupon/", cart_coupon, name="cart-coupon"),
    path("availability/", availability, name="availability"),
    path("reports/summary/", SalesSummaryView.as_view(), name="report-summary"),
    path("reports/top-products/", TopProductsView.as_view(), name="report-top-products"),
    path("shipping/", include("shop.shipping.api_urls", namespace="shipping-api")),
    path("reviews/", include("shop.reviews.api_urls", namespace="reviews-api")),
    path("notifications/", include("shop.notifications.api_urls", namespace="notifications-api")),
]
