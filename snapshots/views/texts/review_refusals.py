"""Texts of refusals of marks, answers and signatures of reviews."""

from django.utils.translation import gettext_lazy as lazy

from snapshots.views.texts.base import Words

REVIEW_REFUSALS = {
    "review_own_row": Words(
        "warn",
        lazy("You had a part in this yourself"),
        lazy("Somebody else has to mark it. Nothing was changed."),
    ),
    "review_mark_changed": Words(
        "warn",
        lazy("Somebody else has marked this entry meanwhile"),
        lazy("Nothing was changed. Their mark is shown now: read it, then mark again if yours differs."),
    ),
    "review_nobody_to_ask": Words(
        "warn",
        lazy("Nobody can be asked about this"),
        lazy(
            "No person acted, or whoever did has no active account any more. Mark it as fine or as a finding."
        ),
    ),
    "review_moved": Words(
        "warn",
        lazy("Somebody else has signed rows meanwhile"),
        lazy("Nothing was signed. Each row is signed once: this page shows what is left."),
    ),
    "review_beyond": Words(
        "bad",
        lazy("This is not a row that can be signed now"),
        lazy("Nothing was signed. The last row must be one of those that are not reviewed yet."),
    ),
    "review_damaged": Words(
        "bad",
        lazy("The rows do not verify"),
        lazy("Nothing was signed. A row was changed, removed or added in the database itself."),
        lazy("Tell the portal's operators. You can still sign, if you say that you know of it."),
    ),
    "review_unreadable": Words(
        "bad",
        lazy("The rows cannot be verified now"),
        lazy(
            "Nothing was signed. A key of the audit log is wrong, or a part of it is missing in the database."
        ),
        lazy("Tell the portal's operators."),
    ),
    "review_not_asked": Words(
        "bad", lazy("You were not asked this"), lazy("Only the person who was asked can answer.")
    ),
    "review_settled": Words(
        "info",
        lazy("This question is settled"),
        lazy("A reviewer has closed it meanwhile. Your answer was not recorded."),
    ),
    "too_many_answers": Words(
        "warn", lazy("There are 20 answers already"), lazy("Your answer was not recorded.")
    ),
}
