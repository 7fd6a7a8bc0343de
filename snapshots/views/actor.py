"""The actor of a request, as the audit log records it."""

from django.http import HttpRequest

from snapshots.audit.journal import Actor
from snapshots.operations.rights import may_anywhere


def actor_of(request: HttpRequest, channel: str = "browser") -> Actor:
    """The signed-in person (or nobody), the client address determined by the middleware, and the request id."""
    user = request.user
    known = user.is_authenticated
    return Actor(
        id=user.pk if known else None,
        name=str(user) if known else "",
        role=getattr(user, "role", "") if known else "",
        address=getattr(request, "client_address", ""),
        channel=channel,
        request_id=getattr(request, "id", ""),
        may_override=may_anywhere(user, "snapshots.restore"),
    )
