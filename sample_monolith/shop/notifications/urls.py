from django.urls import path

from shop.notifications import views

app_name = "notifications"

urlpatterns = [
    path("", views.NotificationListView.as_view(), name="list"),
    path("read-all/", views.read_all, name="read-all"),
    path("<int:pk>/", views.open_notification, name="open"),
]
