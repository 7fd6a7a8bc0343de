"""The error for operations that the portal's own rules refuse."""


class OperationRefusedError(Exception):
    """The portal's rules refuse the operation: nothing was sent. `code` is stable; views/texts/refusals.py has its text.

    limit_reached, server_held, snapshot_changed, job_began, snapshot_gone, snapshot_deleting, snapshot_unready, server_gone,
    name_mismatch, bad_name, reason_missing, finding_missing, confirmation_invalid, confirmation_expired,
    not_confirmed_live, told_to_wait, list_incomplete, still_open, already_closed, being_checked, token_gone, no_own_token,
    not_allowed_any_more, not_on_this_server, not_own_snapshot, token_limited,
    job_over, all_sent, room_missing, room_is_needed, protected, already_protected,
    not_protected, deletion_planned, deletion_over, bad_date, bad_grace, newest, name_missing, bad_recurrence,
    bad_pattern, bad_retention, servers_missing, preview_missing, other_token, schedule_gone, schedule_changed,
    schedule_active, schedule_not_active, schedule_runs, not_owner, nothing_selected,
    too_many, count_mismatch, server_renamed, already_retried,
    owner_changed, bad_receiver

    `retry_after_seconds`: after how long the same form may be sent again; 0 if unknown.
    """

    def __init__(self, code: str, *, retry_after_seconds: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_seconds = retry_after_seconds
