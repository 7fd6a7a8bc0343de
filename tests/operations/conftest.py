"""An operator who owns a snapshot."""

from tests.support.ownership import omar, own

__all__ = ["omar", "own"]
