"""The pages of the archive: files and their state, rows read back, and an archived row's own page."""

import pytest
from django.urls import reverse

from snapshots.audit import checkpoints, erasure, journal, subjects
from snapshots.audit.archiving import run
from snapshots.audit.models import Entry
from snapshots.audit.tree_models import Tile
from tests.support.archives import archive_all, fill_with_checkpoint
from tests.support.audit_commands import run as run_command
from tests.support.audit_commands import verify
from tests.support.audit_rows import ARON, MIA_ID, write_operation
from tests.support.audit_triggers import without_triggers
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor(cast, signed_in):
    return signed_in(cast.aron)


@pytest.fixture
def folder(tmp_path, settings, monkeypatch):
    """Two files of 256 rows; the rows 1 to 3 are an operation of Mia's."""
    settings.SNAPPORTAL_ARCHIVE_DIR = str(tmp_path)
    monkeypatch.setattr(run, "ROWS_PER_FILE", 256)
    write_operation("accepted", "completed", reason="before the update")
    fill_with_checkpoint(517)
    archive_all(tmp_path)
    return tmp_path


def archive_page(browser, first: int, **query: int) -> str:
    return text_of(browser.get(reverse("archive_detail", args=[first]), query))


def test_the_log_tells_what_is_archived_and_that_it_is_not_searched(auditor, folder):
    assert "Rows 1 to 512 are archived in 2 files ." in text_of(auditor.get(reverse("entry_list")))
    assert "2 files (not searched)." in text_of(auditor.get(reverse("entry_list"), {"text": "update"}))


def test_without_an_archive_the_pages_say_so(auditor):
    assert "archived in" not in text_of(auditor.get(reverse("entry_list")))
    assert "Nothing is archived" in text_of(auditor.get(reverse("archive_list")))
    assert auditor.get(reverse("archive_detail", args=[1])).status_code == 404
    assert auditor.get(reverse("entry_detail", args=[1])).status_code == 404


def test_the_list_shows_each_file_with_its_rows_and_state(auditor, folder):
    text = text_of(auditor.get(reverse("archive_list")))
    assert text.index("257–512 audit-000000257-000000512.jsonl.gz") < text.index("1–256 audit-000000001")
    assert text.count("There, unchanged") == 2
    (folder / "audit-000000001-000000256.jsonl.gz").unlink()
    (folder / "audit-000000257-000000512.jsonl.gz").write_bytes(b"other")
    text = text_of(auditor.get(reverse("archive_list")))
    assert "Missing" in text and "Changed" in text and "unchanged" not in text


def test_a_file_is_read_back_in_pages_of_fifty_rows(auditor, folder):
    newest = archive_page(auditor, 1)
    assert newest.count("Sign in") == 50
    assert "visit 252" in newest and "visit 202" not in newest
    older = archive_page(auditor, 1, until=206)
    assert "visit 202" in older and "visit 153" in older and "visit 203" not in older
    last = archive_page(auditor, 1, until=6)
    assert "before the update" in last and "Restore web-server-01 from weekly" in last
    assert "Mia" in last


def test_a_file_that_is_missing_or_changed_is_not_read(auditor, folder):
    path = folder / "audit-000000001-000000256.jsonl.gz"
    path.write_bytes(b"other")
    assert "The file was changed" in archive_page(auditor, 1)
    path.unlink()
    text = archive_page(auditor, 1)
    assert "The file is missing" in text and "visit" not in text


def test_a_row_whose_leaf_in_the_tree_differs_is_marked(auditor, folder):
    tile = Tile.objects.get(level=0, index=0)
    hashes = bytearray(tile.hashes)
    hashes[255 * 32] ^= 1
    with without_triggers():
        Tile.objects.filter(level=0, index=0).update(hashes=bytes(hashes))
    assert archive_page(auditor, 1).count("not the row that the tree has") == 1


def test_the_page_of_an_archived_row_reads_it_from_its_file(auditor, folder):
    text = text_of(auditor.get(reverse("entry_detail", args=[2])))
    assert "This row was read from the archive file audit-000000001-000000256.jsonl.gz" in text
    assert "Restore web-server-01 from weekly" in text and "before the update" in text
    assert "203.0.113.9" in text
    assert "Signature valid" in text


