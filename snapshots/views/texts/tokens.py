"""Texts about what was removed around a pasted token, and about failed checks of tokens."""

from collections.abc import Iterable

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots.connection import TokenCheck
from snapshots.vault.pasted import Part
from snapshots.vault.service import KEY_ERROR
from snapshots.views.texts.readings import wait_text

PART_TEXTS = {
    Part.INVISIBLE: lazy("invisible characters"),
    Part.HEADER: lazy("“Authorization: Bearer” or “Authorization: Token”"),
    Part.COMMAND: lazy("the command around it"),
    Part.SPACE: lazy("blanks around it"),
    Part.QUOTES: lazy("quotation marks, brackets or commas around it"),
    Part.SCHEME: lazy("“Bearer” or “Token”"),
    Part.NAME: lazy("the name in front of it"),
}


def left_off_text(parts: Iterable[Part]) -> str:
    """One sentence about what was removed around a pasted token."""
    removed = get_text_list([str(PART_TEXTS[part]) for part in parts], _("and"))
    return _("Removed %(parts)s: only the token itself was used.") % {"parts": removed}


def token_check_text(check: TokenCheck) -> str:
    """What a failed check means, and what to do."""
    if check.wait_until:
        return wait_text(check.wait_until)
    sentences = {
        "token_refused": _(
            "VPS.org does not accept this token. It may be mistyped, expired or revoked: copy it again, or create another one."
        ),
        "forbidden": _(
            "VPS.org knows this token but does not let it see snapshots: give it that permission there."
        ),
        "rate_limited": _("VPS.org asks us to wait, as there were too many requests. Try again in a minute."),
        "busy": _("The portal has too many requests to VPS.org in progress. Try again in a few seconds."),
        "sealed": _(
            "The portal cannot decrypt this stored token any more: its key is missing or a different one, or its row was "
            "changed. Tell your admin. If that cannot be corrected, enter the token again."
        ),
        KEY_ERROR: _(
            "The portal cannot store tokens at the moment: its own encryption key is missing, or does not decrypt the "
            "tokens that are stored. Tell your admin. The token itself may be valid."
        ),
    }
    return sentences.get(check.code) or _(
        "VPS.org could not be reached or did not answer clearly. Try again in a minute."
    )
