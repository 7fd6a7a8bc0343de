"""The sections of the report that are made alike: numbers by action, and the rows themselves."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from snapshots.audit.models import Entry
from snapshots.audit.reporting.coverage import Coverage
from snapshots.audit.reporting.listed import REFUSED, Listed, list_overrides, list_rows
from snapshots.audit.reporting.operations import ACTIONS as OPERATIONS
from snapshots.audit.reporting.tally import Tally
from snapshots.views.reports.figures import Figure, LogLinks, by_action, by_code, figure
from snapshots.views.reports.lines import ReportLine, make_lines
from snapshots.views.reports.reviewed import review_figures, review_notes
from snapshots.views.roster import Roster
from snapshots.views.texts import report as texts

VERIFY, ANCHOR, GLASS, OBSERVED = (
    "audit.verify",
    "audit.anchor",
    "approval.break_glass",
    "snapshot.observed",
)
REVIEWS: Final = ("review.sign", "review.finding", "review.question", "review.answer", "review.fine")
ACCOUNTS: Final = (
    *("person.add", "person.invite", "person.add_service_account", "person.change_keeper"),
    *("person.change_role", "person.change_details", "person.activate", "person.deactivate", "person.erase"),
    *("person.link_identity", "person.unlink_identity", "factor.reset"),
    *("team.add", "team.change", "team.remove", "team.add_member", "team.remove_member"),
    *("temporary_role.grant", "temporary_role.deny", "temporary_role.end"),
)
APPROVALS: Final = (
    *("approval.request", "approval.approve", "approval.deny", GLASS),
    *("approval.withdraw", "approval.expire", "approval.void"),
    *("policy.place", "policy.ask_lift", "policy.lift", "policy.keep"),
    *("server.lock", "server.ask_unlock", "server.unlock", "server.keep_lock"),
    *("freeze.place", "freeze.ask_lift", "freeze.lift", "freeze.keep"),
    *("snapshot.protect", "snapshot.unprotect"),
    *("deletion.set_grace", "deletion.ask_shorten", "deletion.shorten", "deletion.keep_grace"),
)
KEYS: Final = (
    *("token.store", "token.replace", "token.remove", "token.limit", "token.rotate_keys"),
    *("api_key.create", "api_key.revoke"),
)
LOG: Final = (
    *("audit.export", "audit.archive", "audit.hold", "audit.lift_hold", "address.erase"),
    *("audit.accept_restored_log", "audit.accept_lost_anchors", "audit.accept_changed_rows"),
    *("audit.stream_stop", "audit.stream_restart", "audit.key_change"),
)
IN_SECTIONS: Final = frozenset(
    {*OPERATIONS, "person.sign_in", *ACCOUNTS, *APPROVALS, *KEYS, *LOG, *REVIEWS, VERIFY, ANCHOR, OBSERVED}
)
NOT_SOUND, NOT_FAILED = ("failed", REFUSED), ("completed", REFUSED)
MOST_RUNS: Final = 31
"""Verifications, and failed anchors: one for each day."""


@dataclass(frozen=True)
class Section:
    """`more`: how many older rows there are that are not shown.

    `runs`: verifications that found the log sound, of which the time says enough. `notes`: sentences before all.
    """

    key: str
    figures: tuple[Figure, ...] = ()
    lines: tuple[ReportLine, ...] = ()
    more: int = 0
    runs: tuple[ReportLine, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> texts.Words:
        return texts.SECTIONS[self.key]

    @property
    def is_empty(self) -> bool:
        return not (self.figures or self.lines or self.notes)


@dataclass(frozen=True)
class Sections:
    """Makes the sections of one report."""

    coverage: Coverage
    tally: Tally
    roster: Roster
    links: LogLinks

    def of_rows(self, key: str, actions: tuple[str, ...]) -> Section:
        """With the rows, newest first."""
        listed = list_rows(self.coverage, self.tally, actions)
        return self._with(key, by_action(self.tally, actions, self.links), listed)

    def of_numbers(self, key: str, actions: Iterable[str]) -> Section:
        return Section(key, by_action(self.tally, actions, self.links))

    def glass(self) -> Section:
        """Each in full, and also each attempt that was refused."""
        broken = list_rows(self.coverage, self.tally, [GLASS], but=())
        overrides = list_overrides(self.coverage, self.tally)
        both = replace(
            overrides,
            entries=(*broken.entries, *overrides.entries),
            more=broken.more + overrides.more,
        )
        return self._with("glass", (), both)

    def observed(self) -> Section:
        rows = [one for one in self.tally.groups if one.action == OBSERVED and one.result != REFUSED]
        url = self.links.to(action=OBSERVED)
        return Section(
            "observed",
            tuple(
                figure(texts.observed_text(code), number, url) for code, number in by_code(rows).most_common()
            ),
        )

    def verified(self) -> Section:
        """In full only what was found broken or failed, and the newest of each kind."""
        sound = list_rows(self.coverage, self.tally, [VERIFY], but=NOT_SOUND, most=MOST_RUNS)
        entries = {one.sequence: one for one in self._verified_in_full()}
        more = [one for one in sound.entries if one.sequence not in entries]
        section = self._with(
            "verified",
            by_action(self.tally, (VERIFY, ANCHOR), self.links),
            Listed(tuple(entries.values()), sound.more),
        )
        return replace(section, runs=make_lines(more, self.roster), notes=self._notes())

    def _verified_in_full(self) -> Iterator[Entry]:
        for action in (VERIFY, ANCHOR):
            yield from list_rows(self.coverage, self.tally, [action], most=1).entries
            failed = list_rows(self.coverage, self.tally, [action], but=NOT_FAILED, most=MOST_RUNS)
            yield from failed.entries

    def _notes(self) -> tuple[str, ...]:
        return texts.proof_sentences(
            verified=self.tally.count(action=VERIFY),
            anchored=self.tally.count(action=ANCHOR, result="completed"),
            checkpoints=self.coverage.count_checkpoints(),
        )

    def _reviews(self) -> Section:
        """Also where there is none: a month that nobody has reviewed is what a reader has to see first."""
        section = self.of_rows("reviews", REVIEWS)
        stand = review_figures(self.coverage)
        return replace(section, figures=(*stand, *section.figures), notes=review_notes(self.coverage))

    def rest(self) -> Section:
        actions = {one.action for one in self.tally.groups} - IN_SECTIONS
        return self.of_numbers("rest", sorted(actions, key=texts.action_text))

    def _with(self, key: str, figures: tuple[Figure, ...], listed: Listed) -> Section:
        entries: list[Entry] = sorted(listed.entries, key=lambda one: -one.sequence)
        return Section(key, figures, make_lines(entries, self.roster, listed.outcomes), listed.more)

    def after_people(self) -> list[Section]:
        """Those that follow the table of people, in order."""
        return [
            self.of_rows("accounts", ACCOUNTS),
            self.of_numbers("approvals", APPROVALS),
            self.observed(),
            self.of_rows("keys", KEYS),
            self.verified(),
            self.of_rows("log", LOG),
            self._reviews(),
            self.rest(),
        ]
