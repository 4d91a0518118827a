"""One router for the older apps; the newer ones bring their own ``api_urls``."""

from django.urls import include, path
from rest_framework.routers import DefaultRouter

from shop.accounts.api import AddressViewSet, UserViewSet, WishlistView
from shop.billing.api import InvoiceViewSet, payment_webhook
from shop.cart.api import CartView, cart_coupon
from shop.catalog.api import CategoryViewSet, ProductViewSet, brand_list
from shop.inventory.api import StockViewSet, availability
from shop.orders.api.views import OrderViewSet, ReturnViewSet
from shop.pricing.api import PriceQuoteView, PromotionViewSet
from shop.reporting.api import SalesSummaryView, TopProductsView

router = DefaultRouter()
router.register("users", UserViewSet, basename="user")
router.register("addresses", AddressViewSet, basename="address")
router.register("categories", CategoryViewSet, basename="category")
router.register("products", ProductViewSet, basename="product")
router.register("promotions", PromotionViewSet, basename="promotion")
router.register("stock", StockViewSet, basename="stock")
router.register("orders", OrderViewSet, basename="order")
router.register("returns", ReturnViewSet, basename="return")
router.register("invoices", InvoiceViewSet, basename="invoice")

urlpatterns = [
    path("", include(router.urls)),
    path("brands/", brand_list, name="brand-list"),
    path("wishlist/", WishlistView.as_view(), name="wishlist"),
    path("cart/", CartView.as_view(), name="cart"),
    path("cart/coupon/", cart_coupon, name="cart-coupon"),
    path("availability/", availability, name="availability"),
    path("quote/", PriceQuoteView.as_view(), name="price-quote"),
    path("webhooks/payment/", payment_webhook, name="payment-webhook"),
    path("reports/summary/", SalesSummaryView.as_view(), name="report-summary"),
    path("reports/top-products/", TopProductsView.as_view(), name="report-top-products"),
    path("shipping/", include("shop.shipping.api_urls", namespace="shipping-api")),
    path("reviews/", include("shop.reviews.api_urls", namespace="reviews-api")),
    path("notifications/", include("shop.notifications.api_urls", namespace="notifications-api")),
]
