"""The team's targets: adds, changes, tests and removes them, each with its row in the log. Addresses are kept sealed."""

import json
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet
from django.utils import timezone

from snapshots.audit import journal
from snapshots.audit.journal import Actor
from snapshots.audit.wording.shared import servers_said
from snapshots.audit.wording.statements import joined
from snapshots.notifications import statements
from snapshots.notifications.models import (
    Delivery,
    DeliveryState,
    Event,
    Kind,
    OutboxItem,
    Target,
    TargetKind,
)
from snapshots.vault import crypto, tokens
from snapshots.vault.crypto import Binding
from snapshots.vault.sealed_rows import seal_again

ADD: Final = "notification.target_add"
CHANGE: Final = "notification.target_change"
REMOVE: Final = "notification.target_remove"
TEST: Final = "notification.test"
RETRY: Final = "notification.retry"


class DuplicateTargetError(Exception):
    """There is a target with this label."""


@dataclass(frozen=True)
class Address:
    """Where a target is. `secret` is a webhook's `whsec_…`, '' for others. Never shown, logged or written in clear."""

    url: str = field(repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Wishes:
    """What a target is told: kinds of events, and IDs of servers, none for all."""

    kinds: tuple[str, ...]
    server_ids: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        events = statements.EVENTS.said(events=self.kinds) if self.kinds else statements.NO_EVENTS.said()
        return joined([events, servers_said(list(self.server_ids) or None)])


def _address(kind: str, shown: str) -> str:
    return statements.ADDRESS.said(kind=kind, address=shown)


def _binding(target: Target) -> Binding:
    return Binding(Target._meta.db_table, "sealed", str(target.pk), 0)


def _seal(target: Target, address: Address) -> None:
    """Raises SealError, also when the first key is a wrong key under the right ID."""
    tokens.check_keys()
    text = json.dumps([address.url, address.secret])
    target.key_id, target.sealed = crypto.seal(
        text, ring=settings.SNAPPORTAL_TOKEN_KEYS, binding=_binding(target)
    )


def open_address(target: Target) -> Address:
    """Raises SealError."""
    text = crypto.open_sealed(
        bytes(target.sealed),
        key_id=target.key_id,
        ring=settings.SNAPPORTAL_TOKEN_KEYS,
        binding=_binding(target),
    )
    return Address(*json.loads(text))


def all_targets() -> QuerySet[Target]:
    return Target.objects.order_by("pk")


def reseal(target: Target) -> bool:
    """Encrypt with the first key. False if it is so already, or the row was changed meanwhile. Raises SealError."""
    return seal_again(target, open_address(target), _seal)


def add(
    *, actor: Actor, kind: TargetKind, label: str, shown: str, address: Address, wishes: Wishes
) -> Target:
    """Raises DuplicateTargetError, SealError, JournalUnavailableError."""
    target = Target(
        kind=kind,
        label=label,
        shown=shown,
        kinds=list(wishes.kinds),
        server_ids=list(wishes.server_ids),
        created_at=timezone.now(),
    )
    _seal(target, address)
    try:
        with journal.committed():
            target.save(force_insert=True)
            evidence = joined([_address(kind, shown), wishes.text])
            journal.record(actor.entry(action=ADD, target=label, evidence=evidence))
    except IntegrityError as error:
        raise DuplicateTargetError(label) from error
    return target


def change(*, actor: Actor, target: Target, wishes: Wishes) -> None:
    """Change what the target is told; its address stays. Raises JournalUnavailableError."""
    with journal.committed():
        changed = Target.objects.filter(pk=target.pk).update(
            kinds=list(wishes.kinds), server_ids=list(wishes.server_ids)
        )
        if changed:
            journal.record(actor.entry(action=CHANGE, target=target.label, evidence=wishes.text))


def remove(*, actor: Actor, target: Target) -> None:
    """Remove the target and what still waits for it. Raises JournalUnavailableError."""
    with journal.committed():
        if Target.objects.filter(pk=target.pk).delete()[0]:
            journal.record(
                actor.entry(action=REMOVE, target=target.label, evidence=_address(target.kind, target.shown))
            )


def send_test(*, actor: Actor, target: Target) -> Delivery:
    """Put a test message into the outbox; the caller may send it at once with delivery.deliver."""
    now = timezone.now()
    with journal.committed():
        event = Event.objects.create(key=f"test-{uuid4()}", kind=Kind.TEST, at=now, actor_id=actor.id)
        delivery = Delivery.objects.create(target=target, created_at=now, due_at=now)
        OutboxItem.objects.create(event=event, target=target, delivery=delivery, created_at=now)
        journal.record(
            actor.entry(action=TEST, target=target.label, evidence=_address(target.kind, target.shown))
        )
    return delivery


def retry(*, actor: Actor, delivery: Delivery) -> bool:
    """Try a delivery that was given up again from the start. False if it was not given up."""
    with journal.committed():
        given_up = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.GIVEN_UP)
        is_changed = bool(
            given_up.update(
                state=DeliveryState.WAITING,
                attempts=0,
                due_at=timezone.now(),
                ended_at=None,
                claimed_until=None,
            )
        )
        if is_changed:
            label = delivery.target.label if delivery.target else ""
            journal.record(
                actor.entry(action=RETRY, target=label, evidence=statements.DELIVERY.said(id=delivery.pk))
            )
    return is_changed
