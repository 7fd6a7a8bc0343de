"""The base class of the commands that use the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from snapshots.audit.management.database_errors import explain


@contextmanager
def told_by_command(code: int = 1) -> Iterator[None]:
    """Raises CommandError, with this exit code, in the place of a database error that is no defect of the code."""
    try:
        yield
    except Error as error:
        sentence = explain(error)
        if not sentence:
            raise
        raise CommandError(sentence, returncode=code) from error


class DatabaseCommand(BaseCommand):
    """Ends with a sentence instead of a traceback when the database is away, empty or not readable."""

    database_exit_code: ClassVar[int] = 1

    def execute(self, *args: Any, **options: Any) -> str | None:
        with told_by_command(self.database_exit_code):
            return super().execute(*args, **options)
