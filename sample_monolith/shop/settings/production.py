import os

from shop.settings.base import *  # noqa: F403
from shop.settings.base import env_bool, env_list

DEBUG = False
SECRET_KEY = os.environ.get("SHOP_SECRET_KEY", "")
SECURE_SSL_REDIRECT = env_bool("SHOP_SSL_REDIRECT", True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
CSRF_TRUSTED_ORIGINS = env_list("SHOP_TRUSTED_ORIGINS")
CELERY_TASK_ALWAYS_EAGER = False
STATIC_ROOT = os.environ.get("SHOP_STATIC_ROOT", "/srv/shop/static")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {
        "shop": {"handlers": ["console"], "level": os.environ.get("SHOP_LOG_LEVEL", "INFO")}
    },
}
