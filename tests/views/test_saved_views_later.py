"""What becomes of saved views of the audit log when people, and the portal, change."""

import pytest
from django.contrib.messages import get_messages

from snapshots.audit import journal
from snapshots.audit.models import Entry
from snapshots.audit.saved_views.models import SavedView
from tests.support.actors import actor_of
from tests.support.pages import text_of
from tests.support.saved_views import LIST, VIEWS, erase, save, saved

pytestmark = pytest.mark.django_db


def test_a_view_of_a_person_finds_the_person_under_a_new_name(aron, cast):
    journal.record(actor_of(cast.mia).entry(action="team.add"))
    save(aron, filters={"person": "Mia"})
    assert SavedView.objects.get().chosen == {"person_id": str(cast.mia.pk)}
    cast.mia.name = "Maria Sommer"
    cast.mia.save()
    url = saved(aron)["Refusals"][0]
    assert url == "/audit/?person=Maria+Sommer"
    assert [line.entry.action for line in aron.get(url).context["page"].lines] == ["team.add"]


def test_a_view_of_an_erased_person_finds_the_rows_and_holds_no_name(aron, cast):
    journal.record(actor_of(cast.mia).entry(action="team.add"))
    save(aron, filters={"person": "Mia"})
    erase(cast.mia, cast.ada)
    url = saved(aron)["Refusals"][0]
    assert url == f"/audit/?person=erased-{cast.mia.pk}"
    assert [line.entry.action for line in aron.get(url).context["page"].lines] == ["team.add"]


def test_shared_views_of_who_has_left_stay_and_say_whose_they_were(aron, ada, cast):
    save(aron, shared=True)
    cast.aron.is_active = False
    cast.aron.save()
    assert "Aron" in saved(ada)["Refusals"][1]
    assert "who has left" in saved(ada)["Refusals"][1]


def test_erasing_a_person_deletes_their_own_views_and_keeps_the_shared_ones(aron, ada, cast):
    save(aron, "mine")
    save(aron, "ours", shared=True)
    erase(cast.aron, cast.ada)
    assert [(one.name, one.owner_id) for one in SavedView.objects.all()] == [("ours", cast.aron.pk)]
    assert saved(ada)["ours"][1] == "Shared by a person who was erased"
    evidence = Entry.objects.get(action="person.erase").evidence
    assert "1 saved view removed" in evidence


def test_a_view_whose_filter_is_not_valid_any_more_says_so_and_shows_nothing(aron, cast):
    journal.record(actor_of(cast.mia).entry(action="team.add"))
    chosen = {"action": "retired.action"}
    SavedView.objects.create(owner_id=cast.aron.pk, name="old", chosen=chosen)
    page = aron.get(saved(aron)["old"][0])
    assert page.context["page"].lines == []
    assert "is not valid any more" in text_of(page)
    assert "Not valid any more" in text_of(aron.get(VIEWS))
    assert "is not valid any more" not in text_of(aron.get(LIST))


def test_a_stored_field_that_is_no_field_any_more_does_not_widen_the_list_silently(aron, cast):
    SavedView.objects.create(owner_id=cast.aron.pk, name="old", chosen={"colour": "red", "result": "failed"})
    assert "Not valid any more" in text_of(aron.get(VIEWS))
    assert saved(aron)["old"][0] == VIEWS


def test_who_may_not_read_the_log_any_more_sees_no_views(aron, cast):
    save(aron)
    cast.aron.role = "viewer"
    cast.aron.save()
    assert aron.get(VIEWS).status_code == 403


def test_the_person_is_told_what_was_done(aron):
    told = [str(one) for one in get_messages(save(aron).wsgi_request)]
    assert len(told) == 1 and "is saved" in told[0]
