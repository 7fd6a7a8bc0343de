"""The form of a schedule: its preview comes before it is saved, and nothing that was typed is lost."""

import html

import pytest
from django.urls import reverse

from snapshots.inventory.reader import expire
from snapshots.sandbox.models import Server as SandboxServer
from snapshots.schedules.models import Schedule
from snapshots.schedules.recurrence import LAST_DAY, Preset, cron_of
from tests.support.desk import make_desk
from tests.support.pages import text_of
from tests.support.schedule_forms import ADD, can_save, filled, hidden_of, press_save, save, show, ticked
from tests.support.schedules import define

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


@pytest.fixture
def fields(desk):
    return filled(desk)


def change_url(schedule: Schedule) -> str:
    return reverse("schedule_change", args=[schedule.pk])


class TestPreview:
    def test_it_comes_before_the_button_that_saves(self, mia, fields):
        assert not can_save(mia.get(ADD))
        page = show(mia, ADD, fields)
        assert page.status_code == 200
        assert "What it would do in the next 30 days" in text_of(page)
        assert "Every day at 02:30, Europe/Berlin. Of what it made it keeps the newest 2." in text_of(page)
        assert can_save(page)
        assert not Schedule.objects.exists()

    def test_saving_without_it_shows_it(self, mia, fields):
        page = mia.post(ADD, fields | {"save": "yes", "form_key": "k" * 20})
        assert page.status_code == 200
        assert can_save(page)
        assert not Schedule.objects.exists()

    def test_what_was_changed_after_it_is_shown_again_before_it_is_saved(self, mia, fields):
        page = show(mia, ADD, fields)
        again = press_save(mia, ADD, fields | {"keep_last": "1"}, page)
        assert "it keeps the newest one" in text_of(again)
        assert not Schedule.objects.exists()
        assert press_save(mia, ADD, fields | {"keep_last": "1"}, again).status_code == 302
        assert Schedule.objects.get().keep_last == 1

    def test_it_names_what_would_be_made_and_deleted_and_when_there_is_no_room(self, mia, desk, fields):
        view = desk.server()
        room = view.limit - view.used
        page = text_of(show(mia, ADD, fields | {"keep_last": "0"}))
        assert f"{view.name} ID {view.server_id} {room} 0 {room} Full All places are taken from" in page
        assert "Choose below how many to keep" in page
        assert page.count("Full: nothing from then on") == 1
        page = text_of(show(mia, ADD, fields | {"keep_last": "1"}))
        assert "Full" not in page
        assert page.count("auto-20") > 20

    def test_it_shows_a_bounded_number_of_runs(self, mia, fields):
        page = text_of(show(mia, ADD, fields | {"preset": "hourly", "keep_last": "1"}))
        assert "Show 48 more lines" in page
        assert f"and {30 * 24 - 60} more" in page

    def test_it_says_where_the_counting_ends(self, mia, fields):
        page = text_of(show(mia, ADD, fields | {"preset": "cron", "cron": "*/5 * * * *", "keep_last": "1"}))
        assert "Only the first 1000 runs on each server are counted." in page

    def test_it_is_not_enough_while_the_lists_may_be_outdated(self, mia, desk, fields, settings):
        mia.get(ADD)
        settings.SNAPPORTAL_API_URL = "http://127.0.0.1:9"
        expire(desk.token)
        page = show(mia, ADD, fields)
        assert "the schedule cannot be saved now" in text_of(page)
        assert not can_save(page)
        assert "preview" not in hidden_of(page)
        assert page.context["form"].shown("name") == "Nightly"

    def test_one_of_another_person_does_not_count(self, mia, desk, cast, sandbox, signed_in, fields):
        page = show(mia, ADD, fields)
        ada = make_desk(cast.ada, sandbox.token)
        again = press_save(signed_in(cast.ada), ADD, filled(ada), page)
        assert again.status_code == 200
        assert not Schedule.objects.exists()

    def test_it_can_be_asked_for_all_servers_of_a_token(self, mia, desk, fields):
        wanted = fields | {"servers": [f"{desk.token.pk}:all"]}
        page = text_of(show(mia, ADD, wanted))
        for view in desk.views():
            assert view.name in page
        save(mia, ADD, wanted)
        schedule = Schedule.objects.get()
        assert schedule.covers_all
        assert not schedule.servers.exists()


