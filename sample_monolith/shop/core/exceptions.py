class ShopError(Exception):
    """Base class of errors that a customer may be told about."""

    default_message = "Something went wrong."

    def __init__(self, message: str | None = None):
        self.message = message or self.default_message
        super().__init__(self.message)


class OutOfStock(ShopError):
    default_message = "Not enough stock."


class EmptyCart(ShopError):
    default_message = "The cart is empty."


class InvalidCoupon(ShopError):
    default_message = "This coupon cannot be used."


class PaymentDeclined(ShopError):
    default_message = "The payment was declined."


class InvalidTransition(ShopError):
    default_message = "The order cannot move to that status."


class CarrierError(ShopError):
    default_message = "The carrier could not be reached."


class ReviewNotAllowed(ShopError):
    default_message = "You cannot review this product."
