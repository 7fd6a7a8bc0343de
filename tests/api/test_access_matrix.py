"""Access to every call of the API, by the role of the key's person and the rights of the key. Complete by construction."""

import uuid
from typing import Any

import pytest
from django.urls import reverse

from snapportal.accounts.models import PERMISSIONS, Role
from snapshots.api.endpoints.documents import RESOURCES
from snapshots.api.endpoints.resources import ANY_KEY
from snapshots.api.models import RIGHTS, ApiKey
from snapshots.audit.models import Entry
from snapshots.operations.models import Operation
from snapshots.operations.rights import least
from tests.support.api import Script, make_key
from tests.support.desk import make_desk

pytestmark = pytest.mark.django_db
ARGUMENTS = {"snapshot_id": 999_999, "pk": uuid.UUID(int=7)}
BODIES: dict[str, Any] = {
    "create_snapshot": {"server_id": 999_999, "name": "x"},
    "create_job": {"kind": "safe_restore", "snapshot_id": 999_999},
}
FURTHER_RIGHTS = {"create_job": "snapshots.create"}
"""A call that needs a second right."""
CALLS = [(one, name) for one in RESOURCES for name in one.methods]
CALL_IDS = [one.by_method[name].run.__name__ for one, name in CALLS]
KEY_RIGHTS = [*([one] for one in RIGHTS), list(RIGHTS), []]
"""Each right alone, all of them, and none."""


@pytest.fixture(autouse=True)
def limits(settings):
    settings.SNAPPORTAL_API_RATE_LIMIT = 1_000_000


def url_of(resource) -> str:
    arguments = {name: value for name, value in ARGUMENTS.items() if f":{name}>" in resource.path}
    return reverse(resource.name, kwargs=arguments)


def call(script: Script, resource, name: str) -> Any:
    return script.send(name, url_of(resource), BODIES.get(resource.by_method[name].run.__name__))


def needed_rights(resource, name: str) -> set[str]:
    method = resource.by_method[name]
    return {method.right, FURTHER_RIGHTS.get(method.run.__name__, method.right)} - {ANY_KEY}


@pytest.fixture
def desks(cast, sandbox) -> dict[str, Any]:
    return {person.role: make_desk(person, sandbox.token) for person in vars(cast).values()}


def key_with(desk, rights: list[str], name: str = "ci", **changes) -> tuple[ApiKey, Script]:
    """With these rights, although its person may not give them: the role may have been another one when it was made."""
    own = [one for one in RIGHTS if desk.user.has_perm(one)]
    key, secret = make_key(desk.user, desk.token, rights=own, name=name)
    ApiKey.objects.filter(pk=key.pk).update(rights=rights, **changes)
    return key, Script(secret)


@pytest.mark.parametrize("role", Role.values)
def test_exactly_keys_with_the_right_of_people_with_the_permission_are_let_in(desks, role):
    desk = desks[role]
    for number, rights in enumerate(KEY_RIGHTS):
        key, script = key_with(desk, rights, name=f"key {number}")
        may = {one for one in rights if least(one) in PERMISSIONS[role]}
        for resource, name in CALLS:
            before = Entry.objects.count()
            answer = call(script, resource, name)
            context = f"{name} {resource.path} as {role} with {rights}: {answer.status_code}"
            missing = needed_rights(resource, name) - may
            if not missing:
                assert answer.status_code in {200, 404}, context
                continue
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), context
            entry = Entry.objects.latest("sequence")
            assert Entry.objects.count() == before + 1, context
            assert (entry.action, entry.result) == ("access.refuse", "refused")
            assert (entry.code in missing, entry.target) == (True, url_of(resource)), context
            assert (entry.actor_id, entry.channel) == (desk.user.pk, key.channel)
    assert not Operation.objects.exists()


# --- Not let in: 401 --------------------------------------------------------------------------------------------------
UNUSABLE = {
    "revoked": ("key_revoked", "api_key_revoked"),
    "expired": ("key_expired", "api_key_expired"),
    "deactivated person": ("owner_inactive", "api_owner_inactive"),
    "deactivated keeper": ("owner_inactive", "api_owner_inactive"),
}


