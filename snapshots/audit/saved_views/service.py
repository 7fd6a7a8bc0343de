"""Saves, renames, shares and deletes named filters of the log.

What changes for other people is a row of the log: `log_view.share`, `log_view.rename`, `log_view.delete`. What a person
keeps for nobody else is none: it changes nothing and shows nothing that the person could not see without it.
"""

from typing import Final

from django.db import IntegrityError

from snapshots.audit import journal, statements
from snapshots.audit.journal import Actor
from snapshots.audit.saved_views.models import SavedView

MOST: Final = 50
"""How many views a person may have, shared ones counted."""


class SavedViewError(Exception):
    """Nothing was changed. `code`: duplicate_name, too_many, or gone when somebody else deleted it a moment before."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def save(
    *, actor: Actor, name: str, chosen: dict[str, str], is_shared: bool, described: str = ""
) -> SavedView:
    """`described`: the filter for the log, without names. Raises SavedViewError, JournalUnavailableError."""
    owner_id = int(actor.id or 0)
    view = SavedView(owner_id=owner_id, name=name, chosen=chosen, is_shared=is_shared)
    try:
        with journal.alone():
            if SavedView.objects.filter(owner_id=owner_id).count() >= MOST:
                raise SavedViewError("too_many")
            view.save()
            if is_shared:
                _record_sharing(actor, view, described)
    except IntegrityError as error:
        raise SavedViewError("duplicate_name") from error
    return view


def change(*, actor: Actor, view: SavedView, name: str, shares: bool, described: str = "") -> SavedView:
    """Rename it, and share it if `shares`: a shared view stays shared. Raises as `save`."""
    try:
        with journal.alone():
            current = _still_there(view)
            before, current.name = current.name, name
            is_new = shares and not current.is_shared
            current.is_shared = current.is_shared or shares
            current.save()
            if is_new:
                _record_sharing(actor, current, described)
            elif current.is_shared and before != name:
                evidence = statements.NAMED_BEFORE.said(name=before)
                journal.record(actor.entry(action="log_view.rename", target=name, evidence=evidence))
    except IntegrityError as error:
        raise SavedViewError("duplicate_name") from error
    return current


def delete(*, actor: Actor, view: SavedView) -> None:
    """Raises SavedViewError, JournalUnavailableError."""
    with journal.alone():
        current = _still_there(view)
        if current.is_shared:
            evidence = statements.MADE_BY.said(person=current.owner_id)
            journal.record(actor.entry(action="log_view.delete", target=current.name, evidence=evidence))
        current.delete()


def forget_person(person_id: int) -> int:
    """Delete what the person kept for themselves; what they shared stays, with their number. Returns how many."""
    return SavedView.objects.filter(owner_id=person_id, is_shared=False).delete()[0]


def _still_there(view: SavedView) -> SavedView:
    found = SavedView.objects.filter(pk=view.pk).first()
    if found is None:
        raise SavedViewError("gone")
    return found


def _record_sharing(actor: Actor, view: SavedView, described: str) -> None:
    journal.record(
        actor.entry(
            action="log_view.share",
            target=view.name,
            evidence=statements.VIEW_FILTER.said(filter=described) if described else "",
        )
    )
