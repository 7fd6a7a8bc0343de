"""Refusals of the portal's own rules."""

from collections.abc import Callable

import pytest

from snapshots.operations.errors import OperationRefusedError


def refused(begin: Callable[[], object]) -> str:
    """The code with which it is refused, as a whole."""
    with pytest.raises(OperationRefusedError) as error:
        begin()
    return error.value.code
