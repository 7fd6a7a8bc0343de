"""Links to the audit log with a filter: everything that a person or a token did, and everything about a server."""

from django.utils.http import urlencode

from snapshots.views.links import link


def log_url(**chosen: str) -> str:
    """The list of the log with these fields of its filter."""
    page = link("entry_list")
    return f"{page}?{urlencode(chosen)}" if chosen else page


def server_log_url(server_id: int) -> str:
    return log_url(server=str(server_id))


def token_log_url(fingerprint: str) -> str:
    return log_url(token=fingerprint) if fingerprint else ""


def person_log_url(term: str | None) -> str:
    """`term`: from Roster.exact_terms; '' without one."""
    return log_url(person=term) if term else ""
