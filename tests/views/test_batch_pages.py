"""Pages of batches and restore points: select, confirm once, see each result, try the failed ones again, go back."""

import pytest
from django.urls import reverse

from snapshots.jobs import engine
from snapshots.jobs.models import Job, Kind
from snapshots.operations.models import Operation
from snapshots.views.picks import pick_of
from tests.support.batches import NAME, create_many, roomy
from tests.support.pages import confirm, hidden, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia(desk, signed_in):
    return signed_in(desk.user)


def url_for(kind: str, picks) -> str:
    name = {"server": "batch_create", "snapshot": "batch_delete"}[kind]
    return f"{reverse(name)}?" + "&".join(f"{kind}={pick}" for pick in picks)


def create_url(views) -> str:
    return url_for("server", map(pick_of, views))


def test_create(desk, mia):
    page = mia.get(create_url(roomy(desk)))
    print(text_of(page))
    answer = confirm(mia, create_url(roomy(desk)), name=NAME)
    print(text_of(mia.get(answer["Location"])))
    view = desk.server("db-server-01")
    print(text_of(mia.get(url_for("snapshot", [pick_of(view, one) for one in view.snapshots[:3]]))))
    print(text_of(mia.get(reverse("restore_point_list"))))
    job = Job.objects.get()
    print(text_of(mia.get(reverse("restore_point_detail", args=[job.pk]))))
    print(text_of(mia.get(reverse("restore_point_restore", args=[job.pk]))))
    for one in roomy(desk):
        print(text_of(mia.get("/")))
