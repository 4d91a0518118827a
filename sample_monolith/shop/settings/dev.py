import sys
import warnings

from shop.settings.base import *  # noqa: F403
from shop.settings.base import env_bool

DEBUG = True
CELERY_TASK_ALWAYS_EAGER = env_bool("SHOP_CELERY_EAGER", True)
CELERY_TASK_EAGER_PROPAGATES = True
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

if "test" in sys.argv:
    warnings.filterwarnings("ignore", message="task_always_eager has no effect on send_task")
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
