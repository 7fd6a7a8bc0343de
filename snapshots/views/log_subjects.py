"""Links from a filtered log to the pages of the one server and the one person that it is filtered by."""

from dataclasses import dataclass

from django.http import HttpRequest

from snapshots.inventory.shown_servers import own_token_for
from snapshots.views.forms.audit import EntryFilterForm
from snapshots.views.links import link

MANAGE = "people.manage"


@dataclass(frozen=True)
class Subjects:
    """`server_url` and `person_url`: '' where there is no such page, or the reader may not open it."""

    server_url: str = ""
    person_url: str = ""


def subjects_of(request: HttpRequest, form: EntryFilterForm) -> Subjects:
    """Of a valid form."""
    criteria = form.criteria
    return Subjects(
        server_url=_server_url(request, criteria.servers[0]) if len(criteria.servers) == 1 else "",
        person_url=link("person_edit", criteria.people[0])
        if len(criteria.people) == 1 and request.user.has_perm(MANAGE)
        else "",
    )


def _server_url(request: HttpRequest, server_id: int) -> str:
    """Auditors have no tokens, so that no server is shown to them."""
    token = own_token_for(request.user.pk, server_id, fingerprint="")
    return link("server_detail", token.pk, server_id) if token else ""
