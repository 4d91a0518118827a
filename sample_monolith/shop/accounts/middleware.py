from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.utils import timezone

from shop.core.utils import cache_key

LAST_SEEN_SECONDS = 300


class LastSeenMiddleware:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            if cache.add(cache_key("last-seen", user.pk), 1, LAST_SEEN_SECONDS):
                get_user_model().objects.filter(pk=user.pk).update(last_seen_at=timezone.now())
        return response
