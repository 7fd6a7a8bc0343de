"""What a request is about, and how that is now, as the tokens of whoever looks at it show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.safestring import SafeString

from snapshots.approvals.models import OPEN, ApprovalRequest, Kind, RequestedItem
from snapshots.approvals.of_schedules import definition_in
from snapshots.connection import Person
from snapshots.inventory.servers import find_snapshot
from snapshots.inventory.shown_servers import own_token_for
from snapshots.operations.confirmation import snapshot_fingerprint
from snapshots.operations.reconciliation import read_and_reconcile_all
from snapshots.operations.server_views import ServerView, server_views
from snapshots.schedules.definition import Definition
from snapshots.schedules.models import Schedule
from snapshots.vault.models import StoredToken
from snapshots.views.texts.approvals import present_text
from snapshots.views.texts.schedules import keep_words, rule_words

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class ItemLine:
    """`present`: how it is now, '' once it is decided. `view`: the server now, None if no own token shows it."""

    item: RequestedItem
    present: "StrPromise | str" = ""
    view: ServerView | None = None


@dataclass(frozen=True)
class Rules:
    """What a schedule does. `servers`: their names, none for all of its token."""

    rule: SafeString
    keep: str
    servers: list[str]


def item_lines(person: Person, asked: ApprovalRequest) -> list[ItemLine]:
    if asked.state not in OPEN or Kind(asked.kind).is_schedule:
        return [ItemLine(one) for one in asked.items]
    views = _views(person, asked.items)
    lines = []
    for one in asked.items:
        view = views.get(one.server_id or 0)
        lines.append(ItemLine(one, present_text(_change(view, one)), view))
    return lines


def _views(person: Person, items: Sequence[RequestedItem]) -> dict[int, ServerView]:
    """The servers as tokens of the person's own show them."""
    own: dict[int, StoredToken] = {}
    for one in items:
        token = own_token_for(person.pk, one.server_id or 0, fingerprint=one.token_fingerprint)
        if token is not None:
            own[one.server_id or 0] = token
    readings = read_and_reconcile_all(list({one.pk: one for one in own.values()}.values()))
    found = {
        (token.pk, view.server_id): view for token, read in readings for view in server_views(token, read)
    }
    return {number: found[token.pk, number] for number, token in own.items() if (token.pk, number) in found}


def _change(view: ServerView | None, item: RequestedItem) -> str:
    if view is None:
        return "unknown"
    if item.snapshot_id is None:
        return "listed"
    snapshot = find_snapshot(view.reading, item.snapshot_id)
    if snapshot is None:
        return "gone" if view.reading.is_complete else "unknown"
    return "same" if snapshot_fingerprint(snapshot) == item.fingerprint else "changed"


def schedule_context(asked: ApprovalRequest) -> dict[str, Any]:
    """Of a request about a schedule: what it shall do, what it did when it was asked, and whether it was changed since."""
    if not Kind(asked.kind).is_schedule:
        return {}
    found: dict[str, Any] = {"after": _rules(definition_in(asked, "definition"))}
    if "before" in asked.arguments:
        found["before"] = _rules(definition_in(asked, "before"))
    schedule_id = asked.arguments.get("schedule_id")
    if schedule_id and asked.state in OPEN:
        schedule = Schedule.objects.present().filter(pk=schedule_id).first()
        is_same = schedule is not None and schedule.changed_at.isoformat() == asked.arguments["seen"]
        found["schedule_text"] = present_text("schedule_same" if is_same else "schedule_changed")
    return found


def _rules(definition: Definition) -> Rules:
    return Rules(
        rule=rule_words(definition.preset, definition.cron, definition.time_zone),
        keep=keep_words(definition.keep),
        servers=[] if definition.covers_all else [name for _number, name in definition.servers],
    )
