"""The service's addresses: the boundary, health, and the context's own routes under their old paths and names."""

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from library.boundaries.exchange.views import receive
from library.loans.api import LoanViewSet
from loans_service import boundary_views, health

router = SimpleRouter()
router.register("api/loans", LoanViewSet, basename="loan")

urlpatterns = [
    path("boundary/v1/<str:operation>", boundary_views.run, name="boundary"),
    path("boundary/events/v1", receive, name="events"),
    path("openapi.json", boundary_views.description, name="openapi"),
    path("healthz", health.live, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("", include(router.urls)),
]
