"""Every page in every state: no accessibility violation, no overflow on narrow screens, no console message."""

import pytest

from tests.e2e import (
    tours_access,
    tours_api_keys,
    tours_approvals,
    tours_audit,
    tours_batches,
    tours_deletions,
    tours_factors,
    tours_notifications,
    tours_people,
    tours_pictures,
    tours_reviews,
    tours_schedules,
    tours_setup,
    tours_single_sign_on,
    tours_snapshots,
)
from tests.e2e.tours import NO_PAGE, TOURS, World
from tests.support.probes import PROBES
from tests.views.test_access_matrix import MATRIX, all_patterns

FRAGMENTS_AND_PROBES = {
    "server_status",
    "snapshot_name_check",
    "operation_status",
    "job_status",
    "notification_bell",
    *PROBES,
}
ROOMS = (
    tours_access,
    tours_api_keys,
    tours_approvals,
    tours_audit,
    tours_batches,
    tours_deletions,
    tours_factors,
    tours_notifications,
    tours_people,
    tours_pictures,
    tours_reviews,
    tours_schedules,
    tours_setup,
    tours_single_sign_on,
    tours_snapshots,
)


@pytest.fixture
def world(request, site, cast, settings) -> World:
    settings.SNAPPORTAL_SANDBOX_SPEED = (
        1.0  # before it is filled: what begins then goes on for the whole tour
    )
    settings.SNAPPORTAL_API_TIMEOUT_SECONDS = 2.0
    return World(site, cast, request.getfixturevalue("http_sandbox"), settings)


@pytest.mark.browser
@pytest.mark.parametrize("name", sorted(TOURS))
def test_pages_are_accessible_and_fit_narrow_screens(world, name):
    walk, pages = TOURS[name]
    walk(world)
    assert "\n".join(world.found) == ""
    assert world.seen == pages


def test_every_page_is_visited_by_a_tour():
    shown = {str(entry.name) for entry in all_patterns() if "GET" in MATRIX[str(entry.name)][1].split()}
    toured = {page for _walk, pages in TOURS.values() for page in pages} - {NO_PAGE}
    assert toured == shown - FRAGMENTS_AND_PROBES
