"""What is said to whom: template name -> category, title, body."""

TEXTS = {
    "order_placed": ("order", "Order {order} received", "We are getting it ready."),
    "order_shipped": ("order", "Order {order} is on its way", "Tracking number: {tracking}"),
    "order_delivered": ("order", "Order {order} was delivered", "Enjoy!"),
    "order_cancelled": ("order", "Order {order} was cancelled", ""),
    "payment_declined": ("order", "Payment for {order} declined", "{message}"),
    "invoice_overdue": ("order", "Invoice {invoice} is overdue", "Please pay {amount}."),
    "points_awarded": ("account", "{points} points for {order}", "Use them on your next order."),
    "review_published": ("account", "Your review of {product} is online", "Thank you!"),
    "review_rejected": ("account", "Your review of {product} was not published", "{reason}"),
    "cart_reminder": ("marketing", "You left something behind", "{items}"),
    "low_stock": ("account", "{product} is running low", "{left} left."),
}
