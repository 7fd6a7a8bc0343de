"""The reference page: each call as the OpenAPI document describes it, with a line for a shell."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as lazy

from snapshots.api import calls
from snapshots.api.endpoints.codes import all_codes
from snapshots.api.endpoints.documents import RESOURCES, document
from snapshots.api.endpoints.http import MAX_BODY_BYTES
from snapshots.api.endpoints.operations import LONGEST_WAIT
from snapshots.api.endpoints.resources import ANY_KEY, Method, Resource
from snapshots.api.endpoints.schema_texts import member_rows, parameter_rows, shape_text
from snapshots.views.access import requires
from snapshots.views.texts.curl import api_url, curl

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

GROUPS: Final[Mapping[str, "StrPromise"]] = {
    "snapshots": lazy("Snapshots"),
    "servers": lazy("Servers"),
    "account": lazy("Account"),
    "operations": lazy("Operations"),
    "jobs": lazy("Jobs"),
    "requests": lazy("Requests for approval"),
    "schedules": lazy("Schedules"),
    "audit": lazy("Audit log"),
}
"""The first word of a path → the heading of its calls."""
VARIABLES: Final = {
    "operations": "$OPERATION_ID",
    "jobs": "$JOB_ID",
    "requests": "$REQUEST_ID",
    "schedules": "$SCHEDULE_ID",
}
EXAMPLE_BODIES: Final[Mapping[str, Any]] = {
    "create_snapshot": {"server_id": 12345, "name": "before-deploy"},
    "create_job": {"kind": "safe_restore", "snapshot_id": 801},
}
EXAMPLE_QUERIES: Final[Mapping[str, str]] = {"read_operation": "?wait=30", "list_entries": "?after=0"}


@dataclass(frozen=True)
class AnswerRow:
    status: int
    shape: str
    """Empty: no body."""


@dataclass(frozen=True)
class CallRow:
    """One call, as the template shows it. `right` is empty for calls that every valid key may make."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    right: str
    parameters: list[Any]
    members: list[Any]
    answers: list[AnswerRow]
    is_write: bool
    curl: str


def call_rows(url: str) -> Iterable[tuple[str, list[CallRow]]]:
    """The calls by their group. `url`: of the API, as the reader reaches it."""
    found: dict[str, list[CallRow]] = {group: [] for group in GROUPS}
    for resource in RESOURCES:
        group = resource.path.partition("/")[0]
        found[group] += [_call_row(resource, one, url) for one in resource.by_method.values()]
    return [(str(GROUPS[group]), rows) for group, rows in found.items()]


def _call_row(resource: Resource, method: Method, url: str) -> CallRow:
    described = document(settings.SNAPPORTAL_BASE_PATH)
    schemas = described["components"]["schemas"]
    path = re.sub(r"<\w+:(\w+)>", r"{\1}", resource.path)
    item = described["paths"][f"/{path}"]
    operation = item[method.name.lower()]
    body = operation.get("requestBody")
    return CallRow(
        anchor=method.run.__name__.replace("_", "-"),
        method=method.name,
        path=f"{urlsplit(url).path}{path}",
        summary=gettext(method.summary),
        description=gettext(_one_line(method.description)),
        right="" if method.right == ANY_KEY else method.right,
        parameters=parameter_rows([*item.get("parameters", []), *operation["parameters"]]),
        members=member_rows(body["content"]["application/json"]["schema"], schemas) if body else [],
        answers=_answers(method, operation["responses"], schemas),
        is_write=method.is_write,
        curl=_example(resource, method, url),
    )


def _answers(method: Method, responses: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[AnswerRow]:
    """Those of this call alone: the errors of all calls are explained once."""
    found = []
    for status in sorted(method.answers):
        content = responses[str(status)].get("content")
        schema = content["application/json"]["schema"] if content else None
        found.append(AnswerRow(status, shape_text(schema, schemas) if schema else ""))
    return found


def _example(resource: Resource, method: Method, url: str) -> str:
    """Runs as it is, once the variables of the shell in it are set."""
    name = method.run.__name__
    variable = VARIABLES.get(resource.path.partition("/")[0], "$SNAPSHOT_ID")
    path = re.sub(r"<\w+:\w+>", variable, resource.path)
    takes_reason = method.body is not None and "reason" in method.body.__struct_fields__
    return curl(
        f"{url}{path}{EXAMPLE_QUERIES.get(name, '')}",
        method.name,
        body=EXAMPLE_BODIES.get(name),
        reason=takes_reason,
    )


@requires("signed_in", "GET", "HEAD")
def api_reference(request: HttpRequest) -> HttpResponse:
    url = api_url(request)
    context = {
        "groups": call_rows(url),
        "codes": all_codes(),
        "url": url,
        "rate_limit": settings.SNAPPORTAL_API_RATE_LIMIT,
        "idempotency_hours": int(calls.LIFETIME.total_seconds() // 3600),
        "longest_wait": int(LONGEST_WAIT),
        "max_kib": MAX_BODY_BYTES // 1024,
    }
    return render(request, "api/reference.html", context)


def _one_line(text: str) -> str:
    return " ".join(text.split())
