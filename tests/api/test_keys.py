"""What a key is, what it may be allowed, and when it ends."""

import re
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.db import OperationalError
from django.utils import timezone

from snapportal.accounts.models import Role, User
from snapshots.api import keys, secrets
from snapshots.api.endpoints import throttle
from snapshots.api.models import RIGHTS, ApiKey
from snapshots.audit.models import Entry
from snapshots.deletions import service as deletions_service
from snapshots.deletions.models import PlannedDeletion
from snapshots.jobs import plans
from snapshots.jobs.models import Job
from snapshots.operations import service
from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import Operation
from snapshots.operations.rights import least
from snapshots.vault import tokens
from tests.support.api import Script, make_key, script_of
from tests.support.desk import make_desk
from tests.support.schedules import define

pytestmark = pytest.mark.django_db


class TestText:
    def test_it_has_a_prefix_and_a_checksum(self):
        secret = secrets.new_secret()
        assert re.fullmatch(r"sp_[0-9A-Za-z]{38}", secret)
        assert secrets.is_well_formed(secret)

    def test_the_checksum_is_as_documented(self):
        assert secrets.is_well_formed("sp_" + "0" * 32 + secrets._checksum("sp_" + "0" * 32))
        assert secrets._checksum("123456789") == "3jZRME"  # CRC-32 cbf43926, the check value of its catalogue

    @pytest.mark.parametrize("place", [0, 3, 20, 40])
    def test_a_changed_character_is_noticed(self, place):
        secret = secrets.new_secret()
        other = "B" if secret[place] == "A" else "A"
        assert not secrets.is_well_formed(secret[:place] + other + secret[place + 1 :])

    def test_only_a_digest_is_stored(self, desk):
        key, secret = make_key(desk.user, desk.token)
        stored = ApiKey.objects.filter(pk=key.pk).values().get()
        assert secret not in str(stored)
        assert stored["digest"] == secrets.digest_of(secret)
        assert stored["shown_part"] == secret[:8]


class TestMaking:
    def test_making_and_revoking_are_in_the_log(self, desk):
        key, secret = make_key(desk.user, desk.token, server_ids=[12345])
        keys.revoke(actor=desk.actor, key=key, reason="leaked")
        made, revoked = Entry.objects.filter(action__startswith="api_key.").order_by("sequence")
        assert (made.action, revoked.action, revoked.reason) == ("api_key.create", "api_key.revoke", "leaked")
        assert f"“ci” ({secret[:8]}…), id {key.pk}" in made.evidence
        assert "servers: 12345" in made.evidence
        assert secret not in made.evidence

    @pytest.mark.parametrize("role", Role.values)
    def test_a_key_has_no_right_that_its_owner_lacks(self, cast, sandbox, role):
        owner = next(one for one in vars(cast).values() if one.role == role)
        token = tokens.store(user_id=owner.pk, label="t", token=sandbox.token, stored_by_name="")
        for right in RIGHTS:
            if owner.has_perm(least(right)):
                made = make_key(owner, token, rights=[right], name=right)[0]
                assert set(made.rights) - {"snapshots.see"} == {right} - {"snapshots.see"}
            else:
                with pytest.raises(keys.KeyNotMadeError, match="rights"):
                    make_key(owner, token, rights=[right], name=right)

    def test_a_key_has_no_token_of_somebody_else(self, desk, cast):
        with pytest.raises(keys.KeyNotMadeError, match="token"):
            make_key(cast.ada, desk.token)
        assert not Entry.objects.filter(action="api_key.create").exists()

    def test_a_key_that_acts_at_the_provider_needs_a_token(self, desk, cast):
        with pytest.raises(keys.KeyNotMadeError, match="token"):
            make_key(desk.user, None)
        assert make_key(cast.aron, None)[0].rights == ["audit.read"]

    @pytest.mark.parametrize("days", [0, -1, 367])
    def test_a_key_expires_within_a_year(self, desk, days):
        with pytest.raises(keys.KeyNotMadeError, match="days"):
            make_key(desk.user, desk.token, days=days)

    def test_a_name_is_unique_among_the_keys_that_are_not_revoked(self, desk):
        key, _secret = make_key(desk.user, desk.token)
        with pytest.raises(keys.DuplicateKeyNameError):
            make_key(desk.user, desk.token)
        keys.revoke(actor=desk.actor, key=key)
        assert make_key(desk.user, desk.token)[0].pk != key.pk

    def test_an_expired_key_gives_its_name_to_a_new_one(self, desk):
        old, _secret = make_key(desk.user, desk.token)
        ApiKey.objects.update(expires_at=timezone.now())
        new, _secret = make_key(desk.user, desk.token)
        old.refresh_from_db()
        assert old.revoked_at is not None
        assert ApiKey.objects.alive().get() == new
        rows = Entry.objects.filter(action="api_key.revoke")
        assert [row.reason for row in rows] == ["Expired; a new key has its name."]

    def test_a_person_sees_own_keys_and_an_admin_all(self, desk, cast):
        key, _secret = make_key(desk.user, desk.token)
        assert list(keys.visible_to(desk.user)) == [key]
        assert list(keys.visible_to(cast.ada)) == [key]
        assert not keys.visible_to(cast.omar).exists()


