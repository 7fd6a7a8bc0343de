"""Stores how the portal looks to a person, and to a browser."""

from dataclasses import asdict

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from snapportal.accounts.cookies import set_cookie
from snapportal.accounts.devices import COOKIE_SECONDS
from snapportal.accounts.models import User
from snapportal.accounts.statements import LOOK_FIELDS
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.wording.statements import joined
from snapshots.views.look import FIELDS, Look, of_person, parse


def choose(*, actor: Actor, person: User, look: Look) -> None:
    """Store it with the person. Nothing is written, nor recorded, if it is what holds already."""
    before = of_person(person)
    changed = [name for name in FIELDS if getattr(look, name) != getattr(before, name)]
    if not changed:
        return
    with journal.committed():
        journal.record(
            actor.entry(
                action="person.set_look",
                evidence=joined((LOOK_FIELDS[name].said() for name in changed), ", "),
            )
        )
        User.objects.filter(pk=person.pk, is_active=True).update(**asdict(look))


def adopt(request: HttpRequest, person: User) -> None:
    """Whoever has not chosen anything yet keeps what was chosen in this browser before the sign-in."""
    look = parse(request.COOKIES.get(settings.LOOK_COOKIE_NAME, ""))
    if look != Look():
        User.objects.filter(pk=person.pk, **asdict(Look())).update(**asdict(look))


def keep_in_browser(response: HttpResponse, look: Look) -> HttpResponse:
    set_cookie(response, settings.LOOK_COOKIE_NAME, look.text, max_age=COOKIE_SECONDS)
    return response
