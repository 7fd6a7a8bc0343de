"""From a request to the person behind it, as the audit log wants to know him."""

from django.http import HttpRequest

from snapshots.audit.journal import Actor


def actor_of(request: HttpRequest, channel: str = "browser") -> Actor:
    """The signed-in person (or nobody), the address middleware.py found trustworthy, and the request's id."""
    user = request.user
    known = user.is_authenticated
    return Actor(
        id=user.pk if known else None,
        name=str(user) if known else "",
        role=getattr(user, "role", "") if known else "",
        address=getattr(request, "client_address", ""),
        channel=channel,
        request_id=getattr(request, "id", ""),
        may_override=known and user.has_perm("snapshots.restore"),
    )
