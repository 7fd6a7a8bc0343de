"""Restore points: snapshots that were created together on several servers, under one name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from snapshots.inventory.readings import Reading
from snapshots.inventory.servers import find_snapshot
from snapshots.jobs.models import Job, JobQuerySet, Kind
from snapshots.jobs.outcomes import Outcome, Result, last_attempts_of


@dataclass(frozen=True)
class RestorePoint:
    """`jobs`: the one that made it, then those that tried failed servers again. `members`: one for each server."""

    jobs: Sequence[Job]
    members: Sequence[Result]

    @property
    def first(self) -> Job:
        return self.jobs[0]

    @property
    def made(self) -> list[Result]:
        """The servers of which it has a snapshot."""
        return [one for one in self.members if one.outcome == Outcome.COMPLETED and one.snapshot_id]


def first_jobs(seen: JobQuerySet) -> JobQuerySet:
    """One job for each restore point, newest first."""
    return seen.filter(kind=Kind.CREATE_MANY, retry_of=None).order_by("-created_at")


def restore_points(firsts: Iterable[Job], seen: JobQuerySet) -> list[RestorePoint]:
    """The restore points of these first jobs, in their order, as far as the person sees their jobs."""
    chains: dict[UUID, list[Job]] = {job.pk: [job] for job in firsts}
    newest = {chain[-1].pk: chain for chain in chains.values()}
    while retries := list(seen.filter(retry_of__in=newest)):
        newest = {retry.pk: newest[retry.retry_of_id] for retry in retries if retry.retry_of_id}
        for retry in retries:
            newest[retry.pk].append(retry)
    known = list(chains.values())
    return [RestorePoint(*one) for one in zip(known, last_attempts_of(known), strict=True)]


def still_exists(member: Result, readings: Mapping[str, Reading]) -> bool | None:
    """Whether the provider lists the snapshot now; None if that is not known. `readings` by the token's fingerprint."""
    if any(not reading.is_stale for reading in _listing(member, readings)):
        return True
    own = _own(member, readings)
    is_certain = own is not None and own.is_complete and not own.is_stale
    return False if is_certain else None


def last_confirmed_at(member: Result, readings: Mapping[str, Reading]) -> datetime | None:
    """When the list was last confirmed that shows the snapshot or, if none does, that should show it; None if none was read."""
    own = _own(member, readings)
    concerned = _listing(member, readings) or ([own] if own else [])
    return max((one.confirmed_at for one in concerned if one.confirmed_at), default=None)


def _listing(member: Result, readings: Mapping[str, Reading]) -> list[Reading]:
    return [one for one in readings.values() if find_snapshot(one, member.snapshot_id or 0)]


def _own(member: Result, readings: Mapping[str, Reading]) -> Reading | None:
    found = readings.get(member.operation.token_fingerprint) if member.operation else None
    return found if found and found.may_show(member.step.server_id) else None
