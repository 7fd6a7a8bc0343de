"""Arbitrary text in exports, log lines, signed confirmations, client addresses and audit filters."""

import csv
import io
import json
import logging
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
import structlog
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from snapportal.middleware import find_client, parse_address
from snapportal.setting_values import parse_networks
from snapshots import contract
from snapshots.audit import export, journal, lines, sealing
from snapshots.audit.models import Entry
from snapshots.operations.confirmation import ConfirmationError, read_confirmation, sign_confirmation
from snapshots.operations.models import Action
from snapshots.views.forms.audit import EntryFilterForm
from snapshots.views.roster import Roster
from tests.support import hostile
from tests.support.hostile import any_text, nasty_text

FILTERS = ("text", "person", "action", "server", "result", "since", "until")


@hostile.hostile(2600)
@given(text=nasty_text)
def test_any_forwarded_header_yields_a_valid_address(text):
    proxies = parse_networks("10.0.0.0/8")
    peer = parse_address("10.0.0.1")
    assert peer is not None
    for forwarded in (text, f"{text}, 10.0.0.2", f"fe80::1%{text}", f"[fe80::1%{text}]:80"):
        found = str(find_client(peer, forwarded, proxies))
        assert len(found) <= 45
        assert set(found) <= set("0123456789abcdef.:")


def row_of(text: str) -> dict[str, object]:
    entry = Entry(
        sequence=1,
        at=datetime.now(UTC),
        salt="5a" * 16,
        action="snapshot.create",
        reason=text,
        target=text,
        server_name=text,
    )
    return entry.row


@hostile.hostile(1800)
@given(text=any_text)
def test_no_cell_of_an_export_is_a_formula(text):
    clean = contract.clean_text(text)
    table = "".join(export.csv_lines([row_of(clean)]))
    (names, cells) = csv.reader(io.StringIO(table.removeprefix("\ufeff"), newline=""))
    exported = dict(zip(names, cells, strict=True))
    assert exported["reason"] in {clean, f"'{clean}"}
    for cell in cells:
        assert not cell.lstrip(' \u00a0\u200b\ufeff"').startswith(("=", "+", "-", "@", "\t", "\r"))
    line = sealing.canonical(lines.row_line(row_of(clean), {})).decode()
    assert "\n" not in line
    assert json.loads(line)["open"].get("reason", {"value": ""})["value"] == clean


@hostile.hostile(1800)
@given(text=any_text, key=st.sampled_from(["path", "agent", "name"]))
def test_no_text_can_forge_a_line_of_the_log(text, key):
    with hostile.log_lines() as lines:
        structlog.get_logger("hostile").warning(text, **{key: text})
        logging.getLogger("hostile").warning("Not Found: %s", text)
        first, second = map(json.loads, lines())
    assert (first["event"], first[key]) == (text, text)
    assert second["event"] == f"Not Found: {text}"


@hostile.hostile(900)
@given(text=nasty_text, other=nasty_text)
def test_no_text_is_accepted_as_a_confirmation(text, other):
    good = sign_confirmation(actor_id=1, action=Action.CREATE, token_id="t", server_id=7, snapshot=None)
    for forged in (
        text,
        good + text,
        text + good,
        good.replace(":", f":{text}", 1),
        f"{text}:{other}:{good}",
    ):
        if forged != good:
            with pytest.raises(ConfirmationError):
                read_confirmation(forged, actor_id=1, action=Action.CREATE, token_id="t")


@hostile.hostile(80)
@given(values=st.fixed_dictionaries(dict.fromkeys(FILTERS, hostile.query_values)))
def test_any_audit_filter_is_a_query_or_a_form_error(strict, values):
    form = EntryFilterForm(QueryDict(urlencode(values)), Roster([]))
    if form.is_valid():
        list(form.lines()[:1])
        list(form.rows()[:1])
        journal.record(
            journal.Actor(id=None, name="", role="").entry(action="audit.export", evidence=str(form.chosen()))
        )
