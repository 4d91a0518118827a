from django.urls import path

from shop.inventory import views

app_name = "inventory"

urlpatterns = [
    path("", views.StockListView.as_view(), name="stock"),
    path("receive/", views.ReceiveView.as_view(), name="receive"),
]