WRONG = {
    "no name": ({"name": " "}, "Give the schedule a name."),
    "no server": ({"servers": []}, "Choose 1 to 200 servers"),
    "nobody's token": ({"servers": ["nosuchtokn:1"]}, "Choose 1 to 200 servers"),
    "no such server": ({"servers": ["TOKEN:999999"]}, "A chosen server is not listed now"),
    "cron": ({"preset": "cron", "cron": "30 2 * *"}, "Write five fields"),
    "never due": ({"preset": "cron", "cron": "0 0 31 2 *"}, "Write five fields"),
    "no cron": ({"preset": "cron"}, "Enter a cron expression"),
    "time": ({"at": "25:00"}, "Enter a time such as 02:30."),
    "no time": ({"at": ""}, "Enter a time such as 02:30."),
    "pattern": ({"name_pattern": "{owner}"}, "and the placeholders"),
    "number": ({"keep_last": "1001"}, "less than or equal to 1000"),
    "no number": ({"keep_daily": ""}, "0 if this rule keeps none"),
}


class TestErrors:
    @pytest.mark.parametrize("name", WRONG)
    def test_each_is_told_with_what_to_do_and_what_was_typed_stays(self, mia, desk, fields, name):
        changes, words = WRONG[name]
        if "servers" in changes:
            changes = {"servers": [one.replace("TOKEN", desk.token.pk) for one in changes["servers"]]}
        page = show(mia, ADD, fields | {"description": "kept as typed"} | changes)
        assert page.status_code == 422
        assert words in text_of(page)
        assert "kept as typed" in text_of(page)
        assert not can_save(page)
        for field, value in changes.items():
            assert field == "servers" or html.escape(value.strip()) in page.content.decode()

    def test_servers_of_two_tokens_are_two_schedules(self, mia, desk, sandbox, fields):
        other = make_desk(desk.user, sandbox.token, "Second token")
        servers = [*fields["servers"], f"{other.token.pk}:all"]
        page = show(mia, ADD, fields | {"servers": servers})
        assert "Choose servers of one token" in text_of(page)
        assert sorted(ticked(page)) == sorted(servers)

    def test_a_field_that_the_rhythm_does_not_use_is_ignored(self, mia, fields):
        wanted = fields | {"cron": "nonsense", "weekday": "9", "day": "31"}
        assert save(mia, ADD, wanted).status_code == 302
        assert Schedule.objects.get().cron == "30 2 * * *"


class TestSavedTwice:
    def test_the_same_form_sent_twice_makes_one_schedule(self, mia, fields):
        page = show(mia, ADD, fields)
        first, second = (press_save(mia, ADD, fields, page) for _ in range(2))
        assert first["Location"] == second["Location"]
        assert Schedule.objects.count() == 1

    @pytest.mark.parametrize("change", [{"keep_last": "1"}, {"description": "other words"}])
    def test_another_content_after_going_back_is_not_taken_for_the_saved_one(self, mia, fields, change):
        page = show(mia, ADD, fields)
        press_save(mia, ADD, fields, page)
        again = press_save(mia, ADD, fields | change, page)
        assert "This form was saved before It made the schedule Nightly" in text_of(again)
        assert Schedule.objects.count() == 1
        assert press_save(mia, ADD, fields | change, again).status_code == 302
        assert Schedule.objects.count() == 2


class TestFirstValues:
    def test_the_server_that_the_person_came_from_is_ticked(self, mia, desk):
        view = desk.server()
        server_page = reverse("server_detail", args=[desk.token.pk, view.server_id])
        url = f"{ADD}?server={desk.token.pk}%3A{view.server_id}"
        assert f'href="{url}"' in mia.get(server_page).content.decode()
        page = mia.get(url)
        assert ticked(page) == [f"{desk.token.pk}:{view.server_id}"]

    @pytest.mark.parametrize("query", ["?server=nosuch:1", "?server=", "?like=x", f"?like={'0' * 32}"])
    def test_an_address_that_names_nothing_opens_an_empty_form(self, mia, query):
        page = mia.get(ADD + query)
        assert page.status_code == 200
        assert ticked(page) == []

    def test_a_new_one_can_be_like_another(self, mia, desk):
        like = define(desk, name="Old one")
        page = mia.get(f"{ADD}?like={like.pk}")
        assert 'value="Old one"' in page.content.decode()
        assert ticked(page) == [f"{desk.token.pk}:{desk.server().server_id}"]
        assert page.context["form"].initial["form_key"] != like.form_key

    def test_without_a_token_it_says_so(self, cast, signed_in):
        assert "Add a token" in text_of(signed_in(cast.mia).get(ADD))


RHYTHMS = [
    (Preset.HOURLY, {"minute": 15}, "Every hour at minute 15, UTC"),
    (Preset.SIX_HOURS, {"minute": 5, "hour": 2}, "Every 6 hours, at 02:05, 08:05, 14:05, 20:05, UTC"),
    (Preset.DAILY, {"minute": 30, "hour": 14}, "Every day at 14:30, UTC"),
    (Preset.WEEKLY, {"minute": 0, "hour": 9, "weekday": 0}, "Every Sunday at 09:00, UTC"),
    (Preset.MONTHLY, {"minute": 0, "hour": 9, "day": "17"}, "On day 17 of every month at 09:00, UTC"),
    (
        Preset.MONTHLY,
        {"minute": 0, "hour": 9, "day": LAST_DAY},
        "On the last day of every month at 09:00, UTC",
    ),
]


