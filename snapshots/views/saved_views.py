"""The saved views of the audit log as they are listed, and their filters: stored, and as fields of the page's address.

A person in a filter is stored by number: so the view finds the person after a change of name, and an erased name is not in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils.translation import gettext as _

from snapshots.audit.saved_views.models import SavedView
from snapshots.connection import Person
from snapshots.templatetags.portal import with_names
from snapshots.views.forms.audit import EntryFilterForm
from snapshots.views.links import link
from snapshots.views.log_links import log_url
from snapshots.views.roster import Roster

MANAGE = "people.manage"
PERSON_ID = "person_id"


def to_stored(form: EntryFilterForm) -> dict[str, str]:
    """The filter as it is stored. Only for a valid form."""
    chosen = form.chosen()
    found = form.roster.find(chosen.get("person", ""))
    if len(found) == 1:
        del chosen["person"]
        chosen[PERSON_ID] = str(found[0].id)
    return chosen


def to_fields(stored: dict[str, str], roster: Roster) -> dict[str, str]:
    """The fields of the filter."""
    fields = {name: value for name, value in stored.items() if name in EntryFilterForm.base_fields}
    if PERSON_ID in stored:
        number = stored[PERSON_ID]
        fields["person"] = roster.exact_terms.get(int(number), f"#{number}")
    return fields


@dataclass(frozen=True)
class SavedLine:
    """A view in a list. `whose`: '' for one's own. `is_current`: the page shows this filter."""

    view: SavedView
    fields: dict[str, str]
    whose: str
    may_change: bool
    is_current: bool
    roster: Roster

    @property
    def _is_known(self) -> bool:
        """Whether every stored field is one of the filter: otherwise the list would show more than the view did."""
        return set(self.view.chosen) <= {*EntryFilterForm.base_fields, PERSON_ID}

    @property
    def url(self) -> str:
        """The log with this filter; the list of the views if the filter is no longer whole."""
        return log_url(**self.fields) if self._is_known else link("log_view_list")

    @cached_property
    def form(self) -> EntryFilterForm:
        return EntryFilterForm.of(self.fields, self.roster)

    @property
    def is_valid(self) -> bool:
        """False if a later version of the portal does not know a value of it any more."""
        return self._is_known and bool(self.fields) and self.form.is_valid()

    @property
    def words(self) -> list[tuple[str, str]]:
        return self.form.in_words() if self.form.is_valid() else []


def saved_lines(request: HttpRequest, roster: Roster, shown: dict[str, str] | None = None) -> list[SavedLine]:
    """One's own views, then those that others share. `shown`: the fields of the filter that the page shows."""
    person_id = int(request.user.pk or 0)
    views = list(SavedView.objects.all().visible_to(person_id))
    whose = _makers({one.owner_id for one in views} - {person_id})
    lines = []
    for one in views:
        fields = to_fields(one.chosen, roster)
        may_change = may_change_view(request.user, one)
        maker = whose.get(one.owner_id, "")
        lines.append(SavedLine(one, fields, maker, may_change, fields == shown, roster))
    return sorted(lines, key=lambda line: line.view.owner_id != person_id)


def may_change_view(person: Person, view: SavedView) -> bool:
    """The maker, and of a shared view also admins."""
    return view.owner_id == person.pk or (view.is_shared and person.has_perm(MANAGE))  # type: ignore[union-attr]


def _makers(ids: Iterable[int]) -> dict[int, str]:
    """Number → who made a view, also of people who have left."""
    ids = set(ids)
    if not ids:
        return {}
    accounts = {one.pk: one for one in get_user_model()._default_manager.filter(pk__in=ids)}
    return {number: _maker_text(accounts.get(number)) for number in ids}


def _maker_text(account: object) -> str:
    name = getattr(account, "name", "")
    if account is None or getattr(account, "is_erased", False):
        return _("Shared by a person who was erased")
    if not getattr(account, "is_active", True):
        return with_names(_("Shared by %(name)s, who has left"), name=name or account)
    return with_names(_("Shared by %(name)s"), name=name or account)
