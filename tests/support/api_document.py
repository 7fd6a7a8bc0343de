"""What the OpenAPI document says of an answer: each answer that a test gets from a call of the API has a documented status."""

import re
from typing import Any

from django.conf import settings
from django.urls import Resolver404, resolve

from snapshots.api.endpoints.documents import document
from snapshots.api.endpoints.resources import Resource


def check_documented(method: str, path: str, answer: Any) -> None:
    """Of calls that exist: an unknown address or method is in no document."""
    try:
        resource = resolve(path.partition("?")[0]).func
    except Resolver404:
        return
    name = "GET" if method == "HEAD" else method
    if not isinstance(resource, Resource) or name not in resource.by_method:
        return
    template = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", resource.path)
    described = document(settings.SNAPPORTAL_BASE_PATH)["paths"][template][name.lower()]["responses"]
    is_providers = "4XX" in described and answer.content.find(b'"code":"provider_') > 0
    assert str(answer.status_code) in described or is_providers, (method, path, answer.status_code)
    has_body = "content" in described.get(str(answer.status_code), described.get("4XX", {}))
    if has_body and method != "HEAD":
        assert answer["Content-Type"] == "application/json", (method, path)
