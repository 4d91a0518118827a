from celery import shared_task
from django.contrib.auth import get_user_model

from shop.notifications.models import EmailLog, Notification, Preference
from shop.notifications.services import digest_for, send_email, send_order_confirmation


@shared_task
def deliver_notification(notification_id):
    notification = Notification.objects.select_related("recipient").filter(pk=notification_id)
    notification = notification.first()
    if notification is None:
        return False
    log = send_email(
        notification.recipient.email,
        notification.title,
        notification.body,
        notification.template,
        user=notification.recipient,
        notification=notification,
    )
    return log.status == EmailLog.SENT


@shared_task
def send_welcome_email(user_id):
    user = get_user_model().objects.get(pk=user_id)
    body = f"Hello {user.display_name},\n\nyour account is ready."
    return send_email(user.email, "Welcome", body, "welcome", user=user).status


@shared_task
def send_order_confirmation_task(order_id):
    from shop.orders.models import Order

    order = Order.objects.select_related("user").prefetch_related("items").get(pk=order_id)
    return send_order_confirmation(order).status


@shared_task
def send_receipt(invoice_id):
    from shop.billing.models import Invoice

    invoice = Invoice.objects.select_related("order__user").get(pk=invoice_id)
    body = f"We have received {invoice.total} for {invoice.order.number}. Thank you."
    log = send_email(
        invoice.order.email,
        f"Receipt {invoice.number}",
        body,
        "receipt",
        user=invoice.order.user,
    )
    return log.status


@shared_task
def send_digests():
    sent = 0
    for preference in Preference.objects.filter(weekly_digest=True).select_related("user"):
        body = digest_for(preference.user)
        if body:
            send_email(preference.user.email, "News", body, "digest", user=preference.user)
            sent += 1
    return sent
