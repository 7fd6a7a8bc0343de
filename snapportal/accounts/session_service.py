"""Lists and ends sessions. Ending is a row of the log."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from snapportal.accounts import proof_cookie
from snapportal.accounts.devices import device_name, note_sign_in
from snapportal.accounts.models import User
from snapportal.accounts.session_models import PersonSession, oldest_times
from snapportal.accounts.statements import DEVICE, SESSIONS_ENDED, UNKNOWN_DEVICE
from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.wording.statements import joined

SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is stored when a person was seen."""


@dataclass(frozen=True)
class SessionLine:
    """A session for its list. `id` names it in forms."""

    id: str
    device: str
    address: str
    created_at: datetime
    seen_at: datetime
    is_own: bool


def begin(request: HttpRequest, person: User, *, has_second_factor: bool = False) -> bool:
    """After `login`: whose it is and from where. Returns whether it is a new device of the person."""
    now = timezone.now()
    PersonSession.objects.filter(pk=request.session.session_key).update(
        person_id=person.pk,
        created_at=now,
        seen_at=now,
        proven_at=now,
        proof_digest="",
        has_second_factor=has_second_factor,
        address=getattr(request, "client_address", "")[:45],
        device=device_name(request.headers.get("User-Agent", ""))[:120],
    )
    return note_sign_in(request, person)


def note_proven(request: HttpRequest, *, has_second_factor: bool = False) -> None:
    """The person of this session has just proved who it is, in the browser that sent the request and in no other."""
    more = {"has_second_factor": True} if has_second_factor else {}
    PersonSession.objects.filter(pk=request.session.session_key or "").update(
        proven_at=timezone.now(), proof_digest=proof_cookie.renew(request), **more
    )


def note_older_proof(key: str | None, at: float) -> None:
    """The sign-in with which this session began rests on a proof of that time, in seconds since 1970, which may be long ago."""
    proven_at = min(datetime.fromtimestamp(at, UTC), timezone.now())
    PersonSession.objects.filter(pk=key or "").update(proven_at=proven_at)


def alive(person: User) -> QuerySet[PersonSession]:
    now = timezone.now()
    began, seen = oldest_times(now)
    return PersonSession.objects.filter(
        person_id=person.pk, expire_date__gt=now, created_at__gt=began, seen_at__gt=seen
    ).order_by("-seen_at")


def lines(person: User, own_key: str = "") -> list[SessionLine]:
    """The person's sessions, the one with this key first, then by when they were seen."""
    found = [
        SessionLine(
            id=one.public_id,
            device=one.device,
            address=one.address,
            created_at=one.created_at,
            seen_at=one.seen_at,
            is_own=one.session_key == own_key,
        )
        for one in alive(person)
    ]
    return sorted(found, key=lambda one: not one.is_own)


def note_seen(row: PersonSession) -> None:
    """A person has opened a page or sent a form in this session."""
    now = timezone.now()
    if not now - SEEN_EVERY < row.seen_at <= now:
        PersonSession.objects.filter(pk=row.pk).update(seen_at=now)


def end_one(*, actor: Actor, person: User, session_id: str) -> bool:
    """False if the person has no such session any more."""
    found = next((one for one in alive(person) if one.public_id == session_id), None)
    return found is not None and bool(_end(actor, person, [found]))


def end_all(*, actor: Actor, person: User, besides: str = "") -> int:
    """All of the person's sessions, but the one with the key `besides`. Returns how many."""
    return _end(actor, person, [one for one in alive(person) if one.session_key != besides])


def _end(actor: Actor, person: User, sessions: list[PersonSession]) -> int:
    if not sessions:
        return 0
    devices = [DEVICE.said(device=one.device) if one.device else UNKNOWN_DEVICE.said() for one in sessions]
    with journal.committed():
        ended, _per_model = PersonSession.objects.filter(pk__in=[one.pk for one in sessions]).delete()
        journal.record(
            actor.entry(
                action="session.end",
                target=str(person),
                target_person_id=person.pk,
                evidence=joined([SESSIONS_ENDED.said(count=ended), *devices]),
            )
        )
    return ended


def forget_person(person_id: int) -> None:
    PersonSession.objects.filter(person_id=person_id).delete()
