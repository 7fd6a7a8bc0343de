"""Why a list may be old: one text for each error of a reading."""

from django.utils.translation import gettext_lazy as lazy

from snapshots.views.texts.base import Words

_OLD = lazy("The list below may be outdated, so its actions are disabled. This page keeps retrying.")
READING_WORDS = {
    "unreachable": Words("warn", lazy("The provider cannot be reached"), _OLD),
    "deadline": Words("warn", lazy("The provider does not answer in time"), _OLD),
    "broken": Words("warn", lazy("The connection to the provider was lost"), _OLD),
    "unreadable": Words("warn", lazy("The provider's answer cannot be read"), _OLD),
    "server_fault": Words("warn", lazy("The provider has an internal error"), _OLD),
    "busy": Words("warn", lazy("The portal is busy"), _OLD),
    "rate_limited": Words(
        "warn",
        lazy("The provider limits the rate of requests"),
        lazy("We wait for as long as it wants, and then look again."),
    ),
    "token_refused": Words(
        "bad",
        lazy("The provider refuses this token"),
        lazy("It may have been revoked or may have expired. Nothing can be seen or done with it."),
        lazy("Make a new token at the provider's site, and replace the old one here."),
    ),
    "sealed": Words(
        "bad",
        lazy("The stored token cannot be decrypted"),
        lazy(
            "Its encryption key is missing or a different one, or its row was changed. "
            "Nothing can be seen or done with it."
        ),
        lazy("Tell your admin. If that cannot be corrected, store the token again."),
    ),
    "forbidden": Words(
        "bad",
        lazy("This token may not see snapshots"),
        lazy("The provider knows the token but does not allow it to read snapshots."),
        lazy("Give it that permission at the provider's site, or replace it here by one that has it."),
    ),
}
_OLD_WORDS = Words("warn", lazy("This list has not been confirmed for a while"), _OLD)
_UNREADABLE_WORDS = Words("warn", lazy("The provider gives an answer we did not expect"), _OLD)


def reading_words(code: str) -> Words:
    """Why a reading is stale; '' when it is only old."""
    return READING_WORDS.get(code, _UNREADABLE_WORDS) if code else _OLD_WORDS
