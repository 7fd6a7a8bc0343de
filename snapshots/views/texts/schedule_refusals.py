"""Texts of refusals of schedules: one for each code of snapshots/schedules."""

from django.utils.translation import gettext_lazy as lazy

from snapshots.views.texts.base import Words

NOTHING_CHANGED = lazy("Nothing was changed.")
SCHEDULE_REFUSALS = {
    "newest": Words(
        "warn",
        lazy("This is the newest snapshot of its server"),
        lazy("A schedule never deletes the newest completed snapshot. Nothing was sent."),
    ),
    "name_missing": Words("bad", lazy("Give it a name"), lazy("Nothing was saved.")),
    "bad_recurrence": Words(
        "bad",
        lazy("This is never due"),
        lazy("Nothing was saved."),
        lazy(
            "Write five fields (minute, hour, day of month, month, day of week), such as 30 2 * * 1-5, with a day that exists."
        ),
    ),
    "bad_pattern": Words(
        "bad",
        lazy("This pattern gives no valid name"),
        lazy("Nothing was saved."),
        lazy(
            "Use letters, digits, hyphens and underscores, and the placeholders {schedule}, {server}, {date} and {time}."
        ),
    ),
    "bad_retention": Words(
        "bad",
        lazy("These numbers cannot be used"),
        lazy("Nothing was saved."),
        lazy("Enter whole numbers from 0 to 1000."),
    ),
    "servers_missing": Words(
        "bad",
        lazy("No server is chosen, or none is there"),
        lazy("Nothing was sent or saved."),
        lazy("Choose 1 to 200 servers, or all servers of a token."),
    ),
    "preview_missing": Words(
        "warn",
        lazy("Read first what it would do"),
        lazy("The preview was not shown, or was shown too long ago. Nothing was saved."),
        lazy("Read the preview below, then save."),
    ),
    "other_token": Words(
        "warn",
        lazy("None of your tokens shows the servers of this schedule"),
        lazy(
            "A changed schedule runs in the name and with a token of whoever changed it, and that token must show its servers. "
            "Nothing was changed."
        ),
        lazy("Store a token of the same account under Tokens, then change the schedule."),
    ),
    "schedule_gone": Words(
        "warn",
        lazy("This schedule was removed"),
        lazy("Somebody removed it meanwhile. Nothing was changed or begun."),
    ),
    "schedule_changed": Words(
        "warn",
        lazy("Somebody else has changed this schedule meanwhile"),
        lazy("Nothing was saved. What you entered is kept below; what is stored now is this:"),
        lazy("If your version should take its place, read the preview and save."),
    ),
    "schedule_active": Words("info", lazy("This schedule is active already"), NOTHING_CHANGED),
    "schedule_not_active": Words("info", lazy("This schedule is not active"), NOTHING_CHANGED),
    "schedule_runs": Words(
        "info",
        lazy("A run of this schedule has not ended"),
        lazy("No second one was begun."),
        lazy("Wait until it has ended."),
    ),
    "not_owner": Words(
        "warn",
        lazy("Only its owner can resume this schedule"),
        lazy("It runs in the owner's name, and the portal had stopped it. Nothing was changed."),
        lazy("Change it instead: then it runs in your name."),
    ),
}
FIELD_CODES = frozenset(
    {
        "name_missing",
        "bad_recurrence",
        "bad_pattern",
        "bad_retention",
        "servers_missing",
        "preview_missing",
    }
)
