from django.urls import path

from shop.pricing import views

app_name = "pricing"

urlpatterns = [
    path("", views.PromotionListView.as_view(), name="promotions"),
    path("sale/", views.sale, name="sale"),
]
