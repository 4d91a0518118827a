from rest_framework.permissions import SAFE_METHODS, BasePermission


class ReadOnlyOrAuthenticated(BasePermission):
    def has_permission(self, request, view):
        return request.method in SAFE_METHODS or request.user.is_authenticated


class IsOwner(BasePermission):
    """Object permission; ``owner_field`` on the view says which attribute to compare."""

    def has_object_permission(self, request, view, obj):
        field = getattr(view, "owner_field", "user")
        return getattr(obj, field + "_id") == request.user.pk or request.user.is_staff


class IsStaff(BasePermission):
    def has_permission(self, request, view):
        return bool(request.user and request.user.is_staff)
