"""Why a sign-in through an identity provider was refused, in the audit log."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

SIGN_ON_CODES: dict[str, "StrPromise"] = {
    "last_admin": lazy("The last active admin keeps the role"),
    "sso_provider_refused": lazy("The identity provider refused, or the sign-in was cancelled there"),
    "sso_foreign_answer": lazy("The answer did not belong to a sign-in that was begun in this browser"),
    "sso_used_answer": lazy("The answer had been used before"),
    "sso_used_code": lazy("The identity provider did not accept the code of the answer"),
    "sso_too_late": lazy("The sign-in took longer than ten minutes"),
    "sso_bad_answer": lazy("The answer came from another issuer"),
    "sso_bad_id_token": lazy("What the identity provider stated could not be verified"),
    "sso_clock": lazy("The clocks of the identity provider and of the portal differed too much"),
    "sso_inactive": lazy("The account is not active"),
    "sso_not_in_a_group": lazy("No group at the identity provider gives a role"),
    "sso_groups_left_out": lazy("The identity provider left the groups out, as they are too many"),
    "sso_unknown_person": lazy("Nobody has the verified e-mail address that the identity provider stated"),
    "sso_email_not_verified": lazy("The identity provider does not say that the e-mail address is verified"),
    "sso_several_people": lazy("Several people have the e-mail address"),
    "sso_linked_to_another": lazy("The person is linked to another account of the identity provider"),
    "single_sign_on": lazy("Confirmed at the identity provider"),
    "sso_too_long": lazy("The form was too long to be kept meanwhile"),
    "sso_other_person": lazy("Somebody else confirmed at the identity provider"),
    "sso_not_fresh": lazy("The identity provider did not ask again who it is"),
}
