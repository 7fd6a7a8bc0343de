"""Stores the history of a server, opens pages with pictures, and reads the pictures in them."""

import re
from datetime import datetime, timedelta
from html import unescape
from itertools import count
from xml.etree import ElementTree

from django.http import HttpResponse
from django.urls import reverse

from snapshots.observations.models import KnownSnapshot
from snapshots.operations.models import Action, Operation, State
from snapshots.operations.server_views import ServerView
from tests.support.desk import Desk

SVG = re.compile(r'<svg class="picture" role="img".*?</svg>', re.DOTALL)
DETAILS = re.compile(r'<details class="behind">.*?</details>', re.DOTALL)
_numbers = count(1)


def history_url(desk: Desk, server_id: int) -> str:
    return reverse("server_history", args=[desk.token.pk, server_id])


def known(
    view: ServerView, number: int, at: datetime, gone_at: datetime | None = None, **more
) -> KnownSnapshot:
    """A snapshot of the server that was listed once."""
    fields = {
        "server_id": view.server_id,
        "server_name": view.name,
        "snapshot_id": number,
        "name": f"night-{number}",
        "size_mb": 1024,
        "created_at": at,
        "first_listed_at": at,
        "changed_at": at,
        "gone_at": gone_at,
    }
    return KnownSnapshot.objects.create(**fields | more)


def operated(
    desk: Desk,
    view: ServerView,
    action: Action,
    at: datetime,
    *,
    state: State = State.COMPLETED,
    took: timedelta | None = timedelta(minutes=5),
    **more,
) -> Operation:
    """An operation that began at that time; its end was seen at once."""
    fields = {
        "idempotency_key": f"picture-{next(_numbers)}",
        "action": action,
        "state": state,
        "actor_id": desk.user.pk,
        "actor_name": str(desk.user),
        "actor_role": desk.user.role,
        "token_id": desk.token.pk,
        "token_label": desk.token.label,
        "token_fingerprint": desk.token.fingerprint,
        "server_id": view.server_id,
        "server_name": view.name,
        "snapshot_name": "night",
        "created_at": at,
        "sent_at": at,
        "accepted_at": at,
        "seen_moving_at": at + took if took else None,
        "ended_at": at + took if took else None,
    }
    return Operation.objects.create(**fields | more)


def pictures_in(response: HttpResponse) -> dict[str, ElementTree.Element]:
    """Title → the picture. Raises if one is not well-formed XML."""
    found = [ElementTree.fromstring(text) for text in SVG.findall(response.content.decode())]
    return {one.findtext("title") or "": one for one in found}


def tables_in(response: HttpResponse) -> list[str]:
    """The text of the table behind each picture."""
    tables = DETAILS.findall(response.content.decode())
    return [re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", one))) for one in tables]
