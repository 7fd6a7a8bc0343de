"""The OpenAPI 3.1 document, made from the endpoints themselves."""

import re
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from snapshots.api.endpoints import audit, jobs, operations, requests, schedules, servers, snapshots
from snapshots.api.endpoints.errors import json_response, method_not_allowed
from snapshots.api.endpoints.resources import ANY_KEY, Method, Resource
from snapshots.api.endpoints.shapes import Error
from snapshots.contract import API_PATH, MAX_ID

RESOURCES: Final[tuple[Resource, ...]] = (
    snapshots.snapshot_list,
    snapshots.snapshot_restore,
    snapshots.snapshot,
    servers.server_list,
    servers.account,
    operations.operation_list,
    operations.operation,
    jobs.job_list,
    jobs.job,
    requests.request_list,
    requests.request,
    schedules.schedule_list,
    schedules.schedule,
    schedules.schedule_pause,
    schedules.schedule_resume,
    schedules.schedule_run,
    audit.entry_list,
)
ERRORS: Final[dict[int | str, str]] = {
    400: "The request is not valid, or the provider's own rules refuse it.",
    401: "No key, or one that is not valid.",
    403: "The key lacks the right.",
    404: "There is no such thing, or the key does not reach it.",
    405: "Another method is needed.",
    409: "The portal's rules refuse it: `code` says which. Nothing was sent.",
    410: "These rows are archived.",
    411: "The body was sent in chunks: send Content-Length.",
    413: "The body is too large.",
    422: "The Idempotency-Key was used for another request.",
    429: "Too many requests: try again after Retry-After.",
    500: "An error in the portal: look at the list of operations before you try again.",
    503: "The provider, the database or the log cannot be used now. Nothing was sent.",
}
UNKNOWN_WORDS: Final = "It is not known whether it happened. `operation` tells as soon as it is."
WRITE_ERRORS: Final[dict[int | str, str]] = {
    "4XX": "The provider's own refusal, with its status and words.",
    504: UNKNOWN_WORDS,
}
HEADERS: Final = {
    401: ("WWW-Authenticate", "How to authenticate."),
    405: ("Allow", "The methods that there are."),
    429: ("Retry-After", "For how many seconds to wait."),
    503: ("Retry-After", "For how many seconds to wait."),
    504: ("X-Operation", "The address of the operation."),
}
"""Of answers with this status, where they have one."""
ANSWER_WORDS: Final = {
    202: "Begun, or planned.",
    204: "Deleted.",
    504: UNKNOWN_WORDS,
}
WRITE_HEADERS: Final = (
    ("Idempotency-Key", "A retry with the same key within 24 hours is the same operation.", 255),
    ("X-Reason", "Why, for the audit log; in place of `reason` in the body.", 2000),
    ("X-Override-Reason", "Why it is done although a restore holds the server.", 2000),
)
PUBLIC_METHODS: Final = ("GET", "HEAD")
_ARGUMENT: Final = re.compile(r"<(int|uuid):(\w+)>")


@lru_cache(maxsize=4)
def document(base_path: str) -> dict[str, Any]:
    """`base_path`: SNAPPORTAL_BASE_PATH, below which the portal answers."""
    kinds: list[Any] = [Error]
    for resource in RESOURCES:
        for method in resource.by_method.values():
            kinds += [method.body] if method.body else []
            kinds += [kind for answer in method.answers.values() for kind in _kinds_of(answer)]
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    refs = dict(zip(kinds, schemas, strict=True))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "SnapPortal",
            "version": "1",
            "description": "The provider's snapshot API, with the portal's safety and audit log behind it.",
        },
        "servers": [{"url": f"{base_path.rstrip('/')}{API_PATH}"}],
        "security": [{"key": []}],
        "paths": {f"/{_template(one.path)}": _path_item(one, refs) for one in RESOURCES},
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": components,
        },
    }


def _template(path: str) -> str:
    return _ARGUMENT.sub(r"{\2}", path)


def _path_item(resource: Resource, refs: dict[Any, Any]) -> dict[str, Any]:
    arguments = [_argument(kind, name) for kind, name in _ARGUMENT.findall(resource.path)]
    item: dict[str, Any] = {"parameters": arguments} if arguments else {}
    for name, method in resource.by_method.items():
        item[name.lower()] = _operation(resource, method, refs)
    return item


def _argument(kind: str, name: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "format": "uuid"}
    if kind == "int":
        schema = {"type": "integer", "minimum": 0, "maximum": MAX_ID}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _operation(resource: Resource, method: Method, refs: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": method.run.__name__,
        "tags": [resource.path.partition("/")[0]],
        "summary": method.summary,
        "description": _description(method),
        "parameters": [*_query_parameters(method), *_header_parameters(method)],
        "responses": _responses(method, refs),
    }
    if method.body:
        required = any(one.required for one in msgspec.structs.fields(method.body))
        found["requestBody"] = {"required": required, "content": _json(refs[method.body])}
    return found


def _description(method: Method) -> str:
    right = "Every valid key may." if method.right == ANY_KEY else f"Needs the right `{method.right}`."
    return f"{' '.join(method.description.split())}\n\n{right}"


def _query_parameters(method: Method) -> Iterable[dict[str, Any]]:
    if not method.query:
        return
    for one in msgspec.structs.fields(method.query):
        schema = _without_null(msgspec.json.schema(one.type))
        yield {"name": one.name, "in": "query", "required": one.required, "schema": schema}


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is left out is not null."""
    others = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    return others[0] if len(others) == 1 else schema


def _header_parameters(method: Method) -> Iterable[dict[str, Any]]:
    for name, description, longest in WRITE_HEADERS if method.is_write else ():
        if name == "Idempotency-Key" and not method.takes_key:
            continue
        schema = {"type": "string", "maxLength": longest}
        yield {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _responses(method: Method, refs: dict[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, kind in sorted(method.answers.items()):
        words = ANSWER_WORDS.get(status, HTTPStatus(status).phrase)
        schemas = [refs[one] for one in _kinds_of(kind)]
        schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
        found[str(status)] = {"description": words} | ({"content": _json(schema)} if schemas else {})
    errors = (ERRORS | WRITE_ERRORS if method.is_write else ERRORS) | dict(method.errors)
    for code, words in errors.items():
        found.setdefault(str(code), {"description": words, "content": _json(refs[Error])})
    for status, (name, words) in HEADERS.items():
        if str(status) in found:
            found[str(status)]["headers"] = {name: {"description": words, "schema": {"type": "string"}}}
    return dict(sorted(found.items()))


def _kinds_of(answer: Any) -> tuple[Any, ...]:
    """The shapes that an answer can have; none without a body."""
    if isinstance(answer, tuple):
        return answer
    return (answer,) if answer else ()


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def openapi(request: HttpRequest) -> HttpResponse:
    """Public, as any documentation: it names no server and no person."""
    if request.method not in PUBLIC_METHODS:
        return method_not_allowed(PUBLIC_METHODS).response()
    return json_response(document(settings.SNAPPORTAL_BASE_PATH))


openapi.csrf_exempt = True  # type: ignore[attr-defined]
openapi.access = "public"  # type: ignore[attr-defined]
openapi.methods = PUBLIC_METHODS  # type: ignore[attr-defined]
openapi.page = ""  # type: ignore[attr-defined]
