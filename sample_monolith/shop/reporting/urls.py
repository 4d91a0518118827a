from django.urls import path

from shop.reporting import views

app_name = "reporting"

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("products.csv", views.products_csv, name="products-csv"),
    path("saved/", views.SavedReportListView.as_view(), name="saved"),
    path("saved/new/", views.SavedReportCreateView.as_view(), name="saved-new"),
]
