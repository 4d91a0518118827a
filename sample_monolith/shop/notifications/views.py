from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST
from django.views.generic import ListView

from shop.core.mixins import OwnedByUserMixin
from shop.notifications.models import Notification
from shop.notifications.services import forget_unread, mark_all_read


class NotificationListView(OwnedByUserMixin, ListView):
    model = Notification
    owner_field = "recipient"
    template_name = "notifications/list.html"
    context_object_name = "notifications"
    paginate_by = 30


@login_required
def open_notification(request, pk):
    notification = get_object_or_404(Notification, pk=pk, recipient=request.user)
    notification.mark_read()
    forget_unread(request.user)
    return redirect(notification.get_absolute_url() or "notifications:list")


@login_required
@require_POST
def read_all(request):
    mark_all_read(request.user)
    return redirect("notifications:list")