class TestChanging:
    @pytest.mark.parametrize(("preset", "values", "words"), RHYTHMS)
    def test_an_unchanged_form_keeps_the_rhythm(self, mia, desk, preset, values, words):
        schedule = define(desk, preset=preset, cron=cron_of(preset, **values))
        form = mia.get(change_url(schedule)).context["form"]
        same = {name: str(form[name].value()) for name in form.fields if form[name].value() is not None} | {
            "servers": form.chosen
        }
        same["at"] = form["at"].value().strftime("%H:%M")
        assert save(mia, change_url(schedule), same).status_code == 302
        changed = Schedule.objects.get()
        assert (changed.cron, changed.preset) == (schedule.cron, preset)
        assert changed.changed_at > schedule.changed_at
        assert words in text_of(mia.get(reverse("schedule_detail", args=[schedule.pk])))

    def test_whoever_changes_it_becomes_its_owner_and_is_told_so(self, desk, cast, sandbox, signed_in):
        schedule = define(desk)
        ada = make_desk(cast.ada, sandbox.token)
        browser, url = signed_in(cast.ada), change_url(schedule)
        assert "it runs in your name and with your token from then on" in text_of(browser.get(url))
        save(browser, url, filled(ada, servers=[f"{ada.token.pk}:all"]))
        schedule.refresh_from_db()
        assert (schedule.owner_id, schedule.token_id) == (cast.ada.pk, ada.token.pk)

    def test_it_needs_a_token_of_the_person_that_shows_its_servers(self, desk, cast, signed_in):
        schedule = define(desk)
        browser = signed_in(cast.ada)
        for page in (browser.get(change_url(schedule)), browser.post(change_url(schedule), {})):
            assert "None of your tokens shows the servers of this schedule" in text_of(page)
            assert f"{ADD}?like={schedule.pk}" in page.content.decode()

    def test_what_a_colleague_has_changed_meanwhile_is_shown_before_it_is_overwritten(self, mia, desk):
        schedule = define(desk, name="First")
        page = show(mia, change_url(schedule), filled(desk, name="Mine"))
        save(mia, change_url(schedule), filled(desk, name="Theirs", keep_last="4"))
        for button in ({"save": "yes"}, {}):
            late = mia.post(change_url(schedule), filled(desk, name="Mine") | hidden_of(page) | button)
            assert late.status_code == 409
            assert "Theirs · Every day at 02:30, Europe/Berlin" in text_of(late)
            assert "it keeps the newest 4" in text_of(late)
            assert 'value="Mine"' in late.content.decode()
        schedule.refresh_from_db()
        assert schedule.name == "Theirs"
        assert press_save(mia, change_url(schedule), filled(desk, name="Mine"), late).status_code == 302
        schedule.refresh_from_db()
        assert schedule.name == "Mine"

    @pytest.mark.parametrize("seen", ["", "nonsense", "2026-02-30T00:00:00"])
    def test_without_the_version_that_was_seen_nothing_is_overwritten(self, mia, desk, seen):
        schedule = define(desk, name="First")
        page = show(mia, change_url(schedule), filled(desk))
        fields = filled(desk) | hidden_of(page) | {"seen": seen, "save": "yes"}
        assert mia.post(change_url(schedule), fields).status_code == 409
        schedule.refresh_from_db()
        assert schedule.name == "First"

    def test_a_server_that_is_gone_is_shown_and_must_be_unticked(self, mia, desk):
        view = desk.server()
        schedule = define(desk, servers=((view.server_id, view.name), (4242, "long-gone")))
        page = mia.get(change_url(schedule))
        assert "long-gone ID 4242 not listed now" in text_of(page)
        chosen = page.context["form"].chosen
        assert len(chosen) == 2
        late = show(mia, change_url(schedule), filled(desk, servers=chosen))
        assert "A chosen server is not listed now" in text_of(late)
        assert not can_save(late)
        assert save(mia, change_url(schedule), filled(desk)).status_code == 302
        assert SandboxServer.objects.filter(pk=schedule.servers.get().server_id).exists()

    def test_one_that_was_removed_meanwhile_leads_to_the_list(self, mia, desk):
        from snapshots.schedules import service

        schedule = define(desk)
        service.remove(actor=desk.actor, schedule=schedule)
        assert mia.get(change_url(schedule)).status_code == 404
