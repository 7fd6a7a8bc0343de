"""Jobs that are at work on a server, as its pages tell of them: what a person requests now may cross them."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from snapshots.jobs import service
from snapshots.jobs.models import Job


@dataclass(frozen=True)
class RunningJob:
    """`url` is '' if the person may not see the job. `restores`: it is going to restore this server."""

    job: Job
    url: str
    restores: bool


def running_jobs(request: HttpRequest, server_id: int) -> list[RunningJob]:
    found = list(service.running_on(server_id))
    if not found:
        return []
    seen = set(
        service.visible_to(request.user).filter(pk__in=[one.pk for one in found]).values_list("pk", flat=True)
    )
    restoring = service.going_to_restore(server_id)
    return [
        RunningJob(
            job=one,
            url=reverse("job_detail", args=[one.pk]) if one.pk in seen else "",
            restores=str(one.pk) in restoring,
        )
        for one in found
    ]
