from django.urls import include, path
from rest_framework.routers import SimpleRouter

from shop.notifications import api

app_name = "notifications-api"

router = SimpleRouter()
router.register("inbox", api.NotificationViewSet, basename="notification")

urlpatterns = [
    path("preferences/", api.PreferenceView.as_view(), name="preferences"),
    path("", include(router.urls)),
]
