"""What the portal's own rules refuse."""


class OperationRefusedError(Exception):
    """Our own rules refuse it: nothing was sent. `code` is stable; views/texts/refusals.py has the sentences.

    limit_reached, server_held, snapshot_changed, snapshot_gone, snapshot_deleting, snapshot_unready, server_gone,
    name_mismatch, bad_name, reason_missing, finding_missing, confirmation_invalid, confirmation_expired,
    not_confirmed_live, told_to_wait, list_incomplete, still_open, already_closed, being_checked, token_gone, not_allowed_any_more

    `retry_after_seconds`: when to send the same form again, if that is known.
    """

    def __init__(self, code: str, *, retry_after_seconds: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after_seconds = retry_after_seconds
