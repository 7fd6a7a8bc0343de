"""The texts of error pages: what happened, what was done and what was not, and what the reader can do now."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Failure:
    """`meaning` says what happened, `done` what was done and what was not, `advice` what the reader can do now.

    `asks`: whether the page names whom to ask, because the reader alone may not get any further. `is_recorded`: whether the
    audit log has a row with the request number; the server's own log always has one.
    """

    status: int
    title: "StrOrPromise"
    meaning: "StrOrPromise"
    done: "StrOrPromise"
    advice: "StrOrPromise"
    icon: str = "alert"
    asks: bool = True
    is_recorded: bool = False


_NOTHING: Final = _("Nothing was done, and nothing was sent to the provider.")
BAD_REQUEST: Final = Failure(
    400,
    _("Bad request"),
    _("The address or the form was not as the portal expects."),
    _NOTHING,
    _("Go back, reload the page and try again. If you followed a link or typed the address, check it."),
)
TOO_LARGE: Final = Failure(
    413,
    _("That is too much at once"),
    _("The form had more text or more fields than the portal reads."),
    _NOTHING,
    _("Go back, shorten the text or choose fewer items, and send the form again."),
)
FORBIDDEN: Final = Failure(
    403,
    _("Your role does not allow this"),
    _("The page or the action is for people with another role."),
    _("Nothing was done. The refusal is recorded in the audit log."),
    _("If you need this for your work, ask an admin of this portal to change your role."),
    icon="lock",
    is_recorded=True,
)
RIGHTS_CHANGED: Final = Failure(
    403,
    _("Your rights changed while this was being checked"),
    _("Your account, your role or your tokens were changed meanwhile."),
    _("Nothing was sent to the provider and nothing was changed. The refusal is recorded in the audit log."),
    _("Look at your account and your tokens. If you need this for your work, ask an admin of this portal."),
    icon="lock",
    is_recorded=True,
)
CSRF: Final = Failure(
    403,
    _("This form could not be verified"),
    _(
        "Either the page was open for very long, or you signed in again in another window, or your browser does not keep this "
        "site's cookies."
    ),
    _NOTHING,
    _(
        "Go back, reload the page and send the form again. If it keeps happening: allow cookies for this site, and open it "
        "over https. Safari keeps no secure cookies from an address that begins with http:// — on your own machine, "
        "use Chrome, Edge or Firefox instead."
    ),
    icon="lock",
)
NOT_FOUND: Final = Failure(
    404,
    _("Page not found"),
    _("The address is wrong, or the item is gone, or it belongs to somebody else."),
    _("Nothing was done."),
    _("Check the address, or start again from the start page."),
    icon="search",
)
NOT_ALLOWED: Final = Failure(
    405,
    _("This address does not take that kind of request"),
    _("A form or a program sent something to an address that only shows a page, or the other way round."),
    _NOTHING,
    _("Open the page from the start page, and use the buttons there."),
)
SERVER_ERROR: Final = Failure(
    500,
    _("Internal error"),
    _("This is an error in the portal."),
    _(
        "It is not known how far it got. If you have just requested a create, restore or delete, it may have been sent: do not "
        "request it again yet. Check the server's page first, which shows what is known."
    ),
    _("Wait a minute and try again. If the problem persists, tell your admin the request number below."),
)
UNAVAILABLE: Final = Failure(
    503,
    _("The portal cannot write its audit log now"),
    _("Every step is recorded before it is done, and that is not possible at the moment."),
    _("Nothing was sent to the provider and nothing was changed."),
    _(
        "Wait a minute and try again. If the problem persists, tell your admin: the disk may be full or the database down."
    ),
    icon="unplugged",
)
NO_PROOF: Final = Failure(
    503,
    _("No proof can be made now"),
    _("The audit log could not be signed, so a file that proves its rows cannot be made."),
    _("Nothing was downloaded."),
    _("Ask an admin of this portal to run manage.py checkpoint_audit: it says why."),
    icon="lock",
)
NO_RECEIPT: Final = Failure(
    404,
    _("There is no receipt for this any more"),
    _("Rows that belong to it are no longer in the database: old rows are moved into archive files."),
    _("Nothing was downloaded."),
    _(
        "Ask an operator of this portal for the archive file. It proves its rows itself: anybody can verify it with the log's "
        "public key, as a receipt."
    ),
    icon="search",
)


def too_many_attempts(minutes: int) -> Failure:
    """Of the wrong passwords and other proofs that come from an address, or are about a person."""
    return Failure(
        429,
        gettext("Too many attempts"),
        ngettext(
            "There were too many wrong passwords from your address. You can try again in one minute.",
            "There were too many wrong passwords from your address. You can try again in %(minutes)s minutes.",
            minutes,
        )
        % {"minutes": minutes},
        gettext("Nothing was done."),
        gettext("Forgot the password? An admin can give you a link to set a new one."),
        icon="lock",
    )


def outside_base_path(base_path: str) -> Failure:
    """For a path outside_base_path the base path: a wrong URL, or a web server in front that strips the base path."""
    return Failure(
        404,
        gettext("The portal is not at this address"),
        gettext("It is under %(path)s. The request came to the portal with another path.")
        % {"path": base_path},
        gettext("Nothing was done."),
        gettext(
            "Open %(path)s. If that is what you did: the web server in front of the portal removes %(path)s from the address. "
            "Tell your admin that it has to pass on the whole path; docs/operators.md of the portal shows how."
        )
        % {"path": base_path},
        icon="search",
    )
