"""What may be sent where policies, locks and freezes forbid it, said once more: nothing here is taken from the portal's code."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

DELAY = timedelta(hours=24)
RIGHTS = {
    "viewer": frozenset[str](),
    "operator": frozenset({"create", "delete own"}),
    "manager": frozenset({"create", "restore", "delete", "delete own"}),
    "admin": frozenset({"create", "restore", "delete", "delete own", "manage"}),
}


@dataclass
class Person:
    role: str
    touched_at: datetime
    is_active: bool = True
    joined_at: datetime | None = None
    """Of the team, which gives the rights of a manager on one server."""


@dataclass
class Block:
    """A lock, a freeze or a policy."""

    kind: str
    servers: frozenset[int]
    actions: frozenset[str]
    placed_at: datetime
    ends_at: datetime | None = None
    needed: int = 1
    hours: int = 4
    approvers: frozenset[int] = frozenset()
    lift_by: int | None = None
    lift_at: datetime | None = None

    def forbids(self, server: int, action: str, now: datetime) -> bool:
        return server in self.servers and action in self.actions and not self.is_over(now)

    def is_over(self, now: datetime) -> bool:
        return any(one is not None and now >= one for one in (self.ends_at, self.lift_at))


@dataclass
class Asked:
    """A request."""

    person: int
    action: str
    server: int
    snapshot: int
    at: datetime
    until: datetime
    needed: int
    anyway: bool
    """Whether it is also about the locks and freezes that were there."""
    approvals: set[int] = field(default_factory=set)
    glass: set[int] = field(default_factory=set)
    is_closed: bool = False
    begun_at: datetime | None = None
    fault: str = ""
    """Why it should not have begun when it did."""
    gave: set[int] = field(default_factory=set)
    took: int = 1
    """Who had approved it when it began, or had broken the glass, and how many it took."""


@dataclass
class Sent:
    """A call to the provider, and the request that it came of."""

    person: int
    action: str
    server: int
    snapshot: int
    asked: Asked | None
    is_later: bool
    """Whether it was begun before: a step of a job, or a deletion after its grace time."""


@dataclass
class Model:
    people: dict[int, Person]
    team_server: int
    team_changed_at: datetime
    blocks: list[Block] = field(default_factory=list)
    owners: dict[int, int] = field(default_factory=dict)
    """Snapshot → the person who made it."""

    def may(self, pk: int, right: str, server: int | None, settled_at: datetime | None = None) -> bool:
        """With `settled_at`: whether the person, or the account, had the right at that time already."""
        person = self.people[pk]
        if not person.is_active or (settled_at is not None and person.touched_at > settled_at):
            return False
        is_team_new = settled_at is not None and self.team_changed_at > settled_at
        in_team = person.joined_at is not None and server == self.team_server and not is_team_new
        return right in RIGHTS[person.role] or (in_team and right in RIGHTS["manager"])

    def right(self, of: Asked | Sent) -> str:
        """What it takes of whoever wants it. Whoever approves it needs the whole right."""
        is_own = self.owners.get(of.snapshot) == of.person
        return "delete own" if of.action == "delete" and is_own else of.action

    def forbidding(self, server: int, action: str, now: datetime) -> list[Block]:
        return [one for one in self.blocks if one.forbids(server, action, now)]

    def policies(self, asked: Asked, now: datetime) -> list[Block]:
        return [one for one in self.forbidding(asked.server, asked.action, now) if one.kind == "policy"]

    def ask(self, now: datetime, **fields: object) -> Asked:
        asked = Asked(at=now, until=now, needed=1, **fields)  # type: ignore[arg-type]
        policies = self.policies(asked, now)
        asked.until += timedelta(hours=min([one.hours for one in policies], default=4))
        asked.needed = max([one.needed for one in policies], default=1)
        return asked

    def may_second(
        self, pk: int, other: int, right: str, server: int | None, now: datetime, of_other: str = ""
    ) -> bool:
        rights = {pk: right, other: of_other or right}
        return pk != other and all(self.may(one, rights[one], server, now - DELAY) for one in rights)

    def givers(self, asked: Asked, now: datetime) -> set[int]:
        """Who has approved it and still may."""
        lists = [one.approvers for one in self.policies(asked, now) if one.approvers]
        return {
            pk
            for pk in asked.approvals
            if self.may_second(pk, asked.person, asked.action, asked.server, now, self.right(asked))
            and all(pk in one for one in lists)
        }

    def why_not_begun(self, asked: Asked, now: datetime) -> str:
        """Why it must not begin now; '' if it may."""
        if asked.is_closed:
            return "denied or withdrawn"
        if now >= asked.until:
            return "expired"
        broken = {
            pk
            for pk in asked.glass
            if self.may(pk, "manage", None) and self.may(pk, asked.action, asked.server)
        }
        asked.gave = broken or self.givers(asked, now)
        needed = max([asked.needed, *(one.needed for one in self.policies(asked, now))])
        asked.took = 1 if broken else needed
        if len(asked.gave) < asked.took:
            return f"{len(asked.gave)} of {needed} approved"
        return self._late_block(asked, now, given_at=now)

    def _late_block(self, asked: Asked, now: datetime, *, given_at: datetime) -> str:
        for one in self.forbidding(asked.server, asked.action, now):
            if one.kind != "policy" and not asked.anyway:
                return f"nobody asked in spite of the {one.kind}"
            if one.placed_at > (given_at if one.kind == "policy" else asked.at):
                return f"the {one.kind} came later"
        return ""

    def note_begun(self, asked: Asked, now: datetime) -> None:
        asked.fault, asked.begun_at = self.why_not_begun(asked, now), now

    def why_not_sent(self, sent: Sent, now: datetime) -> str:
        """Why the call must not be made now; '' if it may."""
        if not self.may(sent.person, self.right(sent), sent.server):
            return "no right"
        asked = sent.asked
        if asked is None:
            return "; ".join(one.kind for one in self.forbidding(sent.server, sent.action, now))
        if (sent.person, sent.action, sent.server, sent.snapshot) != (
            asked.person,
            asked.action,
            asked.server,
            asked.snapshot,
        ):
            return "it is not what was asked"
        if not sent.is_later:
            self.note_begun(asked, now)
        return asked.fault or self._why_not_any_more(asked, now)

    def _why_not_any_more(self, asked: Asked, now: datetime) -> str:
        """A while after it began: the people still may do it, and nothing new forbids it."""
        still = {pk for pk in asked.gave if self.may(pk, asked.action, asked.server)}
        if len(still) < asked.took:
            return "who approved it may not any more"
        return self._late_block(asked, now, given_at=asked.begun_at or now)
