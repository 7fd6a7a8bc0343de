"""Which servers a job's row of the log concerns, for notifications."""

from collections.abc import Iterable, Mapping
from typing import Any

from snapshots.jobs.models import Step, StepState
from snapshots.notifications.coverage import Coverage, CoveredServer, parse_id
from snapshots.vault.models import StoredToken

NOT_DONE = frozenset({StepState.FAILED, StepState.LEFT_OUT})


def coverage_of_job(row: Mapping[str, Any]) -> Coverage:
    steps = Step.objects.filter(job_id=parse_id(row["target"])).order_by("lane", "position")
    return Coverage(servers=covered_servers(list(steps)))


def covered_servers(steps: Iterable[Step]) -> tuple[CoveredServer, ...]:
    """The servers of these steps, each once; failed are those on which a step was not done."""
    known = list(steps)
    tokens = StoredToken.objects.in_bulk({step.token_id for step in known})
    failed = {step.server_id for step in known if step.state in NOT_DONE}
    found = {
        step.server_id: CoveredServer(
            step.server_id,
            step.server_name,
            tokens[step.token_id].fingerprint if step.token_id in tokens else "",
            step.server_id in failed,
        )
        for step in known
    }
    return tuple(found.values())
