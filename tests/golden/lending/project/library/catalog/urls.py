from django.urls import path

from library.catalog import views

urlpatterns = [
    path("<int:pk>/", views.book, name="book"),
    path("<int:pk>/borrow/", views.borrow, name="borrow"),
]
