"""The steps of the set-up: why each matters, what was found, and where it is done."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from snapportal.first_run.facts import Facts
from snapportal.first_run.models import Mark, SetupMark
from snapportal.first_run.step import Marks, Step
from snapshots.inventory.readings import Reading
from snapshots.notifications.alarms import DOWN_ERRORS
from snapshots.templatetags.portal import ago
from snapshots.views.texts.readings import reading_words

NEEDED_SETTINGS: Final = (
    "SNAPPORTAL_API_URL",
    "SNAPPORTAL_ALLOWED_HOSTS",
    "SNAPPORTAL_SECRET_KEY",
    "SNAPPORTAL_TOKEN_KEYS",
    "SNAPPORTAL_AUDIT_KEYS",
    "SNAPPORTAL_LOG_SIGNING_KEYS",
    "SNAPPORTAL_LOG_ORIGIN",
)
"""What the portal does not start without when a real provider is configured."""


def _provider(facts: Facts, _marks: Marks) -> Step:
    """Where nothing was read yet, what leads on is a token."""
    reading = facts.reading
    is_down = reading is not None and reading.error in DOWN_ERRORS
    if reading is None:
        url, action = _token_page(facts)
    else:
        url, action = reverse("system_detail"), _("Show the system")
    return Step(
        key="provider",
        title=_("Reach the provider"),
        why=_("Everything that the portal shows and does goes to the provider's address."),
        found=_provider_words(reading),
        is_done=reading is not None and reading.confirmed_at is not None and not is_down,
        is_trouble=is_down,
        names=("manage.py check_provider",) if reading is None or is_down else (),
        url=url,
        action=action,
    )


def _sandbox() -> Step:
    """In the place of the provider's step: there is nothing to do, but to read how a real one is connected."""
    return Step(
        key="provider",
        title=_("How to connect the real provider"),
        why="",
        found=_(
            "This is the sandbox: its servers are simulated. To connect the real provider, put its address and the portal's own "
            "secrets into these settings, choose another data folder (SNAPPORTAL_DATA_DIR), and start the portal again. "
            "The README explains each."
        ),
        is_done=False,
        is_optional=True,
        names=NEEDED_SETTINGS,
        url="",
        action="",
    )


def _provider_words(reading: Reading | None) -> SafeString | str:
    if reading is None:
        return _(
            "The provider was not read yet: that happens as soon as a token is stored. Until then, this command checks the "
            "address on the machine of the portal:"
        )
    if reading.error in DOWN_ERRORS:
        return _("%(trouble)s. This command says why:") % {"trouble": reading_words(reading).title}
    if reading.confirmed_at is None:
        return _("The provider answered, but its lists could not be read yet: see the token.")
    return format_html(_("Its lists were last read {}."), ago(reading.confirmed_at))


def _token_page(facts: Facts) -> tuple[str, str]:
    """Its address, and the words of the link to it."""
    if facts.tokens:
        return reverse("token_list"), _("Show the tokens")
    return reverse("token_add"), _("Add a token")


def _token(facts: Facts, _marks: Marks) -> Step:
    if facts.good_tokens:
        found = ngettext(
            "%(n)d token is stored and was accepted.",
            "%(n)d tokens are stored and were accepted.",
            facts.good_tokens,
        )
        found %= {"n": facts.good_tokens}
    elif facts.tokens:
        found = _("No stored token was accepted by the provider so far, or it refuses them now.")
    else:
        found = _("No token is stored.")
    url, action = _token_page(facts)
    return Step(
        key="token",
        title=_("Store a token"),
        why=_(
            "With a token the portal sees your servers; it is checked when you store it, and kept encrypted."
        ),
        found=found,
        is_done=facts.good_tokens > 0,
        is_trouble=facts.tokens > 0 and not facts.good_tokens,
        url=url,
        action=action,
    )


def _people(facts: Facts, marks: Marks) -> Step:
    others = facts.people - 1
    is_alone = Mark.ALONE in marks
    found: SafeString | str = _("You are the only person here.")
    if others > 0:
        found = others_text(others)
    elif is_alone:
        found = _confirmed(marks[Mark.ALONE])
    return Step(
        key="people",
        title=_("Invite the others"),
        why=_(
            "With an account of their own everybody has only the rights they need, and the audit log says who did what."
        ),
        found=found,
        is_done=others > 0 or is_alone,
        url=reverse("person_list" if others > 0 else "person_add"),
        action=_("Show the people") if others > 0 else _("Invite a person"),
        mark=Mark.ALONE,
        confirm="" if others > 0 or is_alone else _("I work alone"),
        withdraw=_("I do not work alone") if is_alone else "",
    )


def others_text(others: int) -> str:
    return ngettext(
        "%(n)d other person can sign in, or is invited.",
        "%(n)d other people can sign in, or are invited.",
        others,
    ) % {"n": others}


