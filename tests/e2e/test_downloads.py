"""Files of the audit log, downloaded in a browser and verified as a person does who has only verify_log.py and the public key."""

import io
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import reverse
from playwright.sync_api import Page

from snapshots.audit.models import Entry
from tests.e2e.browsing import Site
from tests.support.log_verifier import verify_alone

pytestmark = pytest.mark.browser

REASON = "Ticket 4711"
NAME = "before-the-upgrade"


def public_key() -> str:
    """As the portal's operators print it for others."""
    printed = io.StringIO()
    call_command("show_log_key", stdout=printed)
    return printed.getvalue().strip()


def download(page: Page, button: str) -> tuple[str, bytes]:
    """Name and content of the file."""
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return download.value.suggested_filename, download.value.path().read_bytes()


def check(folder: Path, content: bytes) -> tuple[int, str]:
    return verify_alone(folder, content, key=public_key())


@pytest.mark.parametrize("javascript", [True, False])
def test_the_receipt_of_an_operation_verifies_with_the_public_key_alone(
    site: Site, desk, tmp_path, javascript
):
    operation = desk.create(desk.server(), NAME, reason=REASON)
    page = site.page(desk.user, javascript=javascript)
    page.goto(reverse("operation_detail", args=[operation.pk]))
    if page.get_by_role("button", name="Download the receipt").is_hidden():
        page.locator("summary", has_text="Details").click()
    name, receipt = download(page, "Download the receipt")
    assert name.endswith(".jsonl")
    assert (REASON in receipt.decode(), NAME in receipt.decode()) == (True, True)
    code, output = check(tmp_path, receipt)
    assert (code, "each at its place and as recorded" in output) == (0, True), output
    code, output = check(tmp_path, receipt.replace(REASON.encode(), b"Ticket 4712"))
    assert (code, "is not what was recorded" in output) == (1, True), output


def test_the_receipt_of_an_entry_verifies_with_the_public_key_alone(site: Site, cast, desk, tmp_path):
    operation = desk.create(desk.server(), NAME, reason=REASON)
    entry = Entry.objects.filter(operation_id=operation.pk).order_by("sequence")[0]
    page = site.page(cast.aron)
    page.goto(reverse("entry_detail", args=[entry.sequence]))
    _name, receipt = download(page, "Download the receipt")
    assert REASON in receipt.decode()
    assert check(tmp_path, receipt)[0] == 0


@pytest.mark.parametrize("javascript", [True, False])
def test_a_redacted_export_discloses_only_what_was_ticked_and_verifies(
    site: Site, cast, desk, tmp_path, javascript
):
    desk.create(desk.server(), NAME, reason=REASON)
    page = site.page(cast.aron, javascript=javascript)
    page.goto(reverse("entry_export"))
    page.get_by_role("checkbox", name="Reason").check()
    _name, export = download(page, "Download the redacted file")
    assert (REASON in export.decode(), NAME in export.decode(), "Mia" in export.decode()) == (
        True,
        False,
        False,
    )
    code, output = check(tmp_path, export)
    assert (code, "Redacted: snapshot_name in " in output) == (0, True), output
    assert "Redacted: reason" not in output
    page.get_by_role("checkbox", name="Reason").uncheck()
    _name, export = download(page, "Download the redacted file")
    assert REASON not in export.decode()
    assert check(tmp_path, export)[0] == 0
