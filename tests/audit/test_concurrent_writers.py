"""Many processes write the log at the same time: no row is lost, the chain does not fork, and no writer starves."""

import pytest

from tests.support import audit_concurrency, audit_file


@pytest.fixture
def environment(tmp_path, django_db_blocker):
    """The environment variables of the writers. The test reads the same database file."""
    with django_db_blocker.unblock():
        path = audit_file.make(tmp_path)
        with audit_file.opened(path):
            yield {"SNAPPORTAL_DATA_DIR": str(tmp_path), "SNAPPORTAL_DATABASE_URL": f"sqlite:///{path}"}


def test_eight_processes_write_one_valid_chain(environment):
    audit_concurrency.write_at_once(environment, writers=8, each=50)
    audit_concurrency.check_log(writers=8, each=50)


@pytest.mark.load
def test_sixteen_processes_write_one_valid_chain(environment):
    audit_concurrency.write_at_once(environment, writers=16, each=audit_concurrency.ROWS_EACH)
    audit_concurrency.check_log(writers=16, each=audit_concurrency.ROWS_EACH)
