"""Teams of the tests."""

from collections.abc import Iterable

from snapportal.accounts import teams
from snapportal.accounts.models import User
from snapportal.accounts.team_models import Team
from snapshots.audit.journal import Actor

ADMIN = Actor(id=None, name="Ada", role="admin")


def make_team(
    *,
    name: str = "Shop",
    role: str = "manager",
    servers: Iterable[int] | None = None,
    members: Iterable[User] = (),
) -> Team:
    names = None if servers is None else {one: f"server {one}" for one in servers}
    team = teams.add(teams.Wish(name=name, role=role, servers=names), actor=ADMIN)
    for person in members:
        teams.set_member(team, person, is_member=True, actor=ADMIN)
        person.__dict__.pop("own_teams", None)
    return team
