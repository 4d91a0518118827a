from django.contrib.auth import views as auth_views
from django.urls import path

from shop.accounts import views

app_name = "accounts"

urlpatterns = [
    path("", views.dashboard, name="dashboard"),
    path("register/", views.register, name="register"),
    path(
        "login/",
        auth_views.LoginView.as_view(template_name="accounts/login.html"),
        name="login",
    ),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("profile/", views.ProfileView.as_view(), name="profile"),
    path("addresses/", views.AddressListView.as_view(), name="address-list"),
    path("addresses/new/", views.AddressCreateView.as_view(), name="address-new"),
    path("addresses/<int:pk>/", views.AddressUpdateView.as_view(), name="address-edit"),
    path("wishlist/", views.wishlist, name="wishlist"),
    path("wishlist/<int:product_id>/", views.toggle_wishlist, name="wishlist-toggle"),
]
