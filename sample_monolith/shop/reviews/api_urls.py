from django.urls import include, path
from rest_framework.routers import SimpleRouter

from shop.reviews import api

app_name = "reviews-api"

router = SimpleRouter()
router.register("", api.ReviewViewSet, basename="review")

urlpatterns = [
    path("summary/<int:product_id>/", api.summary, name="summary"),
    path("", include(router.urls)),
]
