"""Who is told of an event: what a person may see, and what a person or a target wants to know."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db.models import Q

from snapshots.connection import own_tokens
from snapshots.inventory.shown_servers import servers_shown_to
from snapshots.notifications.events import TEMPORARY_ROLE
from snapshots.notifications.models import Event, Follow, Kind, PersonalRule, Scope, Target
from snapshots.operations.attention import visible_to
from snapshots.operations.models import Action
from snapshots.operations.policies import naming
from snapshots.vault.models import StoredToken


@dataclass(frozen=True)
class Choice:
    """For which servers a person is told in the portal, and by e-mail."""

    portal: Scope
    email: Scope


OPERATION_KINDS: Final = frozenset({Kind.COMPLETED, Kind.FAILED, Kind.UNKNOWN, Kind.RESOLVED, Kind.OVERDUE})
PERMISSIONS: Final = {
    Kind.PROVIDER_DOWN: "snapshots.see",
    Kind.FREEZE: "snapshots.see",
    Kind.WORKER_DOWN: "system.see",
    Kind.MAIL_DOWN: "system.see",
    Kind.TARGET_DOWN: "system.see",
    Kind.CLOCK_WRONG: "system.see",
    Kind.AUDIT_BROKEN: "audit.read",
}
"""Kinds that concern no server, and the permission of those who are told."""
WITHOUT_SERVER: Final = frozenset(
    {
        *PERMISSIONS,
        Kind.TOKEN_REFUSED,
        Kind.SCHEDULE_STOPPED,
        Kind.NEW_DEVICE,
        Kind.FACTORS,
        Kind.API_KEY,
        Kind.REVIEW,
    }
)
"""Told to everybody who sees them: a schedule stops when its owner leaves, and then others must go on."""
OWN_KINDS: Final = frozenset({Kind.NEW_DEVICE, Kind.FACTORS, Kind.API_KEY, Kind.REVIEW})
"""Kinds that only the person is told whom they are about."""
SEEN_KINDS: Final = frozenset({Kind.OBSERVED, Kind.SILENT, Kind.SERVER_LOCK, Kind.APPROVAL})
"""Kinds that everybody is told whose token shows the server, whichever token the portal looked with."""
DEFAULTS: Final[dict[str, Choice]] = {
    Kind.COMPLETED: Choice(Scope.FOLLOWED, Scope.OFF),
    Kind.FAILED: Choice(Scope.FOLLOWED, Scope.FOLLOWED),
    Kind.UNKNOWN: Choice(Scope.ALL, Scope.FOLLOWED),
    Kind.RESOLVED: Choice(Scope.FOLLOWED, Scope.OFF),
    Kind.OVERDUE: Choice(Scope.FOLLOWED, Scope.OFF),
    Kind.COLLEAGUE: Choice(Scope.FOLLOWED, Scope.OFF),
    Kind.OBSERVED: Choice(Scope.FOLLOWED, Scope.OFF),
    Kind.SILENT: Choice(Scope.ALL, Scope.ALL),
    Kind.JOB_STOPPED: Choice(Scope.FOLLOWED, Scope.FOLLOWED),
    Kind.SCHEDULE_FAILED: Choice(Scope.FOLLOWED, Scope.FOLLOWED),
    Kind.SCHEDULE_STOPPED: Choice(Scope.ALL, Scope.ALL),
    Kind.DELETION_DUE: Choice(Scope.FOLLOWED, Scope.FOLLOWED),
    Kind.TOKEN_REFUSED: Choice(Scope.ALL, Scope.ALL),
    Kind.PROVIDER_DOWN: Choice(Scope.ALL, Scope.OFF),
    Kind.WORKER_DOWN: Choice(Scope.ALL, Scope.ALL),
    Kind.MAIL_DOWN: Choice(Scope.ALL, Scope.OFF),
    Kind.TARGET_DOWN: Choice(Scope.ALL, Scope.ALL),
    Kind.CLOCK_WRONG: Choice(Scope.ALL, Scope.ALL),
    Kind.AUDIT_BROKEN: Choice(Scope.ALL, Scope.ALL),
    Kind.NEW_DEVICE: Choice(Scope.ALL, Scope.ALL),
    Kind.FACTORS: Choice(Scope.ALL, Scope.ALL),
    Kind.API_KEY: Choice(Scope.ALL, Scope.ALL),
    Kind.SERVER_LOCK: Choice(Scope.ALL, Scope.ALL),
    Kind.FREEZE: Choice(Scope.ALL, Scope.ALL),
    Kind.APPROVAL: Choice(Scope.ALL, Scope.ALL),
    Kind.REVIEW: Choice(Scope.ALL, Scope.ALL),
}
SCHEDULE_STOP: Final = "schedule.stop"
COLLEAGUE_ACTIONS: Final = frozenset({Action.RESTORE, Action.DELETE})


@dataclass(frozen=True)
class Receiver:
    """A person who is told, and how."""

    person_id: int
    in_portal: bool
    by_email: bool
    is_colleagues: bool


def choices_of(person_id: int) -> dict[str, Choice]:
    """Kind → what the person chose, or the default. What is about the person's account is always told in the portal."""
    chosen = {
        rule.kind: Choice(Scope(rule.portal), Scope(rule.email))
        for rule in PersonalRule.objects.filter(person_id=person_id)
    }
    own = {kind: Choice(Scope.ALL, chosen[kind].email) for kind in OWN_KINDS & set(chosen)}
    return DEFAULTS | chosen | own