def test_the_pages_of_rows_beside_the_boundary_lead_across_it(auditor, folder):
    beside = reverse("entry_detail", args=[512]), reverse("entry_detail", args=[513])
    for url, other in (beside, reversed(beside)):
        assert f'href="{other}"' in auditor.get(url).content.decode()


def test_the_page_of_a_row_in_a_missing_file_leads_to_the_file(auditor, folder):
    (folder / "audit-000000001-000000256.jsonl.gz").unlink()
    response = auditor.get(reverse("entry_detail", args=[2]))
    assert response["Location"] == reverse("archive_detail", args=[1])


def test_an_erased_name_is_erased_in_archived_rows_too(auditor, folder):
    with journal.committed():
        row = erasure.erase_person(actor=ARON, person_id=MIA_ID, names={"Mia"}, reason="asked")
    assert subjects.Subject.objects.filter(erased_in=row.sequence).exists()
    text = text_of(auditor.get(reverse("entry_detail", args=[2])))
    assert f"Erased (row {row.sequence})" in text
    assert "Mia" not in text


def test_an_export_says_from_which_row_on_it_is_complete(auditor, folder):
    assert "Rows 1 to 512 are archived" in text_of(auditor.get(reverse("entry_export")))
    auditor.post(reverse("entry_export"), {"format": "json"})
    evidence = Entry.objects.get(action="audit.export").evidence
    assert evidence.startswith("10 rows, up to row 522, all of them from row 513 on; ")


def test_the_rows_of_the_archive_have_a_headline(auditor, folder):
    assert "Archive the audit log up to row 512" in text_of(auditor.get(reverse("entry_list")))


def receipt_of(browser, sequence: int):
    return browser.post(reverse("entry_receipt", args=[sequence]))


def test_an_archived_entry_offers_no_receipt_and_says_why(auditor, folder):
    page = auditor.get(reverse("entry_detail", args=[2]))
    assert "Download the receipt" not in text_of(page)
    assert "There is no receipt to download" in text_of(page)
    refused = receipt_of(auditor, 2)
    assert refused.status_code == 404
    assert "Ask an operator of this portal for the archive file." in text_of(refused)
    assert not Entry.objects.filter(action="audit.export").exists()
    assert "Page not found" in text_of(receipt_of(auditor, 4242))


def test_an_entry_in_the_database_offers_its_receipt(auditor, folder):
    assert "Download the receipt" in text_of(auditor.get(reverse("entry_detail", args=[520])))
    assert receipt_of(auditor, 520).status_code == 200


def test_an_operation_of_which_rows_are_archived_has_no_receipt(cast, auditor, tmp_path, settings):
    settings.SNAPPORTAL_ARCHIVE_DIR = str(tmp_path)
    fill_with_checkpoint(254)
    write_operation("accepted", "completed")  # the rows 255 to 257
    checkpoints.make()
    archive_all(tmp_path)
    page = text_of(auditor.get(reverse("entry_detail", args=[257])))
    assert "Download the receipt" not in page and "There is no receipt to download" in page
    assert receipt_of(auditor, 257).status_code == 404


def test_the_log_tells_when_it_was_last_anchored_and_verified_although_those_rows_are_archived(
    auditor, tmp_path, settings, capsys
):
    settings.SNAPPORTAL_ARCHIVE_DIR = str(tmp_path)
    settings.SNAPPORTAL_ANCHOR_FILE = str(tmp_path / "anchors.jsonl")
    fill_with_checkpoint(4)
    for command in ("anchor_audit", "verify_audit", "anchor_audit", "verify_audit"):
        assert run_command(capsys, command)[0] == 0
    fill_with_checkpoint(300)
    archive_all(tmp_path)
    text = text_of(auditor.get(reverse("entry_list")))
    assert "Last anchored:" in text and "Never anchored yet" not in text
    assert "Last verified:" in text and "Never verified yet" not in text
    assert [row.sequence for row in Entry.objects.filter(sequence__lt=257).order_by("sequence")] == [7, 8]
    assert verify(capsys)[0] == 0
    (tmp_path / "anchors.jsonl").unlink()
    assert verify(capsys)[0] == 1, "the anchor of row 7 is lost"
