from django.urls import include, path

urlpatterns = [
    path("books/", include("library.catalog.urls")),
    path("api/loans/", include("library.loans.urls")),
]
