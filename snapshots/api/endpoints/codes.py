"""What each `code` of an error means, for the reference page. A test compares this with what the endpoints raise."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as lazy

from snapshots.api.endpoints.errors import RESTORE_STATUSES, status_of_refusal
from snapshots.views.texts.refusals import refusal_words

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Code:
    status: int
    code: str
    text: "StrPromise | str"


ERRORS: Final = (
    Code(400, "invalid", lazy("A member, a parameter or a header is not as documented; “detail” names it.")),
    Code(401, "key_missing", lazy("The request has no key.")),
    Code(401, "key_invalid", lazy("There is no such key.")),
    Code(401, "key_revoked", lazy("The key was revoked.")),
    Code(401, "key_expired", lazy("The key has expired.")),
    Code(401, "owner_inactive", lazy("The person to whom the key belongs is no longer active.")),
    Code(
        401, "provider_token_refused", lazy("The provider does not accept the key's stored token any more.")
    ),
    Code(403, "forbidden", lazy("The key or its person lacks the right; “detail” names it.")),
    Code(403, "provider_forbidden", lazy("The provider does not show this list to the key's stored token.")),
    Code(404, "not_found", lazy("It does not exist, or this key does not reach it.")),
    Code(404, "already_gone", lazy("The snapshot was gone when its deletion was sent.")),
    Code(405, "method_not_allowed", lazy("The address has other methods: see Allow.")),
    Code(
        409,
        "in_progress",
        lazy("Another request with this Idempotency-Key waits for the provider's answer: send it again."),
    ),
    Code(
        409,
        "log_is_shorter",
        lazy("The log ends before “after”: see “newest”. A backup was restored, or the number is wrong."),
    ),
    Code(409, "did_not_happen", lazy("The answer was lost, and it was found later that it did not happen.")),
    Code(
        409,
        "resolved_by_hand",
        lazy("A person found that it happened; which snapshot it made is not known to the portal."),
    ),
    Code(409, "deletion_kept", lazy("Its deletion was called back. Nothing was sent.")),
    Code(409, "deletion_refused", lazy("When it was due the portal's rules refused it. Nothing was sent.")),
    Code(
        410,
        "archived",
        lazy("These rows of the audit log are in archive files; go on after “archived_until”."),
    ),
    Code(411, "length_required", lazy("The body was sent in chunks: send Content-Length.")),
    Code(413, "too_large", lazy("The body is longer than 64 KiB.")),
    Code(422, "idempotency_key_used", lazy("This Idempotency-Key was used for another request.")),
    Code(429, "rate_limited", lazy("Too many requests, with this key or at the provider: see Retry-After.")),
    Code(
        500,
        "internal_error",
        lazy("An error in the portal. Look at the list of operations before you try again."),
    ),
    Code(503, "unavailable", lazy("The portal's database or audit log cannot be used. Nothing was sent.")),
    Code(503, "not_sent", lazy("The provider was not reached. Nothing was sent.")),
    Code(
        504,
        "outcome_unknown",
        lazy("Sent, but it is not known whether the provider did it: see “operation”."),
    ),
)
"""Beside them there are `provider_…` (503), when a list could not be read, and what the provider itself refused."""

REFUSALS: Final = (
    "bad_name",
    "limit_reached",
    "snapshot_unready",
    "reason_missing",
    "room_missing",
    "token_gone",
    "token_limited",
    "not_on_this_server",
    "not_own_snapshot",
    "not_allowed_any_more",
    "server_gone",
    "snapshot_gone",
    "server_held",
    "being_checked",
    "protected",
    "server_locked",
    "frozen",
    "approval_needed",
    "request_over",
    "too_many_requests",
    "place_reserved",
    "deletion_planned",
    "snapshot_deleting",
    "snapshot_changed",
    "room_is_needed",
    "schedule_active",
    "schedule_not_active",
    "schedule_runs",
    "not_owner",
    "not_confirmed_live",
    "told_to_wait",
    "list_incomplete",
)
"""Codes of OperationRefusedError that calls of the API can lead to."""


def all_codes() -> list[Code]:
    """Sorted by status."""
    refusals = [
        Code(status_of_refusal(code), code, f"{(words := refusal_words(code)).title}. {words.meaning}")
        for code in REFUSALS
    ]
    of_restores = [
        Code(status, code, f"{gettext('Restore a snapshot')}: {refusal_words(code).title}")
        for code, status in RESTORE_STATUSES.items()
    ]
    return sorted([*ERRORS, *of_restores, *refusals], key=lambda one: one.status)
