"""Forms in which a time is given begin with the time zone that the person has chosen."""

import pytest
from django.urls import reverse

from snapshots.views.look import HEADER, Look

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["schedule_add", "freeze_add"])
@pytest.mark.parametrize(("chosen", "shown"), [("Pacific/Honolulu", "Pacific/Honolulu"), ("", "UTC")])
def test_a_form_begins_with_the_chosen_zone(desk, signed_in, name, chosen, shown):
    look = Look(time_zone=chosen).text
    page = signed_in(desk.user).get(reverse(name), headers={HEADER: look}).content.decode()
    assert f'<option value="{shown}" selected>' in page
