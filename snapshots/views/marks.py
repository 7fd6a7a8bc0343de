"""Marks beside a snapshot: protected, will be deleted, kept until a date. Prepared for templates."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from snapshots.connection import Person
from snapshots.contract import Snapshot
from snapshots.deletions.keeping import KEEP_PERMISSION
from snapshots.deletions.models import Kind, PlannedDeletion
from snapshots.inventory.shown_servers import own_token_for
from snapshots.operations.models import Operation
from snapshots.operations.ownership import may_delete, owner_of
from snapshots.operations.rights import may_on
from snapshots.operations.server_views import ServerView
from snapshots.templatetags.portal import moment
from snapshots.views.links import link
from snapshots.views.texts.base import Badge
from snapshots.views.texts.deletions import PROTECTED, WAY_BACK, deletion_badge
from snapshots.views.texts.refusals import REFUSAL_WORDS

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

Planned = dict[tuple[int, int], PlannedDeletion]
"""(server, snapshot) → the deletion that waits for it."""
NO_RESTORES: Mapping[int, Operation] = {}


@dataclass(frozen=True)
class Mark:
    """`keep_url` is '' if there is nothing to keep or the person may not; `url` is '' without a page about it."""

    badge: Badge
    at: SafeString | str = ""
    url: str = ""
    keep_url: str = ""


def make_marks(
    snapshot: Snapshot,
    view: ServerView,
    planned: Planned,
    user: Person,
    restores: Mapping[int, Operation] = NO_RESTORES,
) -> tuple[Mark, ...]:
    """`restores`: those from which a snapshot is the way back (jobs.undo), where its deletion is offered."""
    marks = [Mark(PROTECTED)] if snapshot.id in view.protected_ids else []
    waiting = planned.get((view.server_id, snapshot.id))
    if waiting is not None:
        marks.append(
            Mark(
                badge=deletion_badge(waiting),
                at=moment(waiting.due_at),
                url=link("deletion_detail", waiting.pk),
                keep_url=keep_url(waiting, user),
            )
        )
    if snapshot.id in restores:
        marks.append(Mark(WAY_BACK, at=restored_at(restores[snapshot.id])))
    return tuple(marks)


def restored_at(restore: Operation) -> SafeString | str:
    return moment(restore.sent_at or restore.created_at)


def keep_url(planned: PlannedDeletion, user: Person) -> str:
    may_keep = planned.is_waiting and may_on(user, KEEP_PERMISSION, planned.server_id)
    return link("deletion_keep", planned.pk) if may_keep else ""


def extend_url(planned: PlannedDeletion, user: Person) -> str:
    """Extending needs a token of the person's own: the snapshot is then deleted with it."""
    if not (planned.is_waiting and planned.kind == Kind.KEEP_UNTIL and may_delete_planned(user, planned)):
        return ""
    own = own_token_for(user.pk, planned.server_id, fingerprint=planned.token_fingerprint)
    return link("deletion_extend", planned.pk) if own and own.allows("snapshots.delete") else ""


def may_delete_planned(user: Person, planned: PlannedDeletion) -> bool:
    about = (planned.server_id, planned.snapshot_id, planned.snapshot_created_at)
    return may_delete(user, planned.server_id, owner_of(*about))


def names_of_people(ids: Iterable[int]) -> dict[int, str]:
    """Person's ID → name, '' for an erased one."""
    people = get_user_model().objects.filter(pk__in=set(ids))
    return {person.pk: person.name for person in people}


def code_text(planned: PlannedDeletion) -> "StrPromise | str":
    """Why it was refused, or could not be sent at the last try; '' if there is nothing to say."""
    if not planned.code:
        return ""
    if planned.code in REFUSAL_WORDS:
        return REFUSAL_WORDS[planned.code].title
    return _("The last try did not reach the provider") if planned.is_waiting else ""
