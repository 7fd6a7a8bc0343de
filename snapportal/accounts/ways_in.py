"""With what a person may sign in: a password, the identity provider, or both."""

from django.conf import settings

from snapportal.accounts.models import User


def is_break_glass(username: str) -> bool:
    """Whether this is the sign-in name of an account for emergencies: it may always use a password, and keeps its role."""
    return username in settings.SNAPPORTAL_BREAK_GLASS


def may_use_password(person: User) -> bool:
    return settings.SNAPPORTAL_PASSWORD_SIGN_IN or is_break_glass(person.username)


def can_prove_password(person: User) -> bool:
    return person.has_usable_password() and may_use_password(person)


def has_single_sign_on(person: User) -> bool:
    """Whether the person is known at the identity provider that is configured now."""
    single_sign_on = settings.SNAPPORTAL_OIDC
    return single_sign_on is not None and person.identities.filter(issuer=single_sign_on.issuer).exists()


def can_sign_in(person: User) -> bool:
    return can_prove_password(person) or has_single_sign_on(person)


def role_follows_groups(person: User) -> bool:
    """Whether the next sign-in through the identity provider sets the role."""
    has_roles = settings.SNAPPORTAL_OIDC is not None and bool(settings.SNAPPORTAL_OIDC.roles)
    return has_roles and not is_break_glass(person.username) and has_single_sign_on(person)
