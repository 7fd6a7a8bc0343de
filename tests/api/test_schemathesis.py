"""Requests made from the OpenAPI document, valid and not, with keys of every role: the answers are as the document says.

schemathesis makes the requests and checks the answers; docs/decisions/0021-api-tests.md says why it is used in this way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, openapi
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from snapportal.accounts.models import Role
from tests.support.api import make_key
from tests.support.deep import TIMES
from tests.support.desk import make_desk

pytestmark = pytest.mark.django_db
EXAMPLES = {GenerationMode.POSITIVE: 4 * TIMES, GenerationMode.NEGATIVE: 3 * TIMES}
"""Requests to each operation with the key of each role."""
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
    checks.allow_header_conformance,
]
DOCUMENTED_FAILURES = {503, 504}
SEEN = {
    Role.VIEWER: {200, 400, 403, 404},
    Role.OPERATOR: {200, 201, 400, 403, 404},
    Role.MANAGER: {200, 201, 204, 400, 403, 404},
    Role.AUDITOR: {200, 400, 403, 404},
    Role.ADMIN: {200, 201, 204, 400, 404},
}
"""Statuses that the requests of each role are answered with at least: else they would not reach what they examine."""


@pytest.fixture(autouse=True)
def limits(settings):
    settings.SNAPPORTAL_API_RATE_LIMIT = 1_000_000
    settings.ALLOWED_HOSTS = ["localhost", "testserver"]


@lru_cache
def load_document() -> Any:
    """Once for the process, with what is made of it: no role changes it."""
    found = openapi.from_wsgi("/api/v1/openapi.json", WSGIHandler())
    found.config.generation.allow_extra_parameters = False  # further parameters of a query are ignored
    return found


@pytest.fixture
def document(db):
    """From the portal's own WSGI application, which is kept from closing the connection of the test."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield load_document()
    for signal in signals:
        signal.connect(close_old_connections)


def operations_of(document: Any) -> list[Any]:
    return [one.ok() for one in document.get_all_operations()]


@contextmanager
def undone() -> Iterator[None]:
    """What a request changes is rolled back, so that each is answered in the same state."""
    block = transaction.atomic()
    block._from_testcase = True  # as Django's own tests do: the log's transactions must not be within another
    with block:
        yield
        transaction.set_rollback(True)


def aim(data: st.DataObject, case: Any, existing: dict[str, list[int]]) -> None:
    """Half of the requests are about a snapshot or a server that exists: no random number is one."""
    for name, ids in existing.items():
        places = [case.path_parameters, case.body if isinstance(case.body, dict) else {}]
        for place in places:
            if type(place.get(name)) is int and data.draw(st.booleans()):
                place[name] = data.draw(st.sampled_from(ids))


@dataclass
class Examination:
    """Sends requests to operations, and notes each kind of fault once, with the request that found it."""

    existing: dict[str, list[int]]
    secret: str
    mode: GenerationMode
    faults: dict[str, str] = field(default_factory=dict)
    statuses: set[int] = field(default_factory=set)

    def examine(self, operation: Any) -> None:
        @settings(
            max_examples=EXAMPLES[self.mode],
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(data=st.data())
        def send(data: st.DataObject) -> None:
            case = data.draw(operation.as_strategy(generation_mode=self.mode))
            if self.mode == GenerationMode.POSITIVE:
                aim(data, case, self.existing)
            self.send(case)

        send()

    def send(self, case: Any) -> None:
        with undone():
            answer = case.call(headers={"Authorization": f"Bearer {self.secret}"})
        self.statuses.add(answer.status_code)
        if answer.status_code >= 500 and answer.status_code not in DOCUMENTED_FAILURES:
            self.note(case, f"answered {answer.status_code}", case.as_curl_command())
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            for failure in group.exceptions:
                self.note(case, failure.title, f"{failure.message}\n{case.as_curl_command()}")

    def note(self, case: Any, fault: str, details: str) -> None:
        self.faults.setdefault(f"{case.operation.label}: {fault}", details)


@pytest.mark.parametrize("role", Role.values)
def test_answers_are_as_the_document_says(cast, sandbox, document, role):
    owner = next(person for person in vars(cast).values() if person.role == role)
    desk = make_desk(owner, sandbox.token)
    _key, secret = make_key(owner, desk.token)
    views = desk.views()
    existing = {
        "snapshot_id": [one.id for view in views for one in view.snapshots],
        "server_id": [view.server_id for view in views],
    }
    statuses = set()
    for mode in GenerationMode:
        examination = Examination(existing, secret, mode)
        for operation in operations_of(document):
            examination.examine(operation)
        report = [f"{fault}\n{details}" for fault, details in sorted(examination.faults.items())]
        assert not report, "\n\n".join(report)
        statuses |= examination.statuses
    assert statuses >= SEEN[role], "the requests reach less than they did"
