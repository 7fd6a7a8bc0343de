"""Places of full servers that jobs empty: the snapshot that was deleted for a place must not be lost to somebody else's create.

All of it in a transaction under the log's lock, as the intents of creates are.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.utils import timezone

from snapshots.operations.errors import OperationRefusedError
from snapshots.operations.models import PlaceReservation

LONGEST: Final = timedelta(hours=2)
"""A job that has not come to its create by then has failed, whatever happened to the worker."""


def is_reserved(server_id: int) -> bool:
    return PlaceReservation.objects.filter(server_id=server_id, until__gt=timezone.now()).exists()


def reserve(server_id: int, idempotency_key: str) -> None:
    """For the create with this key. Raises OperationRefusedError "place_reserved" if another job has reserved one."""
    if is_reserved(server_id):
        raise OperationRefusedError("place_reserved")
    PlaceReservation.objects.filter(server_id=server_id).delete()
    PlaceReservation.objects.create(
        server_id=server_id, idempotency_key=idempotency_key, until=timezone.now() + LONGEST
    )


def use(server_id: int, idempotency_key: str) -> None:
    """By a create that is being sent. Raises OperationRefusedError "place_reserved" if the place is for another one."""
    if PlaceReservation.objects.filter(idempotency_key=idempotency_key).delete()[0]:
        return
    if is_reserved(server_id):
        raise OperationRefusedError("place_reserved")


def give_back(idempotency_keys: Iterable[str]) -> None:
    """The creates with these keys will not be sent any more."""
    PlaceReservation.objects.filter(idempotency_key__in=list(idempotency_keys)).delete()
