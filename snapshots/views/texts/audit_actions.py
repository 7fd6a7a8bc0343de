"""Actions of the audit log: the name in lists and filters, and the sentence of a row. Unknown ones are shown as recorded."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as lazy

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
    "freeze.place": (lazy("Place a freeze"), lazy("Place the freeze %(target)s")),
    "freeze.ask_lift": (lazy("Ask to lift a freeze"), lazy("Ask to lift the freeze %(target)s")),
    "freeze.lift": (lazy("Lift a freeze"), lazy("Lift the freeze %(target)s")),
    "freeze.keep": (lazy("Keep a freeze"), lazy("Keep the freeze %(target)s")),
    "policy.place": (lazy("Place an approval policy"), lazy("Place the approval policy %(target)s")),
    "policy.ask_lift": (lazy("Ask to lift a policy"), lazy("Ask to lift the approval policy %(target)s")),
    "policy.lift": (lazy("Lift a policy"), lazy("Lift the approval policy %(target)s")),
    "policy.keep": (lazy("Keep a policy"), lazy("Keep the approval policy %(target)s")),
    "approval.request": (lazy("Ask for approval"), lazy("Ask for approval: %(snapshot)s of %(server)s")),
    "approval.approve": (lazy("Approve a request"), lazy("Approve a request: %(snapshot)s of %(server)s")),
    "approval.deny": (lazy("Deny a request"), lazy("Deny a request: %(snapshot)s of %(server)s")),
    "approval.break_glass": (lazy("Break the glass"), lazy("Break the glass: %(snapshot)s of %(server)s")),
    "approval.withdraw": (lazy("Withdraw a request"), lazy("Withdraw a request: %(snapshot)s of %(server)s")),
    "approval.expire": (lazy("A request expired"), lazy("A request expired: %(snapshot)s of %(server)s")),
    "approval.void": (
        lazy("An approved request is void"),
        lazy("An approved request is void: %(snapshot)s of %(server)s"),
    ),
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
    "token.limit": (lazy("Limit a token"), lazy("Limit token %(token)s of %(target)s")),
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
    "team.add": (lazy("Add a team"), lazy("Add the team %(target)s")),
    "team.change": (lazy("Change a team"), lazy("Change the team %(target)s")),
    "team.remove": (lazy("Remove a team"), lazy("Remove the team %(target)s")),
    "team.add_member": (lazy("Put into a team"), lazy("Put %(target)s into a team")),
    "team.remove_member": (lazy("Take out of a team"), lazy("Take %(target)s out of a team")),
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
