"""The portal as the README's line starts it: work is defined on pages, and then goes on with no page open."""

import re
import time
from collections.abc import Callable

import pytest

from tests.support.html_forms import FormBrowser
from tests.support.notification_receivers import SECRET, webhook_receiver
from tests.support.portal_process import START, accounts, serving

pytestmark = pytest.mark.load
WAIT_SECONDS = 240
ROOMY = 3
"""How many snapshots a server has at most of which a schedule can keep one more."""


def wait_until(is_true: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(1)


def sign_in(client, folder, name: str) -> FormBrowser:
    browser = FormBrowser(client)
    browser.send("/sign-in/", having="username", username=name, password=accounts(folder)[name])
    return browser


def full_server(browser: FormBrowser) -> str:
    """The path of the page of a server that is full, by snapshots made by hand, and at rest."""
    path = server_paths(browser)[0]
    for number in range(6):
        wait_until(lambda: not is_moving(browser.get(path).text))
        page = browser.get(f"{path}create/")
        if 'name="name"' not in page.text:
            return path
        browser.send_again(page, having="name", name=f"by-hand-{number}")
    raise AssertionError("it does not become full")


def is_moving(page: str) -> bool:
    return any(words in page for words in ("In progress", "Restoring", "Being deleted"))


def server_paths(browser: FormBrowser) -> list[str]:
    return list(dict.fromkeys(re.findall(r'href="(/servers/[^/"]+/\d+/)"', browser.get("/").text)))


def roomy_server(browser: FormBrowser, full: str) -> str:
    """The path of another server, at rest and with two places left."""
    for path in server_paths(browser):
        page = browser.get(path).text
        if path != full and not is_moving(page) and page.count("/restore/") <= ROOMY:
            return path
    raise AssertionError("no server has two places left")


def ask_for_messages(browser: FormBrowser, url: str) -> None:
    answer = browser.send(
        "/notifications/targets/add/",
        having="address",
        kind="webhook",
        label="Team",
        address=url,
        secret=SECRET,
        kinds=["operation.completed", "job.stopped", "schedule.failed"],
    )
    assert answer.status_code == 200, answer.text


def make_schedule(browser: FormBrowser, path: str) -> str:
    """Each minute on this server, of which one is kept. Returns the path of its page."""
    _, _, token_id, server_id, _ = path.split("/")
    shown = browser.send(
        "/schedules/add/",
        having="name_pattern",
        name="Each minute",
        servers=[f"{token_id}:{server_id}"],
        preset="cron",
        cron="* * * * *",
        keep_last="1",
        keep_daily="0",
        keep_weekly="0",
        keep_monthly="0",
    )
    saved = browser.send_again(shown, having="name_pattern", save="yes")
    assert "Each minute" in saved.text, saved.text
    return saved.url.path


def restore_safely(browser: FormBrowser, path: str) -> str:
    """Restore a full server, with a snapshot of the present state first. Returns the path of the job's page."""
    page = browser.get(path).text
    restores = re.findall(r'href="(/snapshots/[^"]+/restore/)"', page)
    name = re.search(r"<h1[^>]*>(?:<[^>]+>)*([^<]+)", page)
    assert name
    job = browser.send(
        restores[0], having="typed_name", typed_name=name[1].strip(), reason="a bad upgrade", take_safety="on"
    )
    assert job.url.path.startswith("/jobs/"), job.text
    return job.url.path


def test_a_schedule_rotates_a_full_server_is_restored_and_a_webhook_is_told(sandbox_data):
    with (
        webhook_receiver() as receiver,
        serving(sandbox_data, program=START, WORKER="on", SANDBOX_SPEED="120") as client,
    ):
        ask_for_messages(sign_in(client, sandbox_data, "admin"), receiver.url)
        manager = sign_in(client, sandbox_data, "manager")
        full = full_server(manager)
        roomy = roomy_server(manager, full)
        schedule = make_schedule(manager, roomy)
        job = restore_safely(manager, full)

        def told(action: str, server_id: str) -> list[str]:
            return [
                event["snapshot_name"]
                for event in receiver.events
                if event["action"] == action and str(event["server_id"]) == server_id
            ]

        # From here on no page is opened until the receiver has been told of everything.
        full_id, roomy_id = full.split("/")[3], roomy.split("/")[3]
        wait_until(lambda: told("snapshot.restore", full_id) and told("snapshot.delete", roomy_id))
        assert receiver.unsigned == 0
        made, deleted = told("snapshot.create", roomy_id), told("snapshot.delete", roomy_id)
        assert len(made) >= 2
        assert deleted[0] == made[0]
        assert any(name.startswith("before-restore-") for name in told("snapshot.create", full_id))
        assert "All of it is done" in manager.get(job).text
        assert made[-1] in manager.get(roomy).text
        assert "Each minute" in manager.get(schedule).text
