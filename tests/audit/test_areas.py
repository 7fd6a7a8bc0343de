"""The areas of the log: every action is in one of them, and a list of an area has its rows alone."""

from collections import Counter

import pytest

from snapshots.audit.search.areas import ACTIONS_OF, Area
from snapshots.audit.search.criteria import Criteria
from snapshots.views.texts.audit_actions import ACTIONS
from tests.support.audit_rows import ARON, MIA, write_events, write_operation
from tests.support.searching import all_pages, all_pages_back, found, write

AREAS_OF = Counter(action for actions in ACTIONS_OF.values() for action in actions)


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_every_action_of_the_portal_is_in_exactly_one_area(action):
    assert AREAS_OF[action] == 1, "add it to one area in snapshots/audit/search/areas.py"


def test_no_area_has_an_action_without_words():
    assert AREAS_OF.keys() <= ACTIONS.keys()


@pytest.mark.parametrize(
    ("action", "area"),
    [
        ("snapshot.restore", Area.OPERATIONS),
        ("job.end", Area.OPERATIONS),
        ("schedule.run", Area.OPERATIONS),
        ("person.sign_in", Area.SIGN_INS),
        ("person.sign_out", Area.SIGN_INS),
        ("person.prove", Area.SIGN_INS),
        ("factor.use_recovery_code", Area.SIGN_INS),
        ("session.end", Area.SIGN_INS),
        ("access.refuse", Area.SIGN_INS),
        ("schedule.change", Area.ADMINISTRATION),
        ("server.lock", Area.ADMINISTRATION),
        ("freeze.place", Area.ADMINISTRATION),
        ("audit.export", Area.ADMINISTRATION),
        ("audit.verify", Area.ADMINISTRATION),
    ],
)
def test_what_reviewers_ask_for_is_where_they_look(action, area):
    assert action in ACTIONS_OF[area]


@pytest.mark.django_db
class TestLists:
    @pytest.fixture(autouse=True)
    def rows(self):
        """1 and 2: an operation; 3: a sign-in; 4: a change of a role; 5: of no known action; 6: a refused sign-in."""
        write_operation("completed", server_id=7, server_name="shop")
        write(action="person.sign_in")
        write(action="person.change_role")
        write(action="later.version")
        write(action="person.sign_in", result="refused")

    @pytest.mark.parametrize(
        ("area", "expected"),
        [
            (None, [6, 5, 4, 3, 2]),
            (Area.OPERATIONS, [2]),
            (Area.SIGN_INS, [6, 3]),
            (Area.ADMINISTRATION, [4]),
        ],
    )
    def test_a_list_of_an_area_has_its_lines_alone(self, area, expected):
        assert found(area=area) == expected
        assert Criteria(area=area).listing().count().number == len(expected)

    def test_an_area_and_another_filter_are_both_fulfilled(self):
        assert found(area=Area.SIGN_INS, result="refused") == [6]
        assert found(area=Area.SIGN_INS, action="person.sign_in") == [6, 3]
        assert found(area=Area.OPERATIONS, server="7", servers=(7,)) == [2]
        assert found(area=Area.ADMINISTRATION, server="7", servers=(7,)) == []

    def test_an_action_of_another_area_leaves_nothing(self):
        assert found(area=Area.SIGN_INS, action="person.change_role") == []

    def test_pages_of_an_area_hold_each_line_once_in_both_directions(self):
        for _number in range(40):
            write(action="team.add")
            write(action="person.sign_out")
        write_events(30, ARON)
        listing = Criteria(area=Area.ADMINISTRATION).listing()
        expected = [4, *(6 + 2 * number + 1 for number in range(40))][::-1]
        team_rows = [one for one in all_pages(listing, 7) if one <= 86]
        assert team_rows == expected
        assert all_pages(listing, 7) == all_pages_back(listing, 7)

    def test_an_export_of_an_area_has_all_rows_of_its_operations(self):
        lines = Criteria(area=Area.OPERATIONS).lines().with_history()
        assert [one.sequence for one in lines] == [2, 1]

    def test_rows_of_a_token_are_found_by_its_fingerprint_also_when_it_has_another_label(self):
        write(token_fingerprint="a" * 64, token_label="first")
        write(token_fingerprint="b" * 64, token_label="first")
        write(token_fingerprint="a" * 64, token_label="renamed")
        assert found(token="a" * 64) == [9, 7]
        assert found(token="a" * 64, area=Area.SIGN_INS) == []
        assert found(token="c" * 64) == []
        assert MIA.id and found(token="a" * 64, people=(MIA.id,)) == [9, 7]
