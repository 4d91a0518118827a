from __future__ import annotations

import logging
import smtplib

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string

from shop.core.utils import cache_key
from shop.notifications.models import EmailLog, Notification, Preference
from shop.notifications.texts import TEXTS

logger = logging.getLogger(__name__)


def notify_user(user, template: str, context: dict, target=None, email: bool = True):
    from shop.notifications.tasks import deliver_notification

    category, title, body = TEXTS[template]
    notification = Notification.objects.create(
        recipient=user,
        template=template,
        title=title.format(**context)[:140],
        body=body.format(**context),
        target=target,
    )
    forget_unread(user)
    if email and preference_of(user).allows(category):
        transaction.on_commit(lambda: deliver_notification.delay(notification.pk))
    return notification


def notify_staff(template, context, target=None):
    staff = get_user_model().objects.staff().filter(is_active=True)
    return [notify_user(user, template, context, target=target, email=False) for user in staff]


def preference_of(user) -> Preference:
    preference, _ = Preference.objects.get_or_create(user=user)
    return preference


def send_email(to: str, subject: str, body: str, template: str, user=None, notification=None):
    log = EmailLog(to=to, subject=subject, template=template, user=user, notification=notification)
    try:
        send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [to])
        log.status = EmailLog.SENT
    except (smtplib.SMTPException, OSError) as error:
        logger.warning("mail to %s failed: %s", to, error)
        log.status = EmailLog.FAILED
        log.error = str(error)
    log.save()
    return log


def send_order_confirmation(order) -> EmailLog:
    body = render_to_string(
        "notifications/email/order_confirmation.txt",
        {
            "order": order,
            "items": order.items.all(),
            "invoice": order.invoice_set.first(),
            "shop_name": settings.SHOP_NAME,
            "url": settings.SHOP_BASE_URL + order.get_absolute_url(),
        },
    )
    return send_email(
        order.email, f"Your order {order.number}", body, "order_confirmation", user=order.user
    )


def unread_count(user) -> int:
    key = cache_key("unread", user.pk)
    count = cache.get(key)
    if count is None:
        count = Notification.objects.of(user).unread().count()
        cache.set(key, count, 60)
    return count


def forget_unread(user):
    cache.delete(cache_key("unread", user.pk))


def mark_all_read(user):
    count = Notification.objects.of(user).mark_read()
    forget_unread(user)
    return count


def digest_for(user) -> str:
    """Empty if there is nothing to tell."""
    unread = Notification.objects.of(user).unread()[:20]
    if not unread:
        return ""
    return render_to_string(
        "notifications/email/digest.txt", {"user": user, "notifications": unread}
    )