class TestEnd:
    @pytest.fixture
    def script(self, desk) -> Script:
        return script_of(desk)

    def refused(self, script: Script, code: str) -> None:
        answer = script.get("snapshots/")
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert answer["WWW-Authenticate"].startswith("Bearer")
        row = Entry.objects.latest("sequence")
        assert (row.action, row.result, row.code) == ("access.refuse", "refused", f"api_{code}")

    def test_a_revoked_key(self, script, desk):
        keys.revoke(actor=desk.actor, key=ApiKey.objects.get())
        self.refused(script, "key_revoked")

    def test_an_expired_key(self, script):
        ApiKey.objects.update(expires_at=timezone.now())
        self.refused(script, "key_expired")

    def test_a_key_whose_owner_was_deactivated(self, script):
        User.objects.update(is_active=False)
        self.refused(script, "owner_inactive")

    def test_a_key_of_a_service_account_whose_keeper_was_deactivated(self, script, desk, cast):
        User.objects.filter(pk=desk.user.pk).update(service_owner=cast.omar)
        assert script.get("snapshots/").status_code == 200
        User.objects.filter(pk=cast.omar.pk).update(is_active=False)
        self.refused(script, "owner_inactive")

    def test_a_key_that_nobody_made(self, script):
        answer = Script(secrets.new_secret()).get("snapshots/")
        assert (answer.status_code, answer.json()["code"]) == (401, "key_invalid")
        assert Entry.objects.latest("sequence").code == "api_key_unknown"

    def test_refusals_of_one_minute_are_one_row(self, script, desk):
        keys.revoke(actor=desk.actor, key=ApiKey.objects.get())
        for _ in range(5):
            script.get("snapshots/")
        assert Entry.objects.filter(action="access.refuse").count() == 1

    def test_unknown_keys_cannot_fill_the_log(self, db, monkeypatch):
        monkeypatch.setattr(throttle, "time", SimpleNamespace(monotonic=lambda: 1000.0))
        for number in range(150):
            Script(secrets.new_secret()).post(f"snapshots/{number}/restore/")
        assert Entry.objects.filter(code="api_key_unknown").count() == 120

    def test_another_method_on_the_same_path_is_recorded_too(self, script, desk):
        keys.revoke(actor=desk.actor, key=ApiKey.objects.get())
        script.get("snapshots/")
        script.post("snapshots/", {})
        assert Entry.objects.filter(code="api_key_revoked").count() == 2

    @pytest.mark.parametrize(
        "path", ["snapshots/", "servers/", "operations/", "jobs/", "schedules/", f"operations/{UUID(int=7)}/"]
    )
    def test_a_token_that_was_removed(self, script, desk, path):
        tokens.remove(desk.token)
        answer = script.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "token_gone")
        assert Entry.objects.latest("sequence").code == "api_key_token"

    def test_schedules_cannot_be_run_without_the_token(self, script, desk):
        schedule = define(desk)
        tokens.remove(desk.token)
        for verb in ("pause", "resume", "run"):
            assert script.post(f"schedules/{schedule.pk}/{verb}/").json()["code"] == "token_gone"

    def test_a_row_that_names_another_persons_token_reaches_nothing(self, script, desk, cast):
        other = make_desk(cast.ada, "another-token-of-ada-0000")
        ApiKey.objects.update(token=other.token)
        assert script.get("snapshots/").json()["code"] == "token_gone"
        assert Entry.objects.latest("sequence").code == "api_key_token"

    @pytest.mark.parametrize("change", ["revoked", "expired", "role", "server", "right"])
    def test_what_changes_while_the_lists_are_read_stops_the_write(self, script, desk, monkeypatch, change):
        """The key is checked again in the transaction of the intent."""
        view = desk.server()
        change_while_reading(monkeypatch, CHANGES[change])
        check_stopped(script.post("snapshots/", {"server_id": view.server_id, "name": "late"}))

    @pytest.mark.parametrize("grace_days", [0, 1])
    def test_a_key_revoked_while_the_lists_are_read_deletes_nothing(
        self, script, desk, monkeypatch, settings, grace_days
    ):
        settings.SNAPPORTAL_DELETE_GRACE_DAYS = grace_days
        snapshot = desk.snapshot(desk.server())
        change_while_reading(monkeypatch, CHANGES["revoked"])
        check_stopped(script.delete(f"snapshots/{snapshot.id}/"))
        assert not PlannedDeletion.objects.exists()

    @pytest.mark.parametrize("change", ["revoked", "right"])
    def test_a_key_that_changes_while_a_job_is_planned_begins_none(self, script, desk, monkeypatch, change):
        snapshot = desk.snapshot(desk.server())
        change_while_reading(monkeypatch, CHANGES[change])
        check_stopped(script.post("jobs/", {"kind": "safe_restore", "snapshot_id": snapshot.id}))
        assert not Job.objects.exists()


