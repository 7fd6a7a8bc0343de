"""A schedule is not saved on a preview of lists that may lack something."""

import httpx
import pytest
from django.core.cache import cache

from tests.support.desk import make_desk
from tests.support.pages import text_of
from tests.support.schedule_forms import ADD, can_save, filled, show
from tests.views.test_incomplete_lists import Provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(double) -> Provider:
    cache.clear()
    return Provider(double)


@pytest.mark.parametrize(
    ("servers", "is_cut", "has_servers", "can_be_saved"),
    [
        ("7", True, True, False),
        ("all", True, True, False),
        ("7", False, True, True),
        ("all", False, True, True),
        ("7", False, False, True),
        ("all", False, False, False),
    ],
)
def test_it_depends_on_the_lists_that_the_schedule_needs(
    provider, double, cast, signed_in, servers, is_cut, has_servers, can_be_saved
):
    """The list of servers is needed by schedules of all servers only."""
    provider.is_cut = is_cut
    whole = double.answer
    double.answer = lambda request: (
        whole(request) if has_servers or "/servers/" not in request.url.path else httpx.Response(500)
    )
    desk = make_desk(cast.mia, "a-token-of-nobody")
    page = show(signed_in(desk.user), ADD, filled(desk, servers=[f"{desk.token.pk}:{servers}"]))
    assert "What it would do" in text_of(page)
    assert can_save(page) == can_be_saved
    assert ("the schedule cannot be saved now" in text_of(page)) != can_be_saved
