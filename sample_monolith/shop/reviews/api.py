from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action, api_view, permission_classes
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response

from shop.core.permissions import IsOwner, IsStaff
from shop.reviews.models import Review
from shop.reviews.serializers import ReviewSerializer
from shop.reviews.services import (
    publish_review,
    rating_summary,
    reject_review,
    submit_review,
    vote,
)


class ReviewViewSet(
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    serializer_class = ReviewSerializer
    owner_field = "author"

    def get_permissions(self):
        if self.action == "destroy":
            return [IsAuthenticated(), IsOwner()]
        return super().get_permissions()

    def get_queryset(self):
        reviews = Review.objects.for_page()
        if self.action in {"publish", "reject", "pending"}:
            reviews = Review.objects.select_related("author", "product").with_votes()
        if slug := self.request.query_params.get("product"):
            reviews = reviews.filter(product__slug=slug)
        return reviews

    def create(self, request):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        review = submit_review(request.user, **serializer.validated_data)
        review.refresh_from_db()
        return Response(self.get_serializer(review).data, status=status.HTTP_201_CREATED)

    @action(detail=True, methods=["post"], permission_classes=[IsAuthenticated])
    def vote(self, request, pk=None):
        count = vote(request.user, self.get_object(), bool(request.data.get("helpful", True)))
        return Response({"helpful": count})

    @action(detail=False)
    def pending(self, request):
        self.check_staff(request)
        return Response(self.get_serializer(self.get_queryset().pending(), many=True).data)

    @action(detail=True, methods=["post"])
    def publish(self, request, pk=None):
        self.check_staff(request)
        review = publish_review(self.get_object(), moderator=request.user)
        return Response(self.get_serializer(review).data)

    @action(detail=True, methods=["post"])
    def reject(self, request, pk=None):
        self.check_staff(request)
        reason = request.data.get("reason", "")
        return Response(
            self.get_serializer(reject_review(self.get_object(), reason, request.user)).data
        )

    def check_staff(self, request):
        if not IsStaff().has_permission(request, self):
            self.permission_denied(request)


@api_view(["GET"])
@permission_classes([AllowAny])
def summary(request, product_id):
    return Response(rating_summary(product_id))