CHANGES = {
    "revoked": lambda: ApiKey.objects.update(revoked_at=timezone.now()),
    "expired": lambda: ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1)),
    "server": lambda: ApiKey.objects.update(server_ids=[1]),
    "right": lambda: ApiKey.objects.update(rights=["snapshots.see"]),
    "role": lambda: User.objects.update(role=Role.VIEWER),
}


def change_while_reading(monkeypatch, change) -> None:
    """As if somebody did it after the request was let in, and before its intent is written."""
    for module in (service, deletions_service, plans):
        read_server = module.read_server

        def read_and_change(*arguments, _read=read_server):
            found = _read(*arguments)
            change()
            return found

        monkeypatch.setattr(module, "read_server", read_and_change)


def check_stopped(answer) -> None:
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed_any_more")
    assert not Operation.objects.exists()


def test_the_last_use_is_stored_to_the_minute(desk, clock, django_assert_num_queries):
    script = script_of(desk)
    script.get("snapshots/")
    first = ApiKey.objects.get().last_used_at
    assert first == timezone.now()
    clock.shift(30)
    script.get("snapshots/")
    assert ApiKey.objects.get().last_used_at == first
    clock.shift(31)
    script.get("snapshots/")
    assert ApiKey.objects.get().last_used_at == timezone.now()


def test_a_list_is_answered_while_nothing_can_be_written(desk, clock, monkeypatch):
    script = script_of(desk)
    script.get("snapshots/")
    clock.shift(61)
    desk.views()

    def fail(*_arguments: object, **_columns: object) -> None:
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(ApiKey.objects.filter().__class__, "update", fail)
    assert script.get("snapshots/").status_code == 200


def test_a_key_may_not_be_used_more_often_than_the_limit(desk, settings):
    settings.SNAPPORTAL_API_RATE_LIMIT = 3
    script = script_of(desk)
    assert [script.get("account/me/").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = script.get("account/me/")
    assert int(answer["Retry-After"]) in range(1, 21)
    assert script_of(desk, name="other").get("account/me/").status_code == 200


def test_a_rule_can_refuse_a_server_that_the_key_does_not_reach(desk):
    script = script_of(desk, server_ids=[desk.server().server_id])
    other = desk.server("vpn-gateway")
    assert {one["server"]["id"] for one in script.get("snapshots/").json()["results"]} == {
        desk.server().server_id
    }
    assert script.post("snapshots/", {"server_id": other.server_id, "name": "x"}).status_code == 404
    assert Entry.objects.latest("sequence").code == "api_key_server"
    with pytest.raises(OperationRefusedError):
        keys.check_still_valid(ApiKey.objects.get().pk, "snapshots.create", other.server_id)
