"""Many processes write the log at once: no row is lost, none forks the chain, and all get their turn."""

import pytest

from tests.support import audit_concurrency, audit_file


@pytest.fixture
def place(tmp_path, django_db_blocker):
    """The environment of the writers; the test itself looks at the same file."""
    with django_db_blocker.unblock():
        path = audit_file.make(tmp_path)
        with audit_file.opened(path):
            yield {"SNAPPORTAL_DATA_DIR": str(tmp_path), "SNAPPORTAL_DATABASE_URL": f"sqlite:///{path}"}


def test_eight_processes_share_the_log(place):
    audit_concurrency.write_at_once(place, writers=8, each=50)
    audit_concurrency.check_log(writers=8, each=50)


@pytest.mark.load
def test_sixteen_processes_share_the_log_for_long(place):
    audit_concurrency.write_at_once(place, writers=16, each=1000)
    audit_concurrency.check_log(writers=16, each=1000)
