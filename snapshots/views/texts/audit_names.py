"""Names in the audit log as text: results, codes, columns and channels. An unknown one is shown as recorded."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import pgettext_lazy

from snapshots.audit.chain import UNREADABLE
from snapshots.reviews.models import Verdict
from snapshots.views.texts.base import Badge
from snapshots.views.texts.sign_on_codes import SIGN_ON_CODES

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

OBSERVED: dict[str, "StrPromise"] = {
    "appeared": lazy("Snapshot %(snapshot)s of %(server)s appeared past this portal"),
    "vanished": lazy("Snapshot %(snapshot)s of %(server)s vanished past this portal"),
    "vanished_with_server": lazy("Snapshot %(snapshot)s vanished together with its server %(server)s"),
    "renamed": lazy("A snapshot of %(server)s was renamed to %(snapshot)s past this portal"),
    "resized": lazy("The size of snapshot %(snapshot)s of %(server)s changed past this portal"),
}
"""Code of a row "snapshot.observed" → headline with names."""

RESULTS: dict[str, Badge] = {
    "pending": Badge("warn", lazy("No result recorded")),
    "accepted": Badge("moving", lazy("Accepted")),
    "completed": Badge("ok", lazy("Completed")),
    "failed": Badge("bad", lazy("Failed")),
    "unknown": Badge("warn", lazy("Unknown")),
    "reconciled": Badge("neutral", lazy("Resolved")),
    "refused": Badge("bad", lazy("Refused")),
}
REQUESTED = Badge("moving", lazy("Requested"))
SPECIAL_RESULTS = {
    ("snapshot.observed", "completed"): Badge("neutral", lazy("Observed")),
    ("server.silent", "failed"): Badge("warn", lazy("Silence")),
    (UNREADABLE, UNREADABLE): Badge("bad", lazy("Changed")),
    ("approval.break_glass", "completed"): Badge("bad", lazy("Glass broken")),
    ("audit.verify", "completed"): Badge("ok", lazy("Verified")),
    ("audit.verify", "failed"): Badge("bad", lazy("Broken")),
}
STEPS: dict[str, "StrPromise"] = {
    "pending": lazy("Requested. This was recorded before anything was sent to the provider."),
    "accepted": lazy("The provider accepted it and had not finished yet."),
    "completed": lazy("It completed."),
    "failed": lazy("It failed."),
    "unknown": lazy("No clear answer arrived: it may or may not have happened."),
    "reconciled": lazy("Evidence showed the result, or a person resolved it."),
    "refused": lazy("It was refused. Nothing was sent to the provider."),
}
CODES: dict[str, "StrPromise"] = {
    "restore": lazy("Restore"),
    "delete": lazy("Delete"),
    "unprotect": lazy("Lift a protection"),
    "create_schedule": lazy("Make a schedule"),
    "change_schedule": lazy("Change a schedule"),
    "resume_schedule": lazy("Resume a schedule"),
    "safe_restore": lazy("Restore with a safety snapshot"),
    "replace": lazy("Create in place of another snapshot"),
    "create_many": lazy("Create on several servers"),
    "delete_many": lazy("Delete several snapshots"),
    "restore_many": lazy("Go back to a restore point"),
    "schedule": lazy("Run of a schedule"),
    "owner_gone": lazy("The schedule's owner is no longer active"),
    "owner_lacks_right": lazy("The schedule's owner may no longer do what it does"),
    "five_failures": lazy("Five runs in a row made no snapshot"),
    "cancelled": lazy("It was cancelled"),
    "overlap": lazy("The run before it had not ended"),
    "paused": lazy("The schedule was paused meanwhile"),
    "wrong_password": lazy("Wrong name or password"),
    "password": lazy("By the password"),
    "totp": lazy("By a code of an authenticator app"),
    "passkey": lazy("By a passkey"),
    "recovery_code": lazy("By a recovery code"),
    "wrong_code": lazy("Wrong code of an authenticator app, or used already"),
    "codes_stopped": lazy("Too many wrong codes for this person: codes are not accepted for a while"),
    "wrong_recovery_code": lazy("Wrong recovery code, or used already"),
    "wrong_passkey": lazy("The passkey's answer was not accepted"),
    "passkey_expired": lazy("The passkey's answer came too late, or a second time"),
    "passkey_unverified": lazy("The passkey did not verify its user, which sign-in without a password needs"),
    "passkey_copied": lazy("The passkey's counter did not grow: there may be a copy of it"),
    "new_device": lazy("With a device that was not used before"),
    "braked": lazy("Wrong name or password, too many times: further attempts are blocked for a while"),
    "held_back": lazy("Tried again while blocked; further such attempts are not recorded"),
    "invitation_over": lazy("The link had been used, replaced or withdrawn a moment before"),
    "password_changed": lazy("The password had been changed a moment before"),
    "unreachable": lazy("The provider could not be reached"),
    "busy": lazy("Too many requests were in progress"),
    "invalid": lazy("The provider found it invalid"),
    "token_changed": lazy("The stored token was removed or replaced meanwhile"),
    "token_refused": lazy("The provider refused the token"),
    "not_on_this_server": lazy("The person has this right on other servers"),
    "not_own_snapshot": lazy("The snapshot is somebody else's, and the person may delete only their own"),
    "token_limited": lazy("The limits of the stored token do not allow it"),
    "limited_by_admin": lazy("An admin limited the token: its owner cannot widen that"),
    "key": lazy("The portal's own encryption key is missing or a different one"),
    "sealed": lazy("The stored token could not be decrypted"),
    "forbidden": lazy("The token lacks the permission"),
    "not_found": lazy("The provider does not know it any more"),
    "rate_limited": lazy("The provider limited the rate of requests"),
    "deadline": lazy("The provider did not answer in time"),
    "broken": lazy("The connection was lost"),
    "unreadable": lazy("The answer could not be read"),
    "contradictory": lazy("The answer had a success status but said that it failed"),
    "other_answer": lazy("The answer was about something else"),
    "other_snapshot": lazy("The snapshot that the provider named is a different one"),
    "already_gone": lazy("The provider did not know the snapshot any more"),
    "still_listed": lazy("The provider still lists the snapshot"),
    "vanished": lazy("The new snapshot is no longer listed"),
    "not_running": lazy("The server was not being restored, though the provider had accepted it"),
    "end_not_seen": lazy("The end of the restore was never seen"),
    "provider_failed": lazy("The provider could not finish it"),
    "server_fault": lazy("The provider had an internal error"),
    "interrupted": lazy("The portal was stopped before the answer arrived"),
    "never_sent": lazy("The portal was stopped before it was sent"),
    "api": lazy("Read through the API"),
    "setup_backup": lazy("Backup of the database and the keys"),
    "setup_alone": lazy("Nobody else works with the portal"),
    "api_key_revoked": lazy("The API key is revoked"),
    "api_key_expired": lazy("The API key has expired"),
    "api_owner_inactive": lazy("The API key's owner, or who looks after the service account, is not active"),
    "api_key_unknown": lazy("No such API key was made here, or its owner was erased"),
    "api_key_server": lazy("The API key does not reach this server"),
    "api_key_foreign": lazy("The API key does not reach this"),
    "api_key_token": lazy("The API key's stored token was removed, or is somebody else's"),
    **SIGN_ON_CODES,
    **{verdict.value: verdict.label for verdict in Verdict},
    "nobody": pgettext_lazy("who noted an anchor", "nobody"),
}
COLUMNS: dict[str, "StrPromise"] = {
    "evidence": lazy("Evidence"),
    "provider_message": lazy("Provider's message"),
    "reason": lazy("Reason"),
    "server_id": lazy("Server's ID"),
    "server_name": lazy("Server's name"),
    "snapshot_id": lazy("Snapshot's ID"),
    "snapshot_name": lazy("Snapshot's name"),
    "target": lazy("Target"),
    "token_label": lazy("Token's label"),
    "actor_subject": lazy("Name of the person who acted"),
    "address_subject": lazy("Address"),
    "evidence_subject": lazy("Evidence that names a person"),
    "settled_by_subject": lazy("Name of the person who resolved it"),
    "target_subject": lazy("Target that is a person"),
}
"""Columns that an export can leave out."""
CHANNELS: dict[str, "StrPromise"] = {
    "browser": lazy("Browser"),
    "api": lazy("API"),
    "job": lazy("Job"),
    "schedule": lazy("Schedule"),
    "command": lazy("Command line"),
    "evidence": lazy("The portal (evidence)"),
}
