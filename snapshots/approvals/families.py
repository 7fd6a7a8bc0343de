"""What asking and approving need to know of a kind of request, whatever it is about."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from snapshots.approvals.models import ApprovalRequest, Kind, RequestedItem
from snapshots.audit.journal import Actor
from snapshots.jobs.models import Step
from snapshots.operations.approval import Approval, Approved


@dataclass(frozen=True)
class Asked:
    """The call that a page or the API makes. `confirmation`: of its form."""

    kind: Kind
    actor: Actor
    confirmation: Any
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Described:
    """What a request of the call is about, and its arguments as JSON."""

    items: Sequence[RequestedItem]
    arguments: dict[str, Any]
    title: str = ""


@dataclass(frozen=True)
class Family:
    """Kinds whose calls are alike.

    `form_key`: the one-time key of the form. `describe`: what it is about, checked as if it were approved; nothing is done.
    `call_of`: all arguments of the call that a request stands for, with what takes the place of the form.
    """

    form_key: Callable[[Asked], str]
    describe: Callable[[Asked, Approval], Described]
    call_of: Callable[[ApprovalRequest, Approved[str]], dict[str, Any]]


def deleted_text(steps: Iterable[Step]) -> str:
    """The snapshot that is deleted first to make room, if one is."""
    return "".join(f"{one.snapshot_name} (ID {one.snapshot_id})" for one in steps)


def nothing() -> None:
    """A guard that lets all pass."""
