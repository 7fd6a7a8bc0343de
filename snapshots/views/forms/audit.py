"""The filter of the audit log, read from the query string."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import QueryDict
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from snapshots.audit.masking import mask_name
from snapshots.audit.models import Entry
from snapshots.audit.queries import EntryQuerySet
from snapshots.audit.search.areas import ACTIONS_OF, Area
from snapshots.audit.search.criteria import Criteria
from snapshots.contract import Server
from snapshots.inventory.servers import Address, parse_address, servers_at
from snapshots.views import kept_html
from snapshots.views.forms.log_periods import PERIODS, days_of
from snapshots.views.forms.log_tokens import is_fingerprint, token_choices
from snapshots.views.forms.selects import NameSelect, QuickSelect
from snapshots.views.roster import Roster
from snapshots.views.texts.audit import name_in_log, period_text, server_address_text
from snapshots.views.texts.audit_actions import ACTIONS
from snapshots.views.texts.audit_areas import AREAS
from snapshots.views.texts.audit_names import RESULTS

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

LONGEST_TEXT = 200
SERVER_ID = re.compile(r"\A(?:.*(?:#|\bID))?\s*([0-9]{1,18})\)?\Z", re.IGNORECASE)
"""18 digits always fit the column."""
DATE_LIMITS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2999, 12, 31))]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _day_field(label: "StrPromise") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(
        label=label, required=False, widget=widget, input_formats=["%Y-%m-%d"], validators=DATE_LIMITS
    )


def _action_choices(area: str) -> list[tuple[Any, Any]]:
    """Those of the area; of the whole log they are grouped by area."""
    found = {one: [(key, ACTIONS[key][0]) for key in ACTIONS_OF[one] if key in ACTIONS] for one in Area}
    return found[Area(area)] if area in AREAS else [(AREAS[one], found[one]) for one in Area]


class EntryFilterForm(forms.Form):
    """Empty fields do not filter. Days are UTC days, both ends included.

    The area is chosen by the tabs above the filter. It limits which actions are offered.
    """

    area = forms.ChoiceField(
        label=_("Part of the log"),
        required=False,
        choices=[(one, AREAS[one]) for one in Area],
        widget=forms.HiddenInput,
    )
    text = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.TextInput(attrs={"type": "search"}),
    )
    person = forms.CharField(
        label=_("Person"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.TextInput(attrs={"list": "people", "autocomplete": "off", "translate": "no"}),
    )
    action = forms.ChoiceField(label=_("What"), required=False, widget=QuickSelect)
    server = forms.CharField(
        label=_("Server"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=forms.TextInput(attrs={"translate": "no"}),
    )
    token = forms.ChoiceField(label=_("Token"), required=False, widget=NameSelect)
    result = forms.ChoiceField(label=_("Result"), required=False, widget=QuickSelect)
    period = forms.ChoiceField(label=_("Period"), required=False, widget=QuickSelect)
    since = _day_field(_("From (UTC)"))
    until = _day_field(_("To (UTC)"))

    def __init__(self, query: QueryDict, roster: Roster) -> None:
        super().__init__(query)
        self.roster = roster
        everything = ("", _("Everything"))
        offered: dict[str, Sequence[tuple[Any, Any]]] = {
            "action": [everything, *_action_choices(query.get("area", ""))],
            "result": [everything, *((key, badge.text) for key, badge in RESULTS.items())],
            "period": [("", _("Any time")), *((key, words[0]) for key, words in PERIODS.items())],
        }
        for name, choices in offered.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        self.fields["token"].choices = self._token_choices  # type: ignore[attr-defined]

    def _token_choices(self) -> list[tuple[str, Any]]:
        """Read when they are shown or compared, and not for a poll without this filter."""
        return [("", _("Any token")), *self._tokens]

    @cached_property
    def _tokens(self) -> list[tuple[str, str]]:
        wanted = str(self["token"].value() or "")
        return token_choices(wanted if is_fingerprint(wanted) else "")

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day is before the first."))
        if self.cleaned_data.get("period") and (since or until):
            self.add_error("period", _("Choose a period or days, not both."))

    @property
    def key(self) -> str:
        """Of what the rendered form shows."""
        shown = [(self[name].value(), list(self[name].errors)) for name in self.fields]
        return kept_html.key_of(shown, self._tokens)

    @classmethod
    def of(cls, fields: dict[str, str], roster: Roster) -> "EntryFilterForm":
        """Filled with these fields instead of those of a page's address."""
        return cls(QueryDict(urlencode(fields)), roster)

    def given(self) -> dict[str, str]:
        """The fields that are not empty, as they stand in the address, valid or not."""
        found = {name: str(self[name].value() or "") for name in self.fields}
        return {name: value for name, value in found.items() if value}

    def chosen(self) -> dict[str, str]:
        """The fields that filter, as query parameters. Only for a valid form."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}

    def without_names(self) -> dict[str, str]:
        """The fields that filter, for the log: people by number, and masked what may name a person otherwise.

        A period is recorded with the days that it means now.
        """
        found = self.chosen()
        if "period" in found:
            found |= dict(zip(("since", "until"), map(str, self.days), strict=True))
        if "person" in found:
            numbers = [str(one.id) for one in self.roster.find(found["person"])]
            found["person"] = "+".join(numbers) or mask_name(found["person"])
        if self.roster.names_somebody(found.get("text", "")):
            found["text"] = mask_name(found["text"])
        return found

    def filters_text(self) -> str:
        """The same in one text, as rows of the log have it."""
        return ", ".join(f"{name}={value}" for name, value in self.without_names().items())

    def in_words(self) -> list[tuple[str, str]]:
        """Label and value of the fields that filter, as text. Only for a valid form."""
        return [(str(self.fields[name].label), self._value_text(name)) for name in self.chosen()]

    def _value_text(self, name: str) -> str:
        value = self.cleaned_data[name]
        if name == "action":
            return str(ACTIONS[value][0])
        if name == "period":
            return period_text(PERIODS[value][0], *self.days)
        if name in {"area", "result", "token"}:
            return str(dict(self.fields[name].choices)[value])  # type: ignore[attr-defined]
        if name == "person":
            return ", ".join(self.roster.label(one) for one in self.roster.find(value)) or value
        if name == "server":
            return self.server_note() or str(value)
        return str(value)

    def server_note(self) -> str:
        """Which servers have the given IP address; '' if none was given. Only for a valid form."""
        return server_address_text(self._address, self._servers_there) if self._address else ""

    @cached_property
    def _address(self) -> Address | None:
        """The server, if it was given by its IP address."""
        return parse_address(self.cleaned_data["server"])

    @cached_property
    def _servers_there(self) -> list[Server]:
        return servers_at(self._address) if self._address else []

    def _server_ids(self) -> list[int]:
        """Ids of servers given by id (12345, #12345, ID 12345 or, as pages show it, web-server-01 (ID 12345)) or by address."""
        by_id = SERVER_ID.match(self.cleaned_data["server"])
        return [int(by_id[1])] if by_id else [one.id for one in self._servers_there]

    @cached_property
    def days(self) -> "tuple[date | None, date | None]":
        """The first and the last day, each None if there is none. Only for a valid form."""
        period: str = self.cleaned_data["period"]
        return days_of(period) if period else (self.cleaned_data["since"], self.cleaned_data["until"])

    @cached_property
    def criteria(self) -> Criteria:
        """Only for a valid form."""
        wanted = self.cleaned_data
        since, until = self.days
        person = wanted["person"]
        found = self.roster.find(person) if person else []
        like = [] if found or not person else self.roster.find_like(person)
        return Criteria(
            area=Area(wanted["area"]) if wanted["area"] else None,
            token=wanted["token"],
            action=wanted["action"],
            result=wanted["result"],
            people=tuple(one.id for one in found or like),
            person="" if found else name_in_log(person),
            servers=tuple(self._server_ids()) if wanted["server"] else (),
            server=wanted["server"],
            text=wanted["text"],
            since=_midnight(since) if since else None,
            until=_midnight(until + timedelta(days=1)) if until else None,
        )

    def criteria_between(self, first: date, last: date) -> Criteria:
        """The same for other days. Only for a valid form."""
        return replace(self.criteria, since=_midnight(first), until=_midnight(last + timedelta(days=1)))

    def rows(self) -> EntryQuerySet:
        """Every row of the matching operations and events. Only for a valid form."""
        return self.criteria.lines().with_history() if self.chosen() else Entry.objects.all()
