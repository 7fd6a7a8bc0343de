"""Records a refused sign-in through the identity provider: once a minute for the same reason and address, and with a limit."""

from typing import Final

from django.http import HttpRequest

from snapportal.accounts.oidc.errors import FlowError, RefusedError, SignOnError
from snapportal.accounts.oidc.matching import NotAdmittedError
from snapportal.accounts.oidc.provider import configured
from snapportal.accounts.signing_in import by_single_sign_on, client_address
from snapshots.api.endpoints.throttle import Once, Throttle
from snapshots.audit import journal, masking
from snapshots.views.actor import actor_of

ROWS_A_MINUTE: Final = 60
"""In one process: anybody can call the address of the answer."""
recorded = Throttle()
told = Once()


def record(request: HttpRequest, error: SignOnError, *, action: str = "person.sign_in") -> None:
    """With the sign-in name if it is about an account, else with the masked name that the provider states.

    An outage is no refusal, and is in the log lines only.
    """
    if not isinstance(error, FlowError | RefusedError):
        return
    person = error.person if isinstance(error, NotAdmittedError) else None
    claims = error.claims if isinstance(error, NotAdmittedError) else None
    subject = claims.subject if claims else ""
    if not told.is_due(error.code, client_address(request), subject) or recorded.take("all", ROWS_A_MINUTE):
        return
    stated = claims.username or claims.email or claims.subject if claims else ""
    journal.record(
        actor_of(request).entry(
            action=action,
            result="refused",
            code=f"sso_{error.code}",
            target=person.username if person else masking.mask_name(stated) if stated else "",
            target_person_id=person.pk if person else None,
            evidence=by_single_sign_on(configured().issuer),
        )
    )
