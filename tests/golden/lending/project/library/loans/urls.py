from rest_framework.routers import SimpleRouter

from library.loans.api import LoanViewSet

router = SimpleRouter()
router.register("", LoanViewSet, basename="loan")
urlpatterns = router.urls
