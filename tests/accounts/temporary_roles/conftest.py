"""Two servers, and Vera the viewer with a token of her own."""

import pytest

from tests.support.desk import Desk, make_desk


@pytest.fixture
def vera(cast, desk, sandbox) -> Desk:
    """With a token that shows the servers."""
    made = make_desk(cast.vera, sandbox.token)
    made.views()
    return made


@pytest.fixture
def view(desk):
    return desk.server()


@pytest.fixture
def other(desk, view):
    """Another server with a completed snapshot."""
    views = [one for one in desk.views() if one.server_id != view.server_id]
    return next(one for one in views if any(each.is_completed for each in one.snapshots))
