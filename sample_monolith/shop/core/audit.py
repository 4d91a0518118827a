from shop.core.middleware import current_request_id
from shop.core.models import AuditLog


def record(action: str, target, actor=None, **data) -> AuditLog:
    if actor is not None and not actor.is_authenticated:
        actor = None
    return AuditLog.objects.create(
        action=action,
        target=target,
        actor=actor,
        data=data,
        request_id=current_request_id(),
    )
