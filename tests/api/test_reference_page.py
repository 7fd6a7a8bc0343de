"""The reference page and "Do this from a script": each line for a shell is what the API understands."""

import ast
import html
import re
from pathlib import Path

import pytest
from django.urls import reverse

from snapshots.api.endpoints import codes, reference
from snapshots.api.endpoints.documents import RESOURCES
from snapshots.operations.models import Action, Operation
from snapshots.views.texts.curl import curl
from snapshots.views.texts.refusals import REFUSAL_WORDS
from tests.support import shell_lines
from tests.support.api import make_key, script_of
from tests.support.desk import make_desk
from tests.support.policies import place, wish
from tests.support.schedules import define

pytestmark = pytest.mark.django_db
ENDPOINTS = Path(codes.__file__).parent
CALLS = {method.run.__name__: method for one in RESOURCES for method in one.by_method.values()}


@pytest.fixture
def page(desk, signed_in) -> str:
    return signed_in(desk.user).get(reverse("api_reference")).content.decode()


def test_every_call_is_on_the_page_with_its_right_and_statuses(page):
    for name, method in CALLS.items():
        anchor = name.replace("_", "-")
        (part,) = re.findall(rf'aria-labelledby="{anchor}".*?</section>', page, re.DOTALL)
        assert f'href="#{anchor}"' in page
        assert html.escape(method.summary) in part
        assert method.right in part or "every valid key" in part
        for status in method.answers:
            assert f">{status}</strong>" in part


def test_every_line_runs_as_it_is(cast, sandbox, signed_in):
    """With the variables set, and the IDs in example bodies replaced: on three servers, so that no restore is in the way."""
    desk = make_desk(cast.ada, sandbox.token)
    deleted = desk.server("db-server-01")
    created, restored = [view for view in desk.views() if view.snapshots and not view.is_full][:2]
    policy = place(cast.ada, restored)
    asked = wish(desk, restored)()
    policy.delete()
    variables = {
        "REQUEST_ID": str(asked.pk),
        "SNAPPORTAL_KEY": make_key(cast.ada, desk.token)[1],
        "OPERATION_ID": str(desk.create(created).pk),
        "SCHEDULE_ID": str(define(desk, servers=((created.server_id, created.name),)).pk),
    }
    lines = shell_lines.lines_of(signed_in(cast.ada).get(reverse("api_reference")).content.decode())
    assert set(lines) == {anchor_of(name) for name in CALLS}
    for name in sorted(CALLS, key=lambda one: one != "create_job"):
        variables["SNAPSHOT_ID"] = str(desk.snapshot(deleted if name == "delete_snapshot" else restored).id)
        line = lines[anchor_of(name)].replace("12345", str(created.server_id))
        line = line.replace(":801", f":{desk.snapshot(created).id}").replace("wait=30", "wait=0.1")
        answer = shell_lines.send(line, **variables)
        if name == "create_job":
            variables["JOB_ID"] = answer.json()["id"]
        assert answer.status_code in set(CALLS[name].answers) - {504}, (line, answer.content)


def anchor_of(name: str) -> str:
    return f"curl-{name.replace('_', '-')}"


def test_lines_have_the_host_of_the_reader(desk, signed_in, settings):
    settings.ALLOWED_HOSTS = ["snapshots.example.com"]
    answer = signed_in(desk.user).get(
        reverse("api_reference"), headers={"Host": "snapshots.example.com"}, secure=True
    )
    lines = shell_lines.lines_of(answer.content.decode())
    assert all('"https://snapshots.example.com/api/v1/' in line for line in lines.values())


def test_no_address_can_leave_its_quotes():
    for url in ['http://x/"; id; "', "http://x/`id`", "http://x/$(id)", "http://x/\\"]:
        with pytest.raises(ValueError, match="http"):
            curl(url)


def test_quotes_in_a_body_stay_in_it():
    arguments = shell_lines.arguments_of(
        curl("http://x/", "POST", body={"name": "it's $HOME `id`"}), SNAPPORTAL_KEY=""
    )
    assert arguments[-1] == """{"name":"it's $HOME `id`"}"""


@pytest.mark.parametrize(
    ("action", "status"), [(Action.CREATE, 201), (Action.RESTORE, 200), (Action.DELETE, 204)]
)
def test_the_line_on_a_form_does_what_the_form_would(desk, signed_in, action, status):
    view = desk.server()
    snapshot = desk.snapshot(view)
    about = view.server_id if action == Action.CREATE else snapshot.id
    url = reverse(action.replace(".", "_"), args=[desk.token.pk, about])
    form = signed_in(desk.user).get(url)
    _key, secret = make_key(desk.user, desk.token)
    line = shell_lines.lines_of(form.content.decode())["command"]
    answer = shell_lines.send(line, SNAPPORTAL_KEY=secret)
    assert answer.status_code == status, answer.content
    operation = Operation.objects.get()
    assert (operation.action, operation.server_id) == (action, view.server_id)
    assert operation.reason == "why this is done"


def test_the_restore_form_shows_the_line_with_a_safety_snapshot_first(desk, signed_in):
    snapshot = desk.snapshot(desk.server())
    form = signed_in(desk.user).get(reverse("snapshot_restore", args=[desk.token.pk, snapshot.id]))
    line = shell_lines.lines_of(form.content.decode())["safe-command"]
    answer = shell_lines.send(line, SNAPPORTAL_KEY=script_of(desk).secret)
    assert (answer.status_code, answer.json()["kind"]) == (202, "safe_restore")


# --- Codes ------------------------------------------------------------------------------------------------------------
def raised_codes() -> set[str]:
    """The second argument of every ApiError that the endpoints make, where it is written out."""
    return {
        node.args[1].value
        for path in ENDPOINTS.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "ApiError"
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
    }


def test_every_code_that_the_endpoints_raise_is_explained(page):
    explained = {one.code for one in codes.all_codes()}
    assert len(raised_codes()) > 10
    assert raised_codes() <= explained
    for one in codes.all_codes():
        assert f">{one.code}</code>" in page


def test_codes_of_refusals_have_words_of_their_own():
    assert set(codes.REFUSALS) <= set(REFUSAL_WORDS)


def test_every_group_and_example_belongs_to_a_call():
    assert {one.path.partition("/")[0] for one in RESOURCES} == set(reference.GROUPS)
    for name, body in reference.EXAMPLE_BODIES.items():
        assert set(body) <= set(CALLS[name].body.__struct_fields__)
