"""The addresses under which the monolith answers its services."""

from django.urls import path

from . import views

urlpatterns = [
    path("boundary/events/v1", views.receive, name="boundary-events"),
    path("boundary/<str:context>/v1/<str:operation>", views.run, name="boundary-callbacks"),
]
