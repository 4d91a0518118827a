from celery import shared_task

from shop.billing.models import Invoice
from shop.core.exceptions import PaymentDeclined
from shop.notifications.services import notify_user


@shared_task(name="billing.charge_invoice")
def charge_invoice(invoice_id, token):
    from shop.billing.services import capture_payment

    invoice = Invoice.objects.select_related("order__user").get(pk=invoice_id)
    if invoice.status != "open":
        return "settled"
    try:
        return capture_payment(invoice, token).status
    except PaymentDeclined as error:
        if invoice.order.user:
            notify_user(
                invoice.order.user,
                "payment_declined",
                {"order": invoice.order.number, "message": error.message},
                target=invoice.order,
            )
        return "declined"


@shared_task(name="billing.remind_overdue")
def remind_overdue(max_reminders=3):
    from shop.billing.services import remind_of_invoice

    overdue = Invoice.objects.overdue().filter(reminders_sent__lt=max_reminders)
    invoices = list(overdue.select_related("order__user"))
    for invoice in invoices:
        remind_of_invoice(invoice)
    return len(invoices)
