from django.urls import path, re_path

from shop.shipping import views

app_name = "shipping"

urlpatterns = [
    path("packing/", views.packing_list, name="packing-list"),
    re_path(r"^(?P<reference>SH-[A-Z0-9]+)/$", views.TrackView.as_view(), name="track"),
    path("<str:reference>/dispatch/", views.dispatch, name="dispatch"),
]
