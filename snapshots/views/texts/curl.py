"""Calls of the API as lines for a shell."""

import re
import shlex
from typing import Any, Final

import msgspec
from django.http import HttpRequest
from django.urls import reverse

REASON: Final = "X-Reason: why this is done"
_CONTINUED: Final = " \\\n  "
_PLAIN: Final = re.compile(r"[\w:/.$?=&%\[\]~-]+", re.ASCII)


def api_url(request: HttpRequest) -> str:
    """The address of the API as the reader reaches it; it ends with a slash."""
    return request.build_absolute_uri(reverse("api_openapi")).removesuffix("openapi.json")


def curl(url: str, method: str = "GET", *, body: Any = None, reason: bool = False) -> str:
    """The command, with the key in $SNAPPORTAL_KEY; further variables of the shell may stand in `url`."""
    if not _PLAIN.fullmatch(url):
        raise ValueError(url)
    parts = [f'curl "{url}"' if method == "GET" else f'curl -X {method} "{url}"']
    parts.append('-H "Authorization: Bearer $SNAPPORTAL_KEY"')
    if reason:
        parts.append(f"-H {shlex.quote(REASON)}")
    if body is not None:
        parts.append("-H 'Content-Type: application/json'")
        parts.append(f"-d {shlex.quote(msgspec.json.encode(body).decode())}")
    return _CONTINUED.join(parts)


def create_curl(request: HttpRequest, server_id: int, name: str) -> str:
    body = {"server_id": server_id, "name": name}
    return curl(request.build_absolute_uri(reverse("api_snapshots")), "POST", body=body, reason=True)


def restore_curl(request: HttpRequest, snapshot_id: int) -> str:
    url = request.build_absolute_uri(reverse("api_snapshot_restore", args=[snapshot_id]))
    return curl(url, "POST", reason=True)


def safe_restore_curl(request: HttpRequest, snapshot_id: int) -> str:
    body = {"kind": "safe_restore", "snapshot_id": snapshot_id}
    return curl(request.build_absolute_uri(reverse("api_jobs")), "POST", body=body, reason=True)


def delete_curl(request: HttpRequest, snapshot_id: int) -> str:
    url = request.build_absolute_uri(reverse("api_snapshot", args=[snapshot_id]))
    return curl(url, "DELETE", reason=True)
