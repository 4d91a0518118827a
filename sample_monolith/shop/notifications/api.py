from rest_framework import generics, mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from shop.notifications.models import Notification
from shop.notifications.serializers import NotificationSerializer, PreferenceSerializer
from shop.notifications.services import forget_unread, mark_all_read, preference_of, unread_count


class NotificationViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    serializer_class = NotificationSerializer
    permission_classes = [IsAuthenticated]

    def get_queryset(self):
        notifications = Notification.objects.of(self.request.user)
        if self.request.query_params.get("unread"):
            notifications = notifications.unread()
        return notifications.prefetch_related("target")

    @action(detail=False)
    def unread(self, request):
        return Response({"count": unread_count(request.user)})

    @action(detail=False, methods=["post"])
    def read_all(self, request):
        return Response({"marked": mark_all_read(request.user)})

    @action(detail=True, methods=["post"])
    def read(self, request, pk=None):
        notification = self.get_object()
        notification.mark_read()
        forget_unread(request.user)
        return Response(self.get_serializer(notification).data)


class PreferenceView(generics.RetrieveUpdateAPIView):
    serializer_class = PreferenceSerializer
    permission_classes = [IsAuthenticated]

    def get_object(self):
        return preference_of(self.request.user)
