"""What a person reads when a sign-in through the identity provider came to nothing."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Text:
    title: "StrPromise"
    meaning: "StrPromise"
    advice: "StrPromise"
    may_help_again: bool = True
    """Whether trying again can help."""


_NOT_SIGNED_IN = _("You are not signed in")
_NOT_RECOGNISED = _("The portal does not recognise you")
_NO_ACCESS = _("You have no access to this portal")
_UNAVAILABLE = _("Single sign-on does not work now")
_ADMIN = _("Ask an admin of this portal.")
_TELL = _("Try again. If it stays, tell an admin of this portal the request number below.")
_WAIT = _("Wait a minute and try again.")

TEXTS: Final = {
    "provider_silent": Text(
        _UNAVAILABLE, _("The identity provider did not answer in time, or cannot be reached."), _WAIT
    ),
    "provider_busy": Text(
        _UNAVAILABLE, _("Several people wait for the identity provider already, and it is slow."), _WAIT
    ),
    "provider_fault": Text(_UNAVAILABLE, _("The identity provider has trouble of its own."), _WAIT),
    "wrong_answer": Text(
        _UNAVAILABLE, _("The identity provider answered something that the portal cannot use."), _TELL
    ),
    "wrong_issuer": Text(
        _UNAVAILABLE,
        _("The identity provider calls itself by another name than in the portal's settings."),
        _TELL,
    ),
    "not_registered": Text(
        _UNAVAILABLE,
        _("The identity provider did not accept the portal's request: it is not set up for this portal."),
        _TELL,
    ),
    "provider_refused": Text(
        _NOT_SIGNED_IN,
        _("The sign-in was cancelled, or the identity provider did not allow it."),
        _("Try again, or ask whoever looks after your account there."),
    ),
    "foreign_answer": Text(
        _NOT_SIGNED_IN,
        _(
            "This answer does not belong to a sign-in that was begun in this browser, or another one was begun after it."
        ),
        _("Begin again."),
    ),
    "used_answer": Text(
        _NOT_SIGNED_IN,
        _("This answer was used already: the page was loaded twice."),
        _("You may be signed in: open the portal. Else begin again."),
    ),
    "used_code": Text(
        _NOT_SIGNED_IN,
        _("The identity provider did not confirm the sign-in: it was used already, or took too long."),
        _("Begin again."),
    ),
    "too_late": Text(_NOT_SIGNED_IN, _("The sign-in took longer than ten minutes."), _("Begin again.")),
    "bad_answer": Text(
        _NOT_SIGNED_IN, _("The answer did not come from the identity provider of this portal."), _TELL
    ),
    "bad_id_token": Text(
        _NOT_SIGNED_IN, _("What the identity provider states could not be verified."), _TELL
    ),
    "clock": Text(
        _NOT_SIGNED_IN,
        _("The clocks of the identity provider and of the portal differ too much."),
        _("Tell an admin of this portal: one of the clocks is wrong."),
    ),
    "other_person": Text(
        _("Not confirmed"),
        _(
            "Somebody else is signed in at the identity provider, with another account than yours. Nothing was sent."
        ),
        _("Sign out there, and confirm again with your own account."),
    ),
    "not_fresh": Text(
        _("Not confirmed"),
        _("The identity provider did not ask you again who you are. Nothing was sent."),
        _("Sign out of the portal and sign in again: that counts as a confirmation too."),
    ),
    "too_long": Text(
        _("Not confirmed"),
        _("The form is too long to be kept meanwhile. Nothing was sent."),
        _("Sign out of the portal and sign in again: after that you are not asked for some minutes."),
    ),
    "inactive": Text(_NO_ACCESS, _("Your account in this portal is not active."), _ADMIN, False),
    "not_in_a_group": Text(
        _NO_ACCESS,
        _("None of your groups at the identity provider gives a role in this portal."),
        _("Ask an admin of this portal which group you need."),
        False,
    ),
    "groups_left_out": Text(
        _NO_ACCESS,
        _("You are in so many groups that the identity provider did not name them."),
        _("Ask an admin of this portal: the provider can be told to name only the groups that matter here."),
        False,
    ),
    "unknown_person": Text(
        _NOT_RECOGNISED, _("Nobody in this portal has your verified e-mail address."), _ADMIN, False
    ),
    "email_not_verified": Text(
        _NOT_RECOGNISED,
        _(
            "Somebody in this portal has your e-mail address, but the identity provider does not say that it is verified."
        ),
        _ADMIN,
        False,
    ),
    "several_people": Text(
        _NOT_RECOGNISED, _("Several people in this portal have your e-mail address."), _ADMIN, False
    ),
    "linked_to_another": Text(
        _NOT_RECOGNISED,
        _("The person with your e-mail address is linked to another account of the identity provider."),
        _("Ask an admin of this portal: the link can be removed on the person's page."),
        False,
    ),
}
"""By the code of the error."""