def make_unusable(how: str, key: ApiKey, cast) -> None:
    if how == "revoked":
        ApiKey.objects.filter(pk=key.pk).update(revoked_at=key.created_at)
    elif how == "expired":
        ApiKey.objects.filter(pk=key.pk).update(expires_at=key.created_at)
    elif how == "deactivated person":
        cast.mia.is_active = False
        cast.mia.save()
    else:
        cast.omar.is_active = False
        cast.omar.save()
        cast.mia.service_owner = cast.omar
        cast.mia.save()


def check_refused(answer, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize("how", UNUSABLE)
def test_a_key_that_may_not_be_used_is_refused_and_recorded(desks, cast, how):
    key, script = key_with(desks[Role.MANAGER], list(RIGHTS))
    make_unusable(how, key, cast)
    code, recorded = UNUSABLE[how]
    for resource in RESOURCES:
        for name in resource.methods:
            check_refused(call(script, resource, name), code)
        entry = Entry.objects.latest("sequence")
        assert (entry.action, entry.code, entry.target) == ("access.refuse", recorded, url_of(resource))
        assert entry.channel == key.channel
    refusals = Entry.objects.filter(action="access.refuse")
    calls = sum(len(resource.methods) for resource in RESOURCES)
    assert refusals.count() == calls, "one a minute for each method of each address"


def test_without_its_token_a_key_reaches_nothing_but_the_audit_log(desks):
    key, script = key_with(desks[Role.ADMIN], list(RIGHTS))
    assert key.token
    key.token.delete()
    for resource, name in CALLS:
        answer = call(script, resource, name)
        if resource.by_method[name].right in {ANY_KEY, "audit.read"}:
            assert answer.status_code == 200
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "token_gone"), (resource.path, name)


@pytest.mark.parametrize(("resource", "name"), CALLS, ids=CALL_IDS)
def test_a_well_formed_key_that_nobody_made_is_refused_and_recorded(db, resource, name):
    from snapshots.api import secrets
    from snapshots.api.endpoints import throttle

    throttle.refusals = throttle.Once()
    check_refused(call(Script(secrets.new_secret()), resource, name), "key_invalid")
    entry = Entry.objects.get()
    assert (entry.action, entry.code, entry.actor_id, entry.channel) == (
        "access.refuse",
        "api_key_unknown",
        None,
        "api",
    )


@pytest.mark.parametrize("secret", ["", "sbx_token-of-the-provider", "sp_" + "a" * 38])
def test_what_is_no_key_is_refused(db, secret):
    for resource, name in CALLS:
        check_refused(call(Script(secret), resource, name), "key_invalid" if secret else "key_missing")
    assert not Entry.objects.exists()


def test_a_session_does_not_open_the_api(cast, signed_in):
    client = signed_in(cast.ada)
    for resource, name in CALLS:
        check_refused(client.generic(name, url_of(resource)), "key_missing")


# --- Addresses and methods ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "path", ["", "nowhere/", "snapshots", "snapshots/x/", "operations/1/", "servers/%0A/"]
)
def test_addresses_that_do_not_exist_are_json(desks, path):
    _key, script = key_with(desks[Role.MANAGER], list(RIGHTS))
    answer = script.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    check_refused(Script("").get(path), "key_missing")


def test_other_methods_are_json_and_say_which_there_are(desks):
    _key, script = key_with(desks[Role.MANAGER], list(RIGHTS))
    for resource in RESOURCES:
        for name in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - set(resource.methods):
            answer = script.send(name, url_of(resource))
            assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed"), name
            assert answer["Allow"] == ", ".join(resource.methods)
            check_refused(Script("").send(name, url_of(resource)), "key_missing")
    answer = Script("").post("openapi.json")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_head_is_answered_as_get_without_a_body(desks):
    _key, script = key_with(desks[Role.ADMIN], list(RIGHTS))
    for resource in RESOURCES:
        answer = script.send("HEAD", url_of(resource))
        assert answer.content == b""
        expected = script.get(url_of(resource)).status_code if "GET" in resource.methods else 405
        assert answer.status_code == expected, resource.path
