"""The steps of a job by server, and where a batch leads to, prepared for templates."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from django.http import HttpRequest
from django.urls import reverse

from snapshots.connection import own_tokens
from snapshots.inventory.shown_servers import copy_reaching
from snapshots.jobs import service
from snapshots.jobs.models import Job, Kind, Step
from snapshots.jobs.outcomes import Outcome, Result, chain_of, to_try_again
from snapshots.operations.attention import visible_to as visible_operations
from snapshots.operations.models import Action
from snapshots.operations.rights import may_in_part
from snapshots.vault.models import StoredToken
from snapshots.views.rows import Estimate, operation_estimate
from snapshots.views.texts.base import Badge
from snapshots.views.texts.batches import OUTCOME_BADGES
from snapshots.views.texts.jobs import step_code_words, step_title
from snapshots.views.texts.operations import operation_words


@dataclass(frozen=True, kw_only=True)
class StepLine:
    """One step as shown. `url` leads to its operation, '' if there is none yet or the person may not open it."""

    title: Any
    badge: Badge
    why: Any
    url: str
    estimate: Estimate | None


@dataclass(frozen=True)
class ServerSteps:
    """The steps on one server. `url` leads to it with the person's own token, '' without."""

    name: str
    url: str
    lines: Sequence[StepLine]


def _line(result: Result, *, is_visible: bool) -> StepLine:
    operation = result.operation
    is_unknown = operation is not None and result.outcome == Outcome.UNKNOWN
    return StepLine(
        title=step_title(result.step),
        badge=OUTCOME_BADGES[result.outcome],
        why=operation_words(operation).title if operation and is_unknown else step_code_words(result.step),
        url=reverse("operation_detail", args=[operation.pk]) if operation and is_visible else "",
        estimate=operation_estimate(operation) if operation else None,
    )


def group_steps(request: HttpRequest, results: Sequence[Result]) -> list[ServerSteps]:
    """In the order in which the servers were selected."""
    pks = [one.operation.pk for one in results if one.operation]
    visible = set(visible_operations(request.user).filter(pk__in=pks).values_list("pk", flat=True))
    groups: dict[int, list[Result]] = defaultdict(list)
    for one in results:
        groups[one.step.server_id].append(one)
    own = _own_tokens(request, results)
    return [
        ServerSteps(
            name=group[0].step.server_name,
            url=_server_url(own.get(group[0].step), server_id),
            lines=[_line(one, is_visible=_has_operation(one, visible)) for one in group],
        )
        for server_id, group in groups.items()
    ]


def _has_operation(result: Result, visible: set[Any]) -> bool:
    return result.operation is not None and result.operation.pk in visible


def _own_tokens(request: HttpRequest, results: Sequence[Result]) -> dict[Step, StoredToken | None]:
    """Step → the person's own copy of the token that it used."""
    own = own_tokens(request.user)
    used = StoredToken.objects.in_bulk({one.step.token_id for one in results})
    fingerprints = {pk: one.fingerprint for pk, one in used.items()}
    steps = [one.step for one in results]
    return {one: copy_reaching(own, fingerprints.get(one.token_id, ""), one.server_id) for one in steps}


def _server_url(token: StoredToken | None, server_id: int) -> str:
    return reverse("server_detail", args=[token.pk, server_id]) if token else ""


def version_of(job: Job, results: Sequence[Result]) -> str:
    """Another one once anything that the page shows of the steps has changed."""
    text = "-".join([job.state, *(one.outcome for one in results)])
    return f"{crc32(text.encode()):08x}"


def announcement(groups: Sequence[ServerSteps]) -> str:
    return ". ".join(f"{line.title}: {line.badge.text}" for group in groups for line in group.lines)


def batch_links(request: HttpRequest, job: Job) -> dict[str, Any]:
    """Where to try again what was not done, the jobs before and after this one, and the restore point."""
    seen = service.visible_to(request.user)
    chain = chain_of(job, seen)
    later = seen.filter(retry_of=job).first()
    points = {Kind.CREATE_MANY: chain[0].pk, Kind.RESTORE_MANY: job.point_id}
    point = points.get(Kind(job.kind))
    may_see = request.user.has_perm("snapshots.see")
    return {
        "again": _again(request, job, chain) if later is None else None,
        "earlier_url": reverse("job_detail", args=[job.retry_of_id]) if chain[0] != job else "",
        "later_url": reverse("job_detail", args=[later.pk]) if later else "",
        "point_url": reverse("restore_point_detail", args=[point]) if point and may_see else "",
    }


def _again(request: HttpRequest, job: Job, chain: Sequence[Job]) -> dict[str, Any] | None:
    """How many items were not done, and the page that tries them again; None if there are none or the person may not."""
    count = len(to_try_again(chain))
    targets = {
        Kind.CREATE_MANY: (Action.CREATE, "batch_create", []),
        Kind.DELETE_MANY: (Action.DELETE, "batch_delete", []),
        Kind.RESTORE_MANY: (Action.RESTORE, "restore_point_restore", [job.point_id]),
    }
    action, name, arguments = targets[Kind(job.kind)]
    if not count or not may_in_part(request.user, action.permission):
        return None
    return {"count": count, "url": f"{reverse(name, args=arguments)}?retry={job.pk}"}
