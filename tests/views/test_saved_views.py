"""Saved views of the audit log: who sees which, limits, names, what is recorded, and what becomes of them."""

from datetime import date
from urllib.parse import urlencode

import pytest
import time_machine
from django.urls import reverse

from snapshots.audit.models import Entry
from snapshots.audit.saved_views import service
from snapshots.audit.saved_views.models import SavedView
from snapshots.audit.saved_views.service import SavedViewError
from tests.support.actors import actor_of
from tests.support.pages import text_of
from tests.support.saved_views import ADD, LIST, REFUSED, VIEWS, edit, recorded, remove, save, saved

pytestmark = pytest.mark.django_db


class TestSaving:
    def test_a_filter_is_saved_from_the_page_and_is_a_link_above_the_filter(self, aron):
        assert f'href="{ADD}?area=sign-ins&amp;result=refused"' in aron.get(LIST, REFUSED).text
        page = aron.get(f"{ADD}?{urlencode(REFUSED)}")
        assert "Part of the log Sign-ins Result Refused" in text_of(page)
        answer = save(aron)
        assert answer["Location"] == "/audit/?area=sign-ins&result=refused"
        assert saved(aron) == {"Refusals": ("/audit/?area=sign-ins&result=refused", "")}

    def test_the_view_that_is_shown_is_the_current_one(self, aron):
        save(aron)
        save(aron, "All sign-ins", filters={"area": "sign-ins"})
        lines = aron.get(LIST, REFUSED).context["saved"]
        assert [line.view.name for line in lines if line.is_current] == ["Refusals"]
        assert not [line for line in aron.get(LIST).context["saved"] if line.is_current]

    def test_all_fields_are_saved(self, aron, cast):
        filters = {
            "area": "operations",
            "text": "50% _ 'x' <b>",
            "person": "Mia",
            "action": "snapshot.restore",
            "server": "shop (ID 7)",
            "token": "a" * 64,
            "result": "failed",
            "period": "last-month",
        }
        save(aron, filters=filters)
        form = aron.get(saved(aron)["Refusals"][0]).context["form"]
        assert form.is_valid()
        assert form.chosen() == filters

    @pytest.mark.parametrize("query", ["", "?area=nonsense", "?since=never"])
    def test_there_is_nothing_to_save_without_a_valid_filter(self, aron, query):
        assert "Save this view" not in aron.get(LIST + query).text
        assert aron.get(ADD + query)["Location"] == LIST + query
        assert aron.post(ADD + query, {"name": "x"})["Location"] == LIST + query
        assert not SavedView.objects.exists()

    def test_fixed_days_are_pointed_out_and_a_period_is_not(self, aron):
        assert "always shows these days" in text_of(aron.get(f"{ADD}?since=2026-11-01"))
        assert "always shows these days" not in text_of(aron.get(f"{ADD}?period=last-month"))

    def test_a_period_moves_on_and_fixed_days_stay(self, cast, signed_in):
        with time_machine.travel("2026-11-30T12:00:00Z", tick=False):
            client = signed_in(cast.aron)
            save(client, "moves", filters={"period": "last-month"})
            save(client, "stays", filters={"since": "2026-10-01", "until": "2026-10-31"})
        with time_machine.travel("2026-12-31T12:00:00Z", tick=False):
            client = signed_in(cast.aron)
            urls = {name: url for name, (url, _whose) in saved(client).items()}
            days = {name: client.get(url).context["form"].days for name, url in urls.items()}
        assert days["moves"] == (date(2026, 11, 1), date(2026, 11, 30))
        assert days["stays"] == (date(2026, 10, 1), date(2026, 10, 31))


class TestNames:
    @pytest.mark.parametrize("name", ["", "   ", "\u200b\u2060", "x" * 61])
    def test_a_name_that_cannot_be_seen_or_is_too_long_is_refused(self, aron, name):
        assert save(aron, name).status_code == 422
        assert not SavedView.objects.exists()

    @pytest.mark.parametrize("same", ["Refusals", "refusals", " Refusals ", "Ref\u200busals", "Ｒefusals"])
    def test_one_person_has_no_two_views_with_one_name(self, aron, same):
        save(aron)
        answer = save(aron, same, filters={"area": "operations"})
        assert answer.status_code == 422
        assert "You have a view with this name already" in text_of(answer)
        assert SavedView.objects.count() == 1

    def test_two_people_share_views_with_one_name_and_both_say_whose_they_are(self, aron, ada):
        save(aron, shared=True)
        save(ada, shared=True, filters={"area": "operations"})
        lines = aron.get(LIST).context["saved"]
        assert [(line.view.name, str(line.whose)) for line in lines] == [
            ("Refusals", ""),
            ("Refusals", 'Shared by <bdi translate="no">Ada</bdi>'),
        ]
        assert lines[0].url != lines[1].url

    def test_markup_in_a_name_is_text(self, aron, ada):
        save(aron, "<script>alert(1)</script>", shared=True)
        for page in (ada.get(LIST).text, ada.get(VIEWS).text, aron.get(VIEWS).text):
            assert "<script>alert(1)" not in page
            assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