def kinds_for(person: Any) -> list[Kind]:
    """The kinds of events that this person can be told of."""
    return [
        kind
        for kind in Kind
        if kind in OWN_KINDS or (kind in DEFAULTS and person.has_perm(PERMISSIONS.get(kind, "snapshots.see")))
    ]


def receivers(event: Event) -> Iterator[Receiver]:
    """Everybody who may see the event and wants to be told of it."""
    for person in get_user_model().objects.filter(is_active=True).order_by("pk"):
        if may_see(person, event) and not _has_just_done(person, event):
            receiver = _receiver(person, event)
            if receiver.in_portal or receiver.by_email:
                yield receiver


def _has_just_done(person: Any, event: Event) -> bool:
    """A person who plans a deletion is reminded later, not told at once."""
    return event.action == "deletion.plan" and event.actor_id == person.pk


def may_see(person: Any, event: Event) -> bool:
    """Whether the pages of the portal would show this person what the event tells."""
    if event.kind in OWN_KINDS:
        return bool(person.pk == (event.actor_id if event.person_id is None else event.person_id))
    if event.kind in PERMISSIONS:
        return bool(person.has_perm(PERMISSIONS[Kind(event.kind)]))
    if event.kind in OPERATION_KINDS:
        return event.operation_id is not None and visible_to(person).filter(pk=event.operation_id).exists()
    if event.action.startswith(TEMPORARY_ROLE):
        return bool(person.sees_temporary_role(event.target))
    return _sees_servers_of(person, event)


def _sees_servers_of(person: Any, event: Event) -> bool:
    if person.has_perm("people.manage") or event.actor_id == person.pk:
        return True
    if any(_reaches(one, event) for one in own_tokens(person)):
        return True
    is_shown = event.kind in SEEN_KINDS and not event.server_ids.isdisjoint(servers_shown_to(person))
    return is_shown or (event.kind == Kind.APPROVAL and _is_asked(person, event))


def _is_asked(person: Any, event: Event) -> bool:
    """Whether a policy names the person among those who approve what is done on one of the servers."""
    numbers: Collection[int | None] = event.server_ids or [None]
    return any(policy.reaches(number) for policy in naming(person.pk) for number in numbers)


def _reaches(token: StoredToken, event: Event) -> bool:
    """Whether the event is about this token, and about a server that its limits leave it, if it is about servers."""
    servers = event.server_ids
    is_about = token.fingerprint in event.token_fingerprints
    return is_about and (not servers or any(map(token.reaches, servers)))


def _receiver(person: Any, event: Event) -> Receiver:
    choices = choices_of(person.pk)
    is_own = event.actor_id == person.pk
    is_followed = Follow.objects.filter(person_id=person.pk, server_id__in=event.server_ids).exists()
    kinds = _kinds_of(event) - ({Kind.COLLEAGUE} if is_own else set())
    wanted = {kind: choices[kind] for kind in kinds}

    def wants(kind: str, scope: Scope) -> bool:
        if kind in WITHOUT_SERVER:
            return scope != Scope.OFF
        return scope == Scope.ALL or (scope == Scope.FOLLOWED and (is_own or is_followed))

    return Receiver(
        person_id=person.pk,
        in_portal=any(wants(kind, choice.portal) for kind, choice in wanted.items()),
        by_email=bool(person.email) and any(wants(kind, choice.email) for kind, choice in wanted.items()),
        is_colleagues=Kind.COLLEAGUE in kinds,
    )


def _kinds_of(event: Event) -> set[str]:
    """Whoever wants one of these is told. The stop of a schedule is also that of the run that failed with it."""
    kinds: set[str] = {event.kind}
    if event.kind in {Kind.COMPLETED, Kind.RESOLVED} and event.action in COLLEAGUE_ACTIONS:
        kinds.add(Kind.COLLEAGUE)
    if event.action == SCHEDULE_STOP:
        kinds.add(Kind.SCHEDULE_FAILED)
    return kinds


def targets(event: Event) -> list[Target]:
    """The team's targets that are told of the event."""
    kinds = _kinds_of(event)
    return [
        target
        for target in Target.objects.all()
        if kinds & set(target.kinds)
        and not (event.kind == Kind.TARGET_DOWN and event.target == target.label)
        and (not target.server_ids or not event.server_ids or event.server_ids & set(target.server_ids))
    ]


def set_choices(person_id: int, choices: dict[str, Choice]) -> None:
    """Store a person's choices."""
    rows = [
        PersonalRule(person_id=person_id, kind=kind, portal=choice.portal, email=choice.email)
        for kind, choice in choices.items()
    ]
    PersonalRule.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["person", "kind"],
        update_fields=["portal", "email"],
    )


def is_followed(person_id: int, server_id: int) -> bool:
    return Follow.objects.filter(person_id=person_id, server_id=server_id).exists()


def set_followed(person_id: int, server_id: int, *, follows: bool) -> None:
    if follows:
        Follow.objects.bulk_create([Follow(person_id=person_id, server_id=server_id)], ignore_conflicts=True)
    else:
        Follow.objects.filter(Q(person_id=person_id) & Q(server_id=server_id)).delete()
