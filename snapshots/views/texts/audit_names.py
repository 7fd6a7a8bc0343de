"""Names in the audit log as text: actions, results, codes, columns and channels. An unknown one is shown as recorded."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as lazy

from snapshots.audit.chain import UNREADABLE
from snapshots.views.texts.base import Badge
from snapshots.views.texts.sign_on_codes import SIGN_ON_CODES

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

ACTIONS: dict[str, tuple["StrPromise", "StrPromise"]] = {
    "snapshot.create": (lazy("Create a snapshot"), lazy("Create snapshot %(snapshot)s of %(server)s")),
    "snapshot.restore": (lazy("Restore a server"), lazy("Restore %(server)s from %(snapshot)s")),
    "snapshot.delete": (lazy("Delete a snapshot"), lazy("Delete snapshot %(snapshot)s of %(server)s")),
    "snapshot.observed": (
        lazy("A change past this portal"),
        lazy("Snapshot %(snapshot)s of %(server)s changed past this portal"),
    ),
    "server.lock": (lazy("Lock a server"), lazy("Lock %(server)s")),
    "server.ask_unlock": (lazy("Ask to lift a lock"), lazy("Ask to lift the lock of %(server)s")),
    "server.unlock": (lazy("Lift a lock"), lazy("Lift the lock of %(server)s")),
    "server.keep_lock": (lazy("Keep a lock"), lazy("Keep the lock of %(server)s")),
    "snapshot.protect": (lazy("Protect a snapshot"), lazy("Protect snapshot %(snapshot)s of %(server)s")),
    "snapshot.unprotect": (
        lazy("Lift a protection"),
        lazy("Lift the protection of snapshot %(snapshot)s of %(server)s"),
    ),
    "deletion.plan": (lazy("Plan a deletion"), lazy("Plan to delete snapshot %(snapshot)s of %(server)s")),
    "deletion.keep": (
        lazy("Keep a snapshot"),
        lazy("Call back the deletion of snapshot %(snapshot)s of %(server)s"),
    ),
    "deletion.keep_until": (
        lazy("Keep a snapshot until a date"),
        lazy("Keep snapshot %(snapshot)s of %(server)s until a date"),
    ),
    "deletion.remind": (
        lazy("A snapshot's date is near"),
        lazy("Snapshot %(snapshot)s of %(server)s will be deleted soon"),
    ),
    "deletion.wait_again": (
        lazy("A deletion was not sent"),
        lazy("The deletion of snapshot %(snapshot)s of %(server)s was not sent, and waits again"),
    ),
    "deletion.refuse": (
        lazy("Refuse a planned deletion"),
        lazy("Refuse the planned deletion of snapshot %(snapshot)s of %(server)s"),
    ),
    "deletion.set_grace": (lazy("Set a grace time"), lazy("Set the grace time of %(server)s")),
    "server.silent": (
        lazy("A server without a new snapshot"),
        lazy("No snapshot of %(server)s was completed for too long"),
    ),
    "server.set_silence": (
        lazy("Set when silence is told"),
        lazy("Set after how long without a snapshot of %(server)s is told"),
    ),
    "job.start": (lazy("Start a job"), lazy("Start the job %(target)s")),
    "job.end": (lazy("End of a job"), lazy("End of the job %(target)s")),
    "job.cancel": (lazy("Cancel a job"), lazy("Cancel the job %(target)s")),
    "schedule.create": (lazy("Make a schedule"), lazy("Make the schedule %(target)s")),
    "schedule.change": (lazy("Change a schedule"), lazy("Change the schedule %(target)s")),
    "schedule.pause": (lazy("Pause a schedule"), lazy("Pause the schedule %(target)s")),
    "schedule.resume": (lazy("Resume a schedule"), lazy("Resume the schedule %(target)s")),
    "schedule.remove": (lazy("Remove a schedule"), lazy("Remove the schedule %(target)s")),
    "schedule.run_now": (lazy("Run a schedule now"), lazy("Run the schedule %(target)s now")),
    "schedule.run": (lazy("Run of a schedule"), lazy("Run of the schedule %(target)s")),
    "schedule.stop": (lazy("Stop a schedule"), lazy("Stop the schedule %(target)s")),
    "schedule.silent": (
        lazy("Nothing has come of a schedule"),
        lazy("Nothing has come of the schedule %(target)s for too long"),
    ),
    "notification.target_add": (
        lazy("Add a target of notifications"),
        lazy("Add %(target)s as a target of notifications"),
    ),
    "notification.target_change": (
        lazy("Change a target of notifications"),
        lazy("Change what the target %(target)s is told"),
    ),
    "notification.target_remove": (
        lazy("Remove a target of notifications"),
        lazy("Remove the target %(target)s of notifications"),
    ),
    "notification.test": (lazy("Send a test message"), lazy("Send a test message to %(target)s")),
    "notification.retry": (lazy("Send a message again"), lazy("Send a message to %(target)s again")),
    "token.store": (lazy("Store a token"), lazy("Store token %(token)s for %(target)s")),
    "token.replace": (lazy("Replace a token"), lazy("Replace token %(token)s of %(target)s")),
    "token.remove": (lazy("Remove a token"), lazy("Remove token %(token)s of %(target)s")),
    "token.check": (lazy("Check a token"), lazy("Check token %(token)s of %(target)s")),
    "token.rotate_keys": (lazy("Re-encrypt the tokens"), lazy("Re-encrypt the stored tokens with a new key")),
    "person.sign_in": (lazy("Sign in"), lazy("Sign in as %(target)s")),
    "person.sign_out": (lazy("Sign out"), lazy("Sign out")),
    "person.prove": (lazy("Confirm who it is"), lazy("Confirm who it is")),
    "factor.add": (lazy("Add a second factor"), lazy("Add a second factor for %(target)s")),
    "factor.remove": (lazy("Remove a second factor"), lazy("Remove a second factor of %(target)s")),
    "factor.reset": (lazy("Reset second factors"), lazy("Reset the second factors of %(target)s")),
    "factor.make_recovery_codes": (
        lazy("Make recovery codes"),
        lazy("Make recovery codes for %(target)s"),
    ),
    "factor.use_recovery_code": (lazy("Use a recovery code"), lazy("Use a recovery code of %(target)s")),
    "session.end": (lazy("End sessions"), lazy("End sessions of %(target)s")),
    "person.add": (lazy("Add a person"), lazy("Add %(target)s")),
    "person.invite": (lazy("Invite a person"), lazy("Invite %(target)s")),
    "person.set_password": (lazy("Set a password"), lazy("Set the password of %(target)s")),
    "person.change_role": (lazy("Change a role"), lazy("Change the role of %(target)s")),
    "person.change_details": (lazy("Change a person's details"), lazy("Change the details of %(target)s")),
    "person.activate": (lazy("Activate a person"), lazy("Activate %(target)s")),
    "person.deactivate": (lazy("Deactivate a person"), lazy("Deactivate %(target)s")),
    "person.add_service_account": (
        lazy("Add a service account"),
        lazy("Add the service account %(target)s"),
    ),
    "person.change_keeper": (
        lazy("Change who looks after a service account"),
        lazy("Change who looks after the service account %(target)s"),
    ),
    "api_key.create": (lazy("Make an API key"), lazy("Make an API key for %(target)s")),
    "api_key.revoke": (lazy("Revoke an API key"), lazy("Revoke an API key of %(target)s")),
    "person.link_identity": (
        lazy("Link to an identity provider"),
        lazy("Link %(target)s to an identity provider"),
    ),
    "person.unlink_identity": (
        lazy("Unlink from an identity provider"),
        lazy("Unlink %(target)s from an identity provider"),
    ),
    "person.erase": (lazy("Erase a person"), lazy("Erase person %(target)s")),
    "address.erase": (lazy("Erase addresses"), lazy("Erase old addresses")),
    "access.refuse": (lazy("Access denied"), lazy("Access denied: %(target)s")),
    "audit.export": (lazy("Export the audit log"), lazy("Export the audit log as %(target)s")),
    "audit.verify": (lazy("Verify the audit log"), lazy("Verify the audit log")),
    "audit.anchor": (lazy("Anchor the audit log"), lazy("Anchor the audit log")),
    "audit.accept_restored_log": (
        lazy("Accept a restored audit log"),
        lazy("Accept that a backup of the audit log was restored"),
    ),
    "audit.accept_lost_anchors": (
        lazy("Accept lost anchors"),
        lazy("Accept that the file of anchors lost lines"),
    ),
    "audit.accept_changed_rows": (
        lazy("Accept changed rows"),
        lazy("Accept that rows of the audit log were changed in the database"),
    ),
    "audit.stream_stop": (
        lazy("Stop a stream of the audit log"),
        lazy("Stop the stream %(target)s of the audit log"),
    ),
    "audit.stream_restart": (
        lazy("Restart a stream of the audit log"),
        lazy("Restart the stream %(target)s of the audit log"),
    ),
    "audit.archive": (lazy("Archive the audit log"), lazy("Archive the audit log up to row %(target)s")),
    "audit.hold": (lazy("Place a legal hold"), lazy("Place a legal hold on %(target)s")),
    "audit.lift_hold": (lazy("Lift a legal hold"), lazy("Lift the legal hold on %(target)s")),
    "audit.key_change": (lazy("Change the audit log's key"), lazy("Sign the audit log with key %(target)s")),
}
"""Action → label in the filter, and headline with names."""

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
    "api_key_revoked": lazy("The API key is revoked"),
    "api_key_expired": lazy("The API key has expired"),
    "api_owner_inactive": lazy("The API key's owner, or who looks after the service account, is not active"),
    "api_key_unknown": lazy("No such API key was made here, or its owner was erased"),
    "api_key_server": lazy("The API key does not reach this server"),
    "api_key_foreign": lazy("The API key does not reach this"),
    "api_key_token": lazy("The API key's stored token was removed, or is somebody else's"),
    **SIGN_ON_CODES,
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
