"""Restore points: snapshots that were created together on several servers, under one name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from snapshots.inventory.readings import Reading
from snapshots.inventory.servers import find_snapshot
from snapshots.jobs.models import Job, JobQuerySet, Kind
from snapshots.jobs.outcomes import Outcome, Result, last_attempts


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
    return [RestorePoint(chain, last_attempts(chain)) for chain in chains.values()]


def still_exists(member: Result, readings: Mapping[str, Reading]) -> bool | None:
    """Whether the provider still lists the snapshot; None if that is not known. `readings` by the token's fingerprint."""
    if any(find_snapshot(reading, member.snapshot_id or 0) for reading in readings.values()):
        return True
    own = readings.get(member.operation.token_fingerprint) if member.operation else None
    is_certain = own is not None and own.is_complete and not own.is_stale
    return False if is_certain else None
