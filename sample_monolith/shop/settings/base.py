"""Settings shared by every environment."""

import os
from decimal import Decimal
from pathlib import Path

from celery.schedules import crontab

BASE_DIR = Path(__file__).resolve().parent.parent.parent


def env_bool(name, default=False):
    value = os.environ.get(name)
    if value is None:
        return default
    return value.strip().lower() in {"1", "true", "yes", "on"}


def env_list(name, default=""):
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


SECRET_KEY = os.environ.get("SHOP_SECRET_KEY", "insecure-development-key")
DEBUG = env_bool("SHOP_DEBUG", False)
ALLOWED_HOSTS = env_list("SHOP_ALLOWED_HOSTS", "localhost,127.0.0.1,testserver")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "shop.core.apps.CoreConfig",
    "shop.accounts.apps.AccountsConfig",
    "shop.catalog.apps.CatalogConfig",
    "shop.pricing.apps.PricingConfig",
    "shop.inventory.apps.InventoryConfig",
    "shop.cart.apps.CartConfig",
    "shop.orders.apps.OrdersConfig",
    "shop.billing.apps.BillingConfig",
    "shop.shipping.apps.ShippingConfig",
    "shop.notifications.apps.NotificationsConfig",
    "shop.reviews.apps.ReviewsConfig",
    "shop.reporting.apps.ReportingConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "shop.core.middleware.RequestIDMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "shop.accounts.middleware.LastSeenMiddleware",
]

ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "shop" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "shop.core.context_processors.shop_context",
                "shop.notifications.context_processors.unread_notifications",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": os.environ.get("SHOP_DB_ENGINE", "django.db.backends.sqlite3"),
        "NAME": os.environ.get("SHOP_DB_NAME", str(BASE_DIR / "db.sqlite3")),
        "USER": os.environ.get("SHOP_DB_USER", ""),
        "PASSWORD": os.environ.get("SHOP_DB_PASSWORD", ""),
        "HOST": os.environ.get("SHOP_DB_HOST", ""),
        "PORT": os.environ.get("SHOP_DB_PORT", ""),
        "TEST": {"MIGRATE": env_bool("SHOP_TEST_MIGRATIONS", False)},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "shop.accounts.backends.EmailOrUsernameBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "accounts:dashboard"
LOGOUT_REDIRECT_URL = "catalog:product-list"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
MEDIA_URL = "media/"
MEDIA_ROOT = os.environ.get("SHOP_MEDIA_ROOT", str(BASE_DIR / "media"))

CACHES = {
    "default": {
        "BACKEND": os.environ.get(
            "SHOP_CACHE_BACKEND", "django.core.cache.backends.locmem.LocMemCache"
        ),
        "LOCATION": os.environ.get("SHOP_CACHE_LOCATION", "shop-default"),
    }
}

EMAIL_HOST = os.environ.get("SHOP_EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("SHOP_EMAIL_PORT", "25"))
DEFAULT_FROM_EMAIL = os.environ.get("SHOP_FROM_EMAIL", "Hearth & Pine <shop@example.com>")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.BasicAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["shop.core.permissions.ReadOnlyOrAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "shop.core.pagination.ShopPagination",
    "EXCEPTION_HANDLER": "shop.core.api.exception_handler",
    "PAGE_SIZE": 20,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

CELERY_BROKER_URL = os.environ.get("SHOP_BROKER_URL", "memory://")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ALWAYS_EAGER = env_bool("SHOP_CELERY_EAGER", False)
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_ROUTES = {
    "shop.notifications.tasks.*": {"queue": "mail"},
    "shop.reporting.tasks.*": {"queue": "slow"},
}
CELERY_BEAT_SCHEDULE = {
    "release-expired-reservations": {
        "task": "shop.inventory.tasks.release_expired_reservations",
        "schedule": 300.0,
    },
    "cancel-unpaid-orders": {
        "task": "shop.orders.tasks.cancel_unpaid_orders",
        "schedule": crontab(minute=15),
    },
    "purge-abandoned-carts": {
        "task": "shop.cart.tasks.purge_abandoned_carts",
        "schedule": crontab(hour=3, minute=0),
    },
    "build-daily-sales": {
        "task": "shop.reporting.tasks.build_daily_sales",
        "schedule": crontab(hour=1, minute=30),
    },
    "send-digest": {
        "task": "shop.notifications.tasks.send_digests",
        "schedule": crontab(hour=7, minute=0),
    },
    "moderate-pending-reviews": {
        "task": "shop.reviews.tasks.moderate_pending_reviews",
        "schedule": crontab(minute="*/20"),
    },
    "poll-tracking": {
        "task": "shop.shipping.tasks.poll_tracking",
        "schedule": crontab(minute="*/30"),
    },
    "warm-product-cache": {
        "task": "shop.catalog.tasks.warm_product_cache",
        "schedule": crontab(minute=5),
    },
    "overdue-invoices": {
        "task": "billing.remind_overdue",
        "schedule": crontab(hour=8, minute=0),
    },
}

# Shop behaviour -------------------------------------------------------------

SHOP_NAME = os.environ.get("SHOP_NAME", "Hearth & Pine")
SHOP_CURRENCY = os.environ.get("SHOP_CURRENCY", "EUR")
SHOP_DEFAULT_COUNTRY = "DE"
SHOP_BASE_URL = os.environ.get("SHOP_BASE_URL", "http://localhost:8000")

PAYMENT_BACKEND = os.environ.get("SHOP_PAYMENT_BACKEND", "shop.billing.backends.DummyGateway")
INVOICE_DUE_DAYS = 14

RESERVATION_MINUTES = int(os.environ.get("SHOP_RESERVATION_MINUTES", "60"))
UNPAID_ORDER_HOURS = 48
ABANDONED_CART_DAYS = 30

LOYALTY_POINTS_PER_UNIT = 1
LOYALTY_POINT_VALUE = Decimal("0.05")

SHIPPING_CARRIERS = ["postal", "express", "pickup"]
SHIPPING_API_BASE = os.environ.get("SHOP_SHIPPING_API", "http://carrier.invalid/api")
SHIPPING_API_TIMEOUT = 5

REVIEW_FILTER = "shop.reviews.filters.WordListFilter"
REVIEW_BLOCKED_WORDS = ["casino", "viagra", "crypto"]

RATING_CACHE_SECONDS = 600
PRICE_CACHE_SECONDS = 120
