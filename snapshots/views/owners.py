"""Whose a snapshot is, and who else could delete it, prepared for templates."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from snapshots.audit.erasure_rows import row_that_erased
from snapshots.connection import Person
from snapshots.contract import Snapshot
from snapshots.operations.handover import people_who_see
from snapshots.operations.ownership import may_delete
from snapshots.operations.server_views import ServerView, deletable_ids
from snapshots.templatetags.erased import erased_text
from snapshots.templatetags.portal import as_name
from snapshots.views.links import link


@dataclass(frozen=True)
class Owner:
    """`name` is '' if it was erased."""

    person_id: int
    name: str
    is_active: bool


def shown_owners(ids: Iterable[int]) -> dict[int, Owner]:
    """Person → owner, in one query; none without IDs."""
    wanted = set(ids)
    people = get_user_model().objects.in_bulk(wanted) if wanted else {}
    return {
        number: Owner(
            number, getattr(people.get(number), "name", ""), is_active=_is_active(people.get(number))
        )
        for number in wanted
    }


def _is_active(person: Any) -> bool:
    return person is not None and person.is_active


def shown_owner(view: ServerView, snapshot: Snapshot) -> Owner | None:
    """None if nobody owns it."""
    owner_id = view.owners.get(snapshot.id)
    return None if owner_id is None else shown_owners([owner_id])[owner_id]


def owner_texts(views: Iterable[ServerView]) -> dict[int, SafeString]:
    """Person → 'Owner: Omar', for the owners of the snapshots of these servers."""
    found = shown_owners(number for view in views for number in view.owners.values())
    return {number: _text(owner) for number, owner in found.items()}


def _text(owner: Owner) -> SafeString:
    sentence = _("Owner: %(name)s") if owner.is_active else _("Owner: %(name)s (no longer active)")
    name = as_name(owner.name) if owner.name else escape(erased_text(row_that_erased(owner.person_id)))
    return SafeString(escape(sentence) % {"name": name})


def hand_over_url(user: Person, view: ServerView, snapshot: Snapshot) -> str:
    """'' for people who may not."""
    may_give = snapshot.id in deletable_ids(user, view)
    return link("snapshot_hand_over", view.token.pk, snapshot.id) if may_give else ""


def deleters_context(request: HttpRequest, view: ServerView, snapshot: Snapshot) -> dict[str, Any]:
    """For a page that deletes a snapshot: the names of those who could, for a person who may not; and how to hand it over."""
    owner_id = view.owners.get(snapshot.id)
    if may_delete(request.user, view.server_id, owner_id):
        return {"is_foreign": False, "hand_over_url": hand_over_url(request.user, view, snapshot)}
    people = people_who_see(view.server_id)
    names = [str(one) for one in people if may_delete(one, view.server_id, owner_id)]
    return {"is_foreign": True, "deleters": names, "hand_over_url": ""}
