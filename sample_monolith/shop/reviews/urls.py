from django.urls import path

from shop.reviews import views

app_name = "reviews"

urlpatterns = [
    path("<int:pk>/vote/", views.vote_view, name="vote"),
    path("<slug:slug>/", views.ProductReviewsView.as_view(), name="product"),
    path("<slug:slug>/write/", views.WriteReviewView.as_view(), name="write"),
]
