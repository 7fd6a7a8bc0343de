"""Restore points: snapshots that were created together on several servers, under one name."""

from collections.abc import Sequence
from dataclasses import dataclass

from snapshots.jobs.models import Job, JobQuerySet, Kind
from snapshots.jobs.outcomes import Outcome, Result, chain_of, last_attempts


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


def restore_point(job: Job, seen: JobQuerySet) -> RestorePoint:
    """The restore point that this job made, or completed."""
    chain = chain_of(job, seen)
    return RestorePoint(chain, last_attempts(chain))
