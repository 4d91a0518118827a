"""The routes of the context loans: the views that answer them while its code is here."""

VIEWS = ("library.loans.api.LoanViewSet",)

# Applications whose permissions the views ask for; their names travel with the caller's identity.
PERMISSIONS: tuple[str, ...] = ()
