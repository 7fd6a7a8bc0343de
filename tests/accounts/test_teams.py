"""The pages of teams, and what the log says of each change."""

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from snapportal.accounts import access, teams
from snapportal.accounts.models import User
from snapportal.accounts.people import PersonError
from snapportal.accounts.team_models import Team
from snapshots.audit.models import Entry
from tests.support.batches import roomy
from tests.support.pages import text_of
from tests.support.teams import ADMIN, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(cast, signed_in):
    return signed_in(cast.ada)


def rows() -> list[tuple[str, str, str]]:
    found = Entry.objects.filter(action__startswith="team.").order_by("sequence")
    return [(one.action, one.full_target, one.evidence) for one in found]


def form(team: Team | None = None, **changes):
    seen = {"seen": team.changed_at.isoformat()} if team else {}
    return {"name": "Shop", "role": "operator", "servers": ["all"], **seen, **changes}


def test_a_team_is_added_filled_changed_and_removed_and_each_is_a_row(cast, desk, ada):
    here, there = roomy(desk, 2)
    assert "No teams yet" in ada.get(reverse("team_list")).text
    assert here.name in ada.get(reverse("team_add")).text
    answer = ada.post(reverse("team_add"), form(servers=[here.server_id]))
    team = Team.objects.get()
    assert answer["Location"] == reverse("team_edit", args=[team.pk])
    assert team.server_names == {here.server_id: here.name}
    member = reverse("team_member", args=[team.pk])
    ada.post(member, {"member": cast.vera.pk, "is_member": "on"})
    page = text_of(ada.get(reverse("team_edit", args=[team.pk])))
    assert "Take out Vera" in page
    ada.post(
        reverse("team_edit", args=[team.pk]),
        form(team, name="Shop 2", role="manager", servers=[there.server_id]),
    )
    assert here.name not in ada.get(reverse("team_list")).text
    ada.post(member, {"member": cast.vera.pk})
    assert "Remove the team" in ada.get(reverse("team_remove", args=[team.pk])).text
    ada.post(reverse("team_remove", args=[team.pk]))
    assert not Team.objects.exists()
    one, two = f"operator; servers: {here.server_id}", f"manager; servers: {there.server_id}"
    assert rows() == [
        ("team.add", "Shop", one),
        ("team.add_member", "vera", f"“Shop”: {one}"),
        ("team.change", "Shop 2", f"“Shop”: {one} → “Shop 2”: {two}"),
        ("team.remove_member", "vera", f"“Shop 2”: {two}"),
        ("team.remove", "Shop 2", f"{two}; members: 0"),
    ]


@pytest.mark.parametrize(
    "changes",
    [{"name": " "}, {"role": "admin"}, {"role": "viewer"}, {"servers": []}, {"servers": ["all", "1"]}],
)
def test_what_makes_no_team_is_refused(desk, ada, changes):
    assert ada.post(reverse("team_add"), form(**changes)).status_code == 422
    assert not Team.objects.exists()


def test_two_teams_have_two_names(desk, ada):
    first, second = make_team(), make_team(name="Second")
    assert "already" in ada.post(reverse("team_add"), form()).text
    assert "already" in ada.post(reverse("team_edit", args=[second.pk]), form(second, name=first.name)).text
    assert sorted(Team.objects.values_list("name", flat=True)) == ["Second", "Shop"]


def test_a_page_opened_before_somebody_else_changed_it_saves_nothing(desk, ada):
    team = make_team()
    seen = form(team, name="Mine")
    wish = teams.Wish(name="Theirs", role="operator", servers=None)
    teams.change(team, wish, seen=team.changed_at, actor=ADMIN)
    answer = ada.post(reverse("team_edit", args=[team.pk]), seen, follow=True)
    assert "Somebody else changed this team" in answer.text
    assert Team.objects.get().name == "Theirs"


def test_a_team_removed_meanwhile_is_not_changed(cast):
    team = make_team()
    Team.objects.all().delete()
    for act in (
        lambda: teams.remove(team, actor=ADMIN),
        lambda: teams.set_member(team, cast.vera, is_member=True, actor=ADMIN),
    ):
        with pytest.raises(PersonError, match="removed meanwhile"):
            act()


def test_an_auditor_and_who_is_deactivated_cannot_be_members(cast, ada):
    team = make_team()
    cast.omar.is_active = False
    cast.omar.save()
    page = ada.get(reverse("team_edit", args=[team.pk])).text
    for person in (cast.aron, cast.omar):
        assert f'value="{person.pk}"' not in page
        answer = ada.post(
            reverse("team_member", args=[team.pk]), {"member": person.pk, "is_member": "on"}, follow=True
        )
        assert "cannot be in a team" in answer.text
    assert not team.members.exists()


def test_members_are_searched(cast, ada):
    team = make_team()
    page = ada.get(reverse("team_edit", args=[team.pk]), {"q": "ver"}).text
    assert f'value="{cast.vera.pk}"' in page
    assert f'value="{cast.omar.pk}"' not in page


def test_a_person_is_put_in_once(cast):
    team = make_team(members=[cast.vera])
    assert not teams.set_member(team, cast.vera, is_member=True, actor=ADMIN)
    assert [one[0] for one in rows()] == ["team.add", "team.add_member"]


@pytest.mark.parametrize("person", ["", "nobody", "999999"])
def test_nobody_is_put_in_by_nonsense(ada, person):
    team = make_team()
    answer = ada.post(
        reverse("team_member", args=[team.pk]), {"member": person, "is_member": "on"}, follow=True
    )
    assert "choose a person" in answer.text


def test_the_reason_on_the_pages_is_the_team(cast, desk):
    here, there = roomy(desk, 2)
    User.objects.filter(pk=desk.user.pk).update(role="viewer")
    make_team(servers=[here.server_id], members=[User.objects.get(pk=desk.user.pk)])
    found = {one.server_id: one for one in access.of_person(User.objects.get(pk=desk.user.pk))}
    assert [strip_tags(one.why) for one in found[here.server_id].verdicts] == [
        "Role Viewer",
        *["Team Shop"] * 3,
    ]
    assert [one.is_allowed for one in found[there.server_id].verdicts] == [True, False, False, False]


def test_an_erased_person_is_in_no_team(cast, ada):
    team = make_team(members=[cast.vera])
    User.objects.filter(pk=cast.vera.pk).update(is_active=False)
    ada.post(reverse("person_erase", args=[cast.vera.pk]), {"reason": "left", "username": "vera"})
    assert User.objects.get(pk=cast.vera.pk).is_erased
    assert not team.members.exists()
