"""E-mails and targets that fail: told by the other ways, since they cannot tell it themselves."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core import mail
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from snapshots.audit import outbound
from snapshots.notifications import channels
from snapshots.notifications.mail_server import MailServer
from snapshots.notifications.models import Delivery, DeliveryState, Event, Kind, Target, Trouble
from snapshots.notifications.troubles import lasting, tell

DOWN_AFTER: Final = timedelta(minutes=5)
MAIL: Final = "mail"
PREFIX: Final = "target-"


def check_all() -> int:
    """Make an event of each channel that fails. Returns how many."""
    return _check_mail() + _check_targets()


def _check_mail() -> int:
    """The mail server is called at each check, since a server that is away may have nothing to take for days."""
    server = settings.SNAPPORTAL_EMAIL
    is_bad = server is not None and (_fails(Delivery.objects.filter(target=None)) or not answers(server))
    trouble = lasting(MAIL, is_bad=is_bad, after=DOWN_AFTER)
    return tell(trouble, Event(kind=Kind.MAIL_DOWN, at=timezone.now())) if trouble else 0


def answers(server: MailServer) -> bool:
    """Whether the mail server lets the portal in, as it must before it takes an e-mail."""

    def open_and_close(_call: outbound.Call) -> None:
        connection = mail.get_connection(**channels.mail_options(server))
        connection.open()
        connection.close()

    try:
        outbound.run(open_and_close, seconds=channels.SEND_SECONDS)
    except outbound.OutboundError:
        return False
    return True


def _check_targets() -> int:
    told = 0
    for target in Target.objects.all():
        name = f"{PREFIX}{target.pk}"
        trouble = lasting(name, is_bad=_fails(target.deliveries.all()), after=DOWN_AFTER)
        if trouble is not None:
            told += tell(trouble, Event(kind=Kind.TARGET_DOWN, at=timezone.now(), target=target.label))
    targets = {f"{PREFIX}{pk}" for pk in Target.objects.values_list("pk", flat=True)}
    Trouble.objects.filter(name__startswith=PREFIX).exclude(name__in=targets).delete()
    return told


def _fails(deliveries: QuerySet[Delivery]) -> bool:
    """Whether one was tried in vain since the last that was taken, and still waits or was given up."""
    taken_at = deliveries.filter(state=DeliveryState.SENT).aggregate(at=Max("ended_at"))["at"]
    failed = Q(state=DeliveryState.WAITING, attempts__gt=0) | Q(state=DeliveryState.GIVEN_UP, attempts__gt=1)
    since = Q(created_at__gt=taken_at) | Q(ended_at__gt=taken_at) if taken_at else Q()
    return deliveries.filter(failed, since).exists()
