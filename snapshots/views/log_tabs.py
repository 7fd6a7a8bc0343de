"""The tabs above the audit log: its three areas, and everything."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from snapshots.audit.search.areas import ACTIONS_OF, Area
from snapshots.views.forms.audit import EntryFilterForm
from snapshots.views.log_links import log_url
from snapshots.views.texts.audit_areas import AREAS, EVERYTHING

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Tab:
    text: "StrPromise"
    url: str
    is_chosen: bool


def make_tabs(form: EntryFilterForm) -> list[Tab]:
    """Links to the same list in each area; the other fields stay, but for an action that is not in the area."""
    given = form.given()
    chosen = given.pop("area", "")
    everything = Tab(EVERYTHING, log_url(**given), not chosen)
    return [everything, *(Tab(AREAS[one], _url(one, given), chosen == one) for one in Area)]


def _url(area: Area, given: dict[str, str]) -> str:
    is_other = given.get("action", "") not in {"", *ACTIONS_OF[area]}
    kept = {name: value for name, value in given.items() if not (is_other and name == "action")}
    return log_url(area=area.value, **kept)