class TestLimits:
    def test_a_person_has_a_limited_number_of_views(self, aron, ada, monkeypatch):
        monkeypatch.setattr(service, "MOST", 2)
        assert [save(aron, name, shared=name == "b").status_code for name in "abc"] == [302, 302, 422]
        assert SavedView.objects.count() == 2
        assert save(ada, "c").status_code == 302

    def test_the_page_shows_twelve_and_links_to_all(self, aron):
        for number in range(14):
            save(aron, f"view {number:02}")
        aron.get(VIEWS)  # shows the messages
        page = aron.get(LIST).text
        assert "view 11" in page
        assert "view 12" not in page
        assert f'href="{VIEWS}"' in page
        assert "view 13" in aron.get(VIEWS).text


class TestSharing:
    def test_only_shared_views_are_seen_by_others(self, aron, ada):
        save(aron, "mine")
        save(aron, "ours", shared=True)
        assert {name: "Aron" in whose for name, (_url, whose) in saved(ada).items()} == {"ours": True}
        assert "mine" not in ada.get(VIEWS).text

    def test_sharing_is_a_row_with_the_filter_and_without_names(self, aron, cast):
        save(aron, "mine")
        save(aron, "ours", shared=True, filters={"person": "Mia", "area": "sign-ins"})
        assert recorded() == [("log_view.share", "ours", f"area=sign-ins, person={cast.mia.pk}")]

    def test_an_own_view_is_shared_later_and_stays_shared(self, aron, ada):
        save(aron)
        view = SavedView.objects.get()
        edit(aron, view, name="Refusals", is_shared="on")
        edit(aron, view, name="Refusals")
        assert "Refusals" in saved(ada)
        assert [row[0] for row in recorded()] == ["log_view.share"]

    def test_renaming_a_shared_view_is_a_row_and_an_own_one_is_none(self, aron):
        save(aron, "mine")
        save(aron, "ours", shared=True)
        edit(aron, SavedView.objects.get(name="mine"), name="my own")
        edit(aron, SavedView.objects.get(name="ours"), name="of us all")
        edit(aron, SavedView.objects.get(name="of us all"), name="of us all")
        assert recorded()[1:] == [("log_view.rename", "of us all", "before: “ours”")]

    def test_deleting_a_shared_view_is_a_row_and_an_own_one_is_none(self, aron, ada, cast):
        save(aron, "mine")
        save(aron, "ours", shared=True)
        for view in SavedView.objects.all():
            remove(aron, view)
        assert not SavedView.objects.exists()
        assert recorded()[1:] == [("log_view.delete", "ours", f"made by person {cast.aron.pk}")]

    def test_deleting_is_asked_for_first(self, aron):
        save(aron, "ours", shared=True)
        view = SavedView.objects.get()
        ask = reverse("log_view_delete", args=[view.pk])
        assert f'href="{ask}"' in aron.get(reverse("log_view_edit", args=[view.pk])).text
        assert "ours It goes for everybody." in text_of(aron.get(ask))
        assert SavedView.objects.get() == view

    def test_an_admin_renames_and_deletes_the_shared_view_of_somebody_else(self, aron, ada):
        save(aron, "ours", shared=True)
        view = SavedView.objects.get()
        edit(ada, view, name="renamed")
        assert saved(aron).keys() == {"renamed"}
        remove(ada, view)
        assert saved(aron) == {}

    def test_others_do_not_change_a_shared_view_and_the_attempt_is_recorded(self, aron, ada):
        save(ada, "ours", shared=True)
        view = SavedView.objects.get()
        assert edit(aron, view, name="taken over").status_code == 403
        assert remove(aron, view).status_code == 403
        assert SavedView.objects.get().name == "ours"
        assert Entry.objects.filter(action="access.refuse").count() == 2
        assert reverse("log_view_edit", args=[view.pk]) not in aron.get(VIEWS).text

    def test_of_the_own_view_of_somebody_else_it_is_not_said_that_there_is_one(self, aron, ada):
        save(aron)
        view = SavedView.objects.get()
        assert edit(ada, view, name="x").status_code == 404
        assert remove(ada, view).status_code == 404
        assert SavedView.objects.get().name == "Refusals"

    def test_a_name_that_is_taken_is_refused_when_renaming(self, aron):
        save(aron, "one")
        save(aron, "two")
        answer = edit(aron, SavedView.objects.get(name="two"), name="ONE")
        assert answer.status_code == 422
        assert saved(aron).keys() == {"one", "two"}

    def test_a_view_that_somebody_deleted_meanwhile_is_reported(self, aron, cast):
        save(aron, shared=True)
        view = SavedView.objects.get()
        service.delete(actor=actor_of(cast.ada), view=view)
        with pytest.raises(SavedViewError, match="gone"):
            service.change(actor=actor_of(cast.aron), view=view, name="x", shares=False)
        with pytest.raises(SavedViewError, match="gone"):
            service.delete(actor=actor_of(cast.aron), view=view)

    def test_no_view_is_shared_while_the_log_cannot_be_written(self, aron, settings):
        settings.SNAPPORTAL_AUDIT_KEYS = {}
        assert save(aron, shared=True).status_code == 503
        assert not SavedView.objects.exists()
