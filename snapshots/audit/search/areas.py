"""The three areas of the log that its page offers as tabs. Every action of the portal is in exactly one of them.

The words of the actions are in views/texts/audit_actions.py; a test compares both. What another version of the portal
wrote, with an action that is in none, is only in the list of everything.
"""

from enum import StrEnum
from typing import Final


class Area(StrEnum):
    """The values are in the addresses of pages, in saved views and in rows that record an export."""

    OPERATIONS = "operations"
    SIGN_INS = "sign-ins"
    ADMINISTRATION = "administration"


_OPERATIONS: Final = """
    snapshot.create snapshot.restore snapshot.delete snapshot.observed
    snapshot.protect snapshot.unprotect snapshot.hand_over
    approval.request approval.approve approval.deny approval.break_glass approval.withdraw approval.expire approval.void
    deletion.plan deletion.keep deletion.keep_until deletion.remind deletion.wait_again deletion.refuse
    job.start job.end job.cancel
    schedule.run_now schedule.run schedule.silent
    server.silent
"""
_SIGN_INS: Final = """
    person.sign_in person.sign_out person.prove factor.use_recovery_code session.end access.refuse
"""
_ADMINISTRATION: Final = """
    server.lock server.ask_unlock server.unlock server.keep_lock server.set_silence
    freeze.place freeze.ask_lift freeze.lift freeze.keep
    policy.place policy.ask_lift policy.lift policy.keep
    temporary_role.ask temporary_role.grant temporary_role.deny temporary_role.withdraw temporary_role.expire
    temporary_role.end
    deletion.set_grace deletion.ask_shorten deletion.shorten deletion.keep_grace
    schedule.create schedule.change schedule.pause schedule.resume schedule.remove schedule.stop
    notification.target_add notification.target_change notification.target_remove notification.test notification.retry
    token.store token.replace token.remove token.check token.limit token.rotate_keys
    factor.add factor.remove factor.reset factor.make_recovery_codes
    person.set_look person.add person.invite person.set_password person.change_role person.change_details
    person.activate person.deactivate person.add_service_account person.change_keeper
    person.link_identity person.unlink_identity person.erase
    team.add team.change team.remove team.add_member team.remove_member
    api_key.create api_key.revoke
    address.erase
    audit.export audit.verify audit.anchor audit.accept_restored_log audit.accept_lost_anchors audit.accept_changed_rows
    audit.stream_stop audit.stream_restart audit.archive audit.hold audit.lift_hold audit.key_change
    log_view.share log_view.rename log_view.delete
    setup.confirm setup.withdraw setup.hide setup.show setup.finish
    review.fine review.question review.finding review.answer review.sign
"""
ACTIONS_OF: Final = {
    Area.OPERATIONS: tuple(_OPERATIONS.split()),
    Area.SIGN_INS: tuple(_SIGN_INS.split()),
    Area.ADMINISTRATION: tuple(_ADMINISTRATION.split()),
}
