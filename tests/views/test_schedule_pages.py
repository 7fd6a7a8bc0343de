"""The list of schedules, the page of one, what people do there, and where else schedules are shown."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapshots.audit.models import Entry
from snapshots.operations.errors import OperationRefusedError
from snapshots.schedules import runs
from snapshots.schedules.models import Cause, Run, RunState, Schedule, State
from snapshots.views.errors import RightsChangedError
from snapshots.views.schedules import schedule_pause
from snapshots.views.texts.audit_actions import ACTIONS
from snapshots.views.texts.refusals import REFUSAL_WORDS
from tests.support.desk import make_desk
from tests.support.pages import hidden, ids_of, text_of
from tests.support.schedule_forms import ADD, filled, save
from tests.support.schedules import define

pytestmark = pytest.mark.django_db
FORM = {"form_key": "a key of one form"}


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


@pytest.fixture
def schedule(desk):
    return define(desk)


@pytest.fixture
def omar(cast, sandbox, signed_in):
    """An operator who has stored the same token."""
    make_desk(cast.omar, sandbox.token)
    return signed_in(cast.omar)


def url_of(name: str, schedule: Schedule) -> str:
    return reverse(f"schedule_{name}", args=[schedule.pk])


def detail(browser, schedule: Schedule) -> str:
    return text_of(browser.get(url_of("detail", schedule)))


def stop(schedule: Schedule, code: str, state: State = State.STOPPED) -> None:
    Schedule.objects.filter(pk=schedule.pk).update(state=state, code=code, next_due_at=None)


def add_run(schedule: Schedule, state: RunState, **fields) -> Run:
    now = timezone.now()
    return Run.objects.create(
        schedule=schedule, state=state, **{"cause": Cause.DUE, "due_at": now, "created_at": now} | fields
    )


def follow(browser, answer) -> str:
    """The page that a refused or done POST leads to: an address that can be opened."""
    assert answer.status_code == 302
    page = browser.get(answer["Location"])
    assert page.status_code == 200
    return text_of(page)


class TestList:
    def test_an_empty_one_explains_and_leads_to_the_first_schedule(self, mia):
        page = mia.get("/schedules/")
        assert "No schedule takes snapshots" in text_of(page)
        assert f'href="{ADD}"' in page.content.decode()

    def test_people_who_may_not_make_one_are_told_who_may(self, omar):
        page = omar.get("/schedules/")
        assert "A manager can make one." in text_of(page)
        assert ADD not in page.content.decode()

    def test_it_shows_rule_servers_next_due_last_result_state_and_owner(self, mia, desk):
        save(mia, ADD, filled(desk))
        schedule = Schedule.objects.get()
        add_run(schedule, RunState.PARTLY, ended_at=timezone.now())
        page = text_of(mia.get("/schedules/"))
        for text in (
            "Nightly",
            "Every day at 02:30, Europe/Berlin",
            desk.server().name,
            "Active",
            "Partly completed",
            "Mia",
        ):
            assert text in page
        stop(schedule, "token_gone")
        page = text_of(mia.get("/schedules/"))
        assert "Stopped It is stopped: its owner's token was removed or replaced" in page

    def test_only_people_who_may_see_one_find_it(self, mia, cast, signed_in, schedule, omar):
        vera = signed_in(cast.vera)
        assert vera.get(url_of("detail", schedule)).status_code == 404
        assert "nightly" not in text_of(vera.get("/schedules/"))
        for browser in (mia, omar, signed_in(cast.ada)):
            assert "nightly" in text_of(browser.get("/schedules/"))

    def test_many_schedules_take_no_more_queries(self, mia, desk, django_assert_max_num_queries):
        for name in "abcdef":
            add_run(define(desk, name=name), RunState.COMPLETED)
        with django_assert_max_num_queries(30):
            page = text_of(mia.get("/schedules/"))
        assert page.count("Completed") == 6

    def test_many_servers_are_named_by_the_first_three(self, mia, desk):
        servers = tuple((number, f"server-{number}") for number in range(1, 6))
        define(desk, servers=servers)
        assert "server-1, server-2, server-3 and 2 more" in text_of(mia.get("/schedules/"))


REASONS = {
    "owner_gone": "Change it to run it in your name",
    "owner_lacks_right": "ask an admin to correct the owner's role",
    "token_gone": "change the schedule to run it in your name",
    "token_refused": "Store a new token",
    "five_failures": "Read below why they failed",
    "": "A person has paused it",
}


class TestDetail:
    @pytest.mark.parametrize("code", REASONS)
    def test_it_says_why_nothing_runs_and_what_to_do(self, mia, schedule, code):
        stop(schedule, code, State.STOPPED if code not in {"", "five_failures"} else State.PAUSED)
        page = detail(mia, schedule)
        assert REASONS[code] in page
        assert "Next runs" not in page
        assert ("Make a new schedule like this one" in page) == bool(code)
        assert ("Run now" in page) == (code in {"", "five_failures"})

    def test_an_active_one_shows_its_next_five_runs_and_what_it_keeps(self, mia, schedule):
        page = mia.get(url_of("detail", schedule))
        assert len(page.context["times"]) == 5
        assert "Of what it made it keeps the newest 2." in text_of(page)

    def test_times_are_shown_in_the_zone_of_the_schedule(self, mia, desk):
        schedule = define(desk, cron="30 2 * * *", time_zone="Asia/Kolkata")
        assert re.search(r"[0-9]{4}, 02:30 Asia/Kolkata · .*, 21:00 UTC", detail(mia, schedule))

    def test_runs_say_how_they_ended_and_why(self, mia, schedule):
        now = timezone.now()
        add_run(schedule, RunState.SKIPPED, code="overlap", due_at=now - timedelta(hours=1))
        add_run(schedule, RunState.COMPLETED, cause=Cause.CATCH_UP, missed=2, due_at=now - timedelta(hours=2))
        add_run(schedule, RunState.FAILED, code="limit_reached", due_at=now - timedelta(hours=3))
        add_run(schedule, RunState.WAITING, cause=Cause.NOW, tries=2)
        page = detail(mia, schedule)
        for text in (
            "Skipped The run before it had not ended.",
            "Completed It stands for 2 earlier due times, at which no worker ran. After a downtime",
            "Failed The snapshot limit of this server is reached.",
            "Waiting It waits until the provider can be read, and tries again. By hand",
        ):
            assert text in page

    def test_at_most_twenty_runs_are_shown(self, mia, schedule):
        for number in range(25):
            add_run(schedule, RunState.COMPLETED, due_at=timezone.now() - timedelta(hours=number))
        assert detail(mia, schedule).count("Completed") == 20

    def test_silence_is_told(self, mia, schedule):
        Schedule.objects.update(silent_told_at=timezone.now())
        assert "Nothing has come of it for too long No run has made a snapshot yet." in detail(mia, schedule)
        add_run(schedule, RunState.COMPLETED, ended_at=timezone.now())
        assert "The last run that made a snapshot ended" in detail(mia, schedule)

    def test_a_run_leads_to_its_job_and_the_job_back(self, mia, schedule):
        mia.post(url_of("run", schedule), {"form_key": "k" * 20})
        runs.run_due()
        run = Run.objects.get()
        job = reverse("job_detail", args=[run.job_id])
        assert f'href="{job}"' in mia.get(url_of("detail", schedule)).content.decode()
        assert f'href="{url_of("detail", schedule)}"' in mia.get(job).content.decode()

    def test_a_viewer_sees_it_without_buttons(self, cast, sandbox, signed_in, schedule):
        make_desk(cast.vera, sandbox.token)
        page = signed_in(cast.vera).get(url_of("detail", schedule)).content.decode()
        posts = page.count('method="post"')
        assert posts == 1, "only the form that signs out"
        assert url_of("change", schedule) not in page


class TestActions:
    def test_an_operator_pauses_and_resumes_it(self, omar, schedule):
        page = follow(omar, omar.post(url_of("pause", schedule), {"reason": "moving the rack"}))
        assert "nightly is paused." in page
        assert Entry.objects.get(action="schedule.pause").reason == "moving the rack"
        page = follow(omar, omar.post(url_of("resume", schedule), FORM | {"reason": "moved"}))
        assert "nightly is active again." in page
        assert Entry.objects.get(action="schedule.resume").reason == "moved"

    @pytest.mark.parametrize(
        ("state", "fields"), [("active", ["run", "pause"]), ("paused", ["resume", "run"])]
    )
    def test_each_form_has_a_field_of_its_own_for_the_reason(self, mia, schedule, state, fields):
        Schedule.objects.update(state=state)
        found = ids_of(mia.get(url_of("detail", schedule)))
        assert [one for one in found if one.endswith("_reason")] == [f"{name}_reason" for name in fields]
        assert len(set(found)) == len(found)

    @pytest.mark.parametrize(
        ("name", "state", "words"),
        [
            ("pause", State.PAUSED, "This schedule is not active"),
            ("resume", State.ACTIVE, "This schedule is active already"),
        ],
    )
    def test_a_refusal_is_told_on_a_page_that_can_be_opened_again(self, mia, schedule, name, state, words):
        Schedule.objects.update(state=state)
        assert words in text_of(mia.get(mia.post(url_of(name, schedule), FORM)["Location"]))

    def test_what_the_portal_stopped_is_resumed_by_its_owner_alone(
        self, cast, mia, schedule, sandbox, signed_in
    ):
        stop(schedule, "token_gone")
        ada = signed_in(cast.ada)
        make_desk(cast.ada, sandbox.token)
        assert url_of("resume", schedule) not in ada.get(url_of("detail", schedule)).content.decode()
        answer = ada.post(url_of("resume", schedule), FORM)
        assert "Only its owner can resume this schedule" in text_of(ada.get(answer["Location"]))
        assert url_of("resume", schedule) in mia.get(url_of("detail", schedule)).content.decode()
        assert "nightly is active again." in follow(mia, mia.post(url_of("resume", schedule), FORM))

    def test_a_run_by_hand_is_begun_once_however_often_the_form_is_sent(self, mia, schedule):
        key = hidden(mia.get(url_of("detail", schedule)), "form_key")
        for _ in range(2):
            answer = mia.post(url_of("run", schedule), {"form_key": key, "reason": "before the upgrade"})
            assert "begins within seconds" in follow(mia, answer)
        assert Run.objects.get().cause == Cause.NOW
        assert Entry.objects.get(action="schedule.run_now").reason == "before the upgrade"
        answer = mia.post(url_of("run", schedule), {"form_key": "k" * 20})
        assert "A run of this schedule has not ended" in text_of(mia.get(answer["Location"]))

    @pytest.mark.parametrize(("name", "data"), [("run", {}), ("pause", {"reason": "x" * 1001})])
    def test_a_form_that_is_not_ours_changes_nothing_and_says_so(self, mia, schedule, name, data):
        answer = mia.post(url_of(name, schedule), data)
        assert "Nothing was changed" in text_of(mia.get(answer["Location"]))
        assert not Run.objects.exists()
        assert Schedule.objects.get().is_active

    def test_it_is_removed_after_a_page_that_says_what_stays(self, mia, schedule):
        page = mia.get(url_of("remove", schedule))
        assert "The snapshots that it made stay" in text_of(page)
        answer = mia.post(url_of("remove", schedule), {"reason": "replaced"})
        assert "The schedule nightly is removed." in text_of(mia.get(answer["Location"]))
        assert Entry.objects.get(action="schedule.remove").reason == "replaced"
        assert mia.get(url_of("detail", schedule)).status_code == 404

    def test_a_right_that_was_withdrawn_meanwhile_is_told_as_such(self, desk, schedule, rf):
        """The request has loaded its person before; the service reads the row again."""
        request = rf.post(url_of("pause", schedule))
        request.user = desk.user
        User.objects.filter(pk=desk.user.pk).update(role=Role.VIEWER)
        with pytest.raises(RightsChangedError):
            schedule_pause(request, pk=schedule.pk)
        assert Entry.objects.latest("sequence").action == "access.refuse"
        assert Schedule.objects.get().is_active


class TestElsewhere:
    def test_a_servers_page_names_its_schedules(self, mia, desk):
        view = desk.server()
        page = reverse("server_detail", args=[desk.token.pk, view.server_id])
        assert "No schedule takes snapshots of it. Make one" in text_of(mia.get(page))
        schedule = define(desk)
        define(desk, covers_all=True, name="everything")
        found = text_of(mia.get(page))
        assert "nightly , next:" in found
        assert "everything , next:" in found
        assert f'href="{url_of("detail", schedule)}"' in mia.get(page).content.decode()
        other = next(one for one in desk.views() if one.server_id != view.server_id)
        found = text_of(mia.get(reverse("server_detail", args=[desk.token.pk, other.server_id])))
        assert "nightly" not in found
        assert "everything" in found

    def test_every_refusal_of_schedules_has_words(self):
        listed = OperationRefusedError.__doc__
        codes = re.findall(r"\b[a-z]+(?:_[a-z]+)+\b|\bnewest\b|\bprotected\b", listed.split("\n\n")[1])
        assert len(codes) > 35
        assert [code for code in codes if code not in REFUSAL_WORDS] == []

    def test_every_row_that_schedules_write_has_words(self):
        written = ("create", "change", "pause", "resume", "remove", "run_now", "run", "stop", "silent")
        assert [name for name in written if f"schedule.{name}" not in ACTIONS] == []
