"""After a transactional test no row is left for the next one."""

import pytest
from django.apps import apps
from django.db import Error

from snapshots.audit.models import Entry
from tests.support.archives import fill_with_checkpoint
from tests.support.flush import FIXED, empty_tables


def counts() -> dict[str, int]:
    models = apps.get_models(include_auto_created=True)
    return {model._meta.db_table: model._default_manager.count() for model in models}


@pytest.mark.django_db(transaction=True)
def test_a_transactional_test_leaves_rows_of_no_table_but_the_fixed_ones(far_desk, signed_in):
    signed_in(far_desk.user)
    far_desk.create(far_desk.server())
    fill_with_checkpoint(256)
    before = counts()
    assert sum(1 for table, count in before.items() if count and table not in FIXED) > 10
    empty_tables()
    assert {table for table, count in counts().items() if count} == FIXED
    assert {table: before[table] for table in FIXED} == {table: counts()[table] for table in FIXED}


@pytest.mark.django_db(transaction=True)
def test_the_log_is_protected_again_after_its_rows_were_removed():
    fill_with_checkpoint(1)
    empty_tables()
    fill_with_checkpoint(1)
    with pytest.raises(Error, match="audit"):
        Entry.objects.all().delete()