def _factors(facts: Facts, _marks: Marks) -> Step:
    missing = facts.unprotected_admins
    found = _("Every admin has one.")
    if missing:
        found = ngettext(
            "%(n)d admin signs in with a password alone.",
            "%(n)d admins sign in with a password alone.",
            missing,
        ) % {"n": missing}
    return Step(
        key="factors",
        title=_("Protect the admins' sign-in"),
        why=_(
            "Whoever finds out the password of an admin could do everything; a second factor prevents that."
        ),
        found=found,
        is_done=not missing,
        url=reverse("factor_list" if facts.is_unprotected else "security_detail"),
        action=_("Set up your second factor") if facts.is_unprotected else _("Show who has none"),
    )


def _notifications(facts: Facts, _marks: Marks) -> Step:
    can_send = facts.has_target or settings.SNAPPORTAL_EMAIL is not None
    if not can_send:
        found = _(
            "No message can leave the portal: there is no target of the team, and SNAPPORTAL_EMAIL_URL names no mail server."
        )
    elif not facts.was_told:
        found = _("Nothing was delivered yet. A target's page has a button that sends a test.")
    else:
        found = _("A message was delivered.")
    return Step(
        key="notifications",
        title=_("Be told when something goes wrong"),
        why=_("A failed restore, a refused token or a broken log should reach you while no page is open."),
        found=found,
        is_done=can_send and facts.was_told,
        url=reverse("target_list" if facts.has_target else "target_add"),
        action=_("Show the targets") if facts.has_target else _("Add a target"),
    )


def _schedule(facts: Facts, _marks: Marks) -> Step:
    is_there = facts.has_schedule
    return Step(
        key="schedule",
        title=_("Let a schedule take snapshots"),
        why=_("A schedule makes sure that there is a recent snapshot also when nobody thought of it."),
        found=_("A schedule is active.") if is_there else _("No schedule is active."),
        is_done=is_there,
        url=reverse("schedule_list" if is_there else "schedule_add"),
        action=_("Show the schedules") if is_there else _("Make a schedule"),
    )


def _backup(_facts: Facts, marks: Marks) -> Step:
    mark = marks.get(Mark.BACKUP)
    found = _("The portal cannot find this out: confirm it when it is so.")
    return Step(
        key="backup",
        title=_("Back up the portal itself"),
        why=_(
            "Without its database the audit log is lost, and without its keys nobody can use the stored tokens or verify the log."
        ),
        found=_confirmed(mark) if mark else found,
        is_done=mark is not None,
        url=f"{reverse('help_page')}#setting-up",
        action=_("What to back up"),
        mark=Mark.BACKUP,
        confirm="" if mark else _("Both are backed up"),
        withdraw=_("That is no longer so") if mark else "",
    )


def _anchor(facts: Facts, _marks: Marks) -> Step:
    inside = Path(settings.SNAPPORTAL_ANCHOR_FILE).is_relative_to(settings.DATA_DIR)
    is_outside = bool(settings.SNAPPORTAL_ANCHOR_URL) or not inside
    if not facts.is_anchored:
        found = _("It was never anchored. The worker does it every hour.")
    elif not is_outside:
        found = _(
            "It is anchored in a file of the portal's own data folder only: name another place with SNAPPORTAL_ANCHOR_URL "
            "or SNAPPORTAL_ANCHOR_FILE."
        )
    else:
        found = _("It is anchored outside of the portal's data folder.")
    return Step(
        key="anchor",
        title=_("Anchor the audit log elsewhere"),
        why=_(
            "Without an anchor outside of this machine nobody could notice that its newest rows were removed."
        ),
        found=found,
        is_done=facts.is_anchored and is_outside,
        is_optional=True,
        url=f"{reverse('help_page')}#setting-up",
        action=_("How to anchor it"),
    )


def _confirmed(mark: SetupMark) -> SafeString:
    if mark.person is None:
        return format_html(_("Confirmed {}."), ago(mark.at))
    who = format_html('<bdi translate="no">{}</bdi>', mark.person)
    return format_html(_("Confirmed by {} {}."), who, ago(mark.at))


_MAKERS: Final[tuple[Callable[[Facts, Marks], Step], ...]] = (
    _token,
    _provider,
    _people,
    _factors,
    _notifications,
    _schedule,
    _backup,
    _anchor,
)


def make_steps(facts: Facts, marks: Marks) -> list[Step]:
    """In the order in which they are done. Who tries the portal out with the sandbox connects the provider at the end."""
    if settings.SANDBOX:
        steps = [make(facts, marks) for make in _MAKERS if make is not _provider]
        return [*steps, _sandbox()]
    return [make(facts, marks) for make in _MAKERS]
