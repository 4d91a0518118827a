from rest_framework import status
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from shop.core.exceptions import OutOfStock, PaymentDeclined, ReviewNotAllowed, ShopError

STATUS_BY_ERROR = {
    OutOfStock: status.HTTP_409_CONFLICT,
    PaymentDeclined: status.HTTP_402_PAYMENT_REQUIRED,
    ReviewNotAllowed: status.HTTP_403_FORBIDDEN,
}


def exception_handler(exc, context):
    if isinstance(exc, ShopError):
        code = STATUS_BY_ERROR.get(type(exc), status.HTTP_400_BAD_REQUEST)
        return Response({"detail": exc.message, "code": type(exc).__name__}, status=code)
    return drf_exception_handler(exc, context)
