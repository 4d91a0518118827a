"""The WSGI application of the service loans: ``gunicorn loans_service.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loans_service.settings")

application = get_wsgi_application()
