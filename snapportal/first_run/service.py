"""The guide as a person sees it, and what people say about the set-up, each a row of the log."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import structlog
from django.conf import settings
from django.core.cache import caches
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.models import User
from snapportal.first_run.facts import count_people, read_facts
from snapportal.first_run.models import CONFIRMED_BY_HAND, HiddenGuide, Mark, SetupMark
from snapportal.first_run.step import Step
from snapportal.first_run.steps import make_steps
from snapshots import sql
from snapshots.audit import journal
from snapshots.audit.journal import Actor, EntryData, JournalUnavailableError

log = structlog.get_logger()
OVER_KEY: Final = "first_run:over"
"""In the memory of the process: a set-up that ended does not begin again."""
_STATE: Final = f"""
SELECT EXISTS(SELECT 1 FROM {SetupMark._meta.db_table} WHERE name = %s),
       EXISTS(SELECT 1 FROM {HiddenGuide._meta.db_table} WHERE person_id = %s)
"""  # noqa: S608 - names of tables


@dataclass(frozen=True)
class Guide:
    """The steps with their states; the optional ones do not count. `finished`: the end of the set-up, which stays recorded."""

    steps: list[Step]
    finished: SetupMark | None

    @cached_property
    def needed(self) -> list[Step]:
        return [one for one in self.steps if not one.is_optional]

    @property
    def done(self) -> int:
        return sum(one.is_done for one in self.needed)

    @property
    def next(self) -> Step | None:
        """The first that is not done."""
        return next((one for one in self.needed if not one.is_done), None)

    @property
    def leads_to_token(self) -> bool:
        """Whether the next thing to do is to add a token, so that a page needs no other button for it."""
        return self.next is not None and self.next.url == reverse("token_add")

    @property
    def is_complete(self) -> bool:
        return self.next is None


def end_mark() -> Mark:
    """The mark of the end. That with the sandbox is not that with a real provider, which is reached only then."""
    return Mark.TRIED if settings.SANDBOX else Mark.FINISHED


def read_guide(person: User) -> Guide:
    """The end is recorded by whoever sees it first."""
    marks = {one.name: one for one in SetupMark.objects.select_related("person")}
    guide = Guide(make_steps(read_facts(person.pk), marks), marks.get(end_mark()))
    if guide.is_complete and guide.finished is None:
        finish()
    return guide


def unfinished_guide(person: User) -> Guide | None:
    """For the list of servers. None when the set-up is over, which a process asks the database once, or the person has hidden
    the guide. Whoever sees the end first still sees the guide, as complete."""
    if caches["html"].get(OVER_KEY):
        return None
    ((is_finished, is_hidden),) = sql.run(_STATE, [end_mark().value, person.pk])
    if is_finished:
        caches["html"].set(OVER_KEY, True, None)
    return None if is_finished or is_hidden else read_guide(person)


def is_hidden(person: User) -> bool:
    return HiddenGuide.objects.filter(person=person).exists()


def finish() -> None:
    """Record that all steps were done. While the log cannot be written, the set-up is simply not over yet."""
    try:
        with journal.alone():
            if not SetupMark.objects.filter(pk=end_mark()).exists():
                journal.record(EntryData(action="setup.finish", channel="evidence"))
                SetupMark.objects.create(name=end_mark(), at=timezone.now())
    except JournalUnavailableError as error:
        log.warning("setup.not_finished", error=str(error))


def confirm(mark: Mark, *, actor: Actor) -> int:
    """Of CONFIRMED_BY_HAND. Nothing is written if it is confirmed already.

    Returns how many other people contradict it: if there are any, it is refused, which is a row of the log.
    """
    assert mark in CONFIRMED_BY_HAND
    with journal.alone():
        others = count_people() - 1 if mark == Mark.ALONE else 0
        entry = actor.entry(action="setup.confirm", code=f"setup_{mark}")
        if others > 0:
            journal.record(replace(entry, result="refused"))
        elif not SetupMark.objects.filter(pk=mark).exists():
            journal.record(entry)
            SetupMark.objects.create(name=mark, at=timezone.now(), person_id=actor.id)
    return max(others, 0)


def withdraw(mark: Mark, *, actor: Actor) -> None:
    assert mark in CONFIRMED_BY_HAND
    with journal.alone():
        if SetupMark.objects.filter(pk=mark).delete()[0]:
            journal.record(actor.entry(action="setup.withdraw", code=f"setup_{mark}"))


def hide(person: User, *, actor: Actor) -> None:
    with journal.alone():
        if not is_hidden(person):
            journal.record(actor.entry(action="setup.hide"))
            HiddenGuide.objects.create(person=person)


def show(person: User, *, actor: Actor) -> None:
    with journal.alone():
        if HiddenGuide.objects.filter(person=person).delete()[0]:
            journal.record(actor.entry(action="setup.show"))
