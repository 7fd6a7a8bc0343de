"""Texts of jobs: what each step does, how it stands, and what the whole means."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from snapshots.jobs.engine import PLANNED
from snapshots.jobs.models import Job, JobState, Step
from snapshots.operations.models import Action
from snapshots.templatetags.portal import with_names
from snapshots.views.texts.audit_names import CODES
from snapshots.views.texts.base import Badge, Words
from snapshots.views.texts.refusals import REFUSAL_WORDS

if TYPE_CHECKING:
    from django.utils.safestring import SafeString
    from django_stubs_ext import StrPromise

JOB_BADGES = {
    JobState.RUNNING: Badge("moving", lazy("Running")),
    JobState.COMPLETED: Badge("ok", lazy("Completed")),
    JobState.STOPPED: Badge("bad", lazy("Stopped")),
    JobState.CANCELLED: Badge("neutral", lazy("Cancelled")),
}
_WORDS = {
    JobState.RUNNING: Words(
        "moving",
        lazy("It is running, step by step"),
        lazy(
            "It goes on with this page closed. Each step begins only after the one before it has completed."
        ),
    ),
    JobState.COMPLETED: Words("ok", lazy("All of it is done"), lazy("Every step completed.")),
    JobState.STOPPED: Words(
        "bad",
        lazy("It stopped: not all of it was done"),
        lazy("A step was not completed, so those after it were left out. What completed stays as it is."),
        lazy("Read below which steps are done, then decide how to go on."),
    ),
    JobState.CANCELLED: Words(
        "neutral",
        lazy("It was cancelled"),
        lazy("No further step begins. A step that had been sent already goes on at the provider."),
    ),
}
_STEP_TITLES: dict[Action, "StrPromise"] = {
    Action.CREATE: lazy("Create snapshot %(snapshot)s of %(server)s"),
    Action.RESTORE: lazy("Restore %(server)s from snapshot %(snapshot)s"),
    Action.DELETE: lazy("Delete snapshot %(snapshot)s of %(server)s"),
}


def job_words(job: Job) -> Words:
    return _WORDS[JobState(job.state)]


def step_title(step: Step) -> "SafeString":
    names = {"snapshot": step.snapshot_name or _("without a name"), "server": step.server_name}
    return with_names(str(_STEP_TITLES[Action(step.action)]), **names)


def step_code_words(step: Step) -> "StrPromise | str":
    """Why the step was not completed; '' if there is nothing to say."""
    if not step.code:
        return ""
    if step.code == PLANNED:
        return _("It waits for the server's grace time, and can be kept until then.")
    if step.code in REFUSAL_WORDS:
        return REFUSAL_WORDS[step.code].title
    return CODES.get(step.code, step.code)
