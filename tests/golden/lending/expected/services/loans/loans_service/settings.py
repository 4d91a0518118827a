"""Settings of the service loans. What differs between places comes from the environment.

========================  =====================================================================
variable                  meaning
========================  =====================================================================
``SECRET_KEY``            Django's secret, required unless ``DEBUG``
``DATABASE_URL``          ``postgres://user:password@host:5432/name`` or ``sqlite:///path``
``BOUNDARY_TOKEN_KEY``    shared with the monolith, 32 bytes or more
``MONOLITH_URL``          where the monolith answers events of this service
``ALLOWED_HOSTS``         host names between commas, ``*`` by default: a load balancer stands in front
``DEBUG``                 ``1`` for development
``LOG_LEVEL``             ``INFO`` by default
========================  =====================================================================
"""

import os
from pathlib import Path

from loans_service import environment

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = environment.flag("DEBUG")
SECRET_KEY = environment.secret("SECRET_KEY") or (
    "only-for-development" if DEBUG else environment.required("SECRET_KEY")
)
BOUNDARY_TOKEN_KEY = environment.secret("BOUNDARY_TOKEN_KEY")
BOUNDARY_TOKEN_KEY_PREVIOUS = environment.secret("BOUNDARY_TOKEN_KEY_PREVIOUS")
BOUNDARY_NAME = "loans"
BOUNDARY_SHADOWS = "loans_service.shadows"
BOUNDARIES = {
    "monolith": {"url": os.environ.get("MONOLITH_URL", "")},
}
ALLOWED_HOSTS = environment.listed("ALLOWED_HOSTS", "*")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "rest_framework",
    "library.catalog",
    "library.loans",
    "loans_service.apps.ServiceConfig",
    "library.boundaries.exchange",
]

# Models whose rows belong to the monolith; this service keeps shadows of them.
REPLICA_MODELS = ["auth.User", "catalog.Book"]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "loans_service.identity.Identity",
]

AUTHENTICATION_BACKENDS = ["loans_service.identity.Vouched"]

ROOT_URLCONF = "loans_service.urls"
WSGI_APPLICATION = "loans_service.wsgi.application"

DATABASES = {
    "default": environment.database(
        os.environ.get("DATABASE_URL", f"sqlite:///{BASE_DIR / 'service.sqlite3'}")
    )
}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Who has no token gets nothing (see identity). What users may do is as in the monolith; where that says nothing,
# they must be known.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["loans_service.identity.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "loans_service.logging.JsonFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "INFO")},
}

# As in the monolith --------------------------------------------------------------------------------

AUTH_USER_MODEL = "auth.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
APPEND_SLASH = True

# library/settings.py:13
LOAN_DAYS = 21
