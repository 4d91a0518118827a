from django.urls import path, re_path

from shop.catalog import views

app_name = "catalog"

urlpatterns = [
    path("", views.ProductListView.as_view(), name="product-list"),
    re_path(r"^c/(?P<slug>[-\w]+)/$", views.CategoryView.as_view(), name="category"),
    path("p/<slug:slug>/", views.ProductDetailView.as_view(), name="product-detail"),
]
