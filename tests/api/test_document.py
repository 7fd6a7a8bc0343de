"""The OpenAPI document: valid by its own standard, and complete."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import get_resolver
from schemathesis.specs.openapi import definitions

from snapshots.api import endpoints
from snapshots.api.endpoints.documents import RESOURCES, document
from snapshots.api.endpoints.resources import Resource
from tests.views.test_access_matrix import patterns

COMPONENT = "#/components/schemas/"


@pytest.fixture
def made():
    return document(settings.SNAPPORTAL_BASE_PATH)


def references_in(value: Any) -> Iterator[str]:
    """Every $ref below `value`."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for one in value.values():
            yield from references_in(one)
    elif isinstance(value, list):
        for one in value:
            yield from references_in(one)


def test_the_document_is_valid_openapi_3_1(made):
    problems = [error.message for error in definitions.OPENAPI_31_VALIDATOR.iter_errors(made)]
    assert problems == []


def test_the_validator_finds_a_fault(made):
    """Else an empty list of faults would say nothing."""
    broken = made | {"paths": {"/snapshots/": {"get": {"responses": {"200": {}}}}}}
    assert not definitions.OPENAPI_31_VALIDATOR.is_valid(broken)


def test_every_reference_leads_to_a_component_and_every_component_is_used(made):
    used = {one.removeprefix(COMPONENT) for one in references_in(made)}
    assert used == set(made["components"]["schemas"])


def test_every_resource_that_a_module_defines_is_in_the_list():
    defined = set()
    for module in pkgutil.iter_modules(endpoints.__path__, f"{endpoints.__name__}."):
        found = vars(importlib.import_module(module.name)).values()
        defined |= {one for one in found if isinstance(one, Resource)}
    assert defined == set(RESOURCES)


def test_every_resource_is_in_the_document_with_its_methods(made):
    routed = {one.callback for one in patterns(get_resolver()) if isinstance(one.callback, Resource)}
    assert routed == set(RESOURCES)
    described = {
        (path, method.upper())
        for path, item in made["paths"].items()
        for method in item
        if method != "parameters"
    }
    expected = {
        ("/" + re.sub(r"<\w+:(\w+)>", r"{\1}", one.path), method)
        for one in RESOURCES
        for method in one.methods
    }
    assert described == expected


def test_names_of_calls_are_unique_and_each_says_which_right_it_needs(made):
    calls = [call for item in made["paths"].values() for name, call in item.items() if name != "parameters"]
    assert len({call["operationId"] for call in calls}) == len(calls)
    for call in calls:
        assert call["summary"]
        assert "Needs the right `" in call["description"] or "Every valid key may" in call["description"]


def test_anybody_may_read_the_document(db):
    answer = Client().get("/api/v1/openapi.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["openapi"].startswith("3.1")
