"""Sends batches to a syslog server: RFC 5424 messages over TLS with octet counting (RFC 5425).

RFC 5425 has no acknowledgement. What confirms a batch here is the end of its connection: after the last message the
portal sends close_notify, and the server answers with its own when it has read everything before. Servers that close
the TCP connection instead are accepted with `is_close_enough`: a server with unread bytes would reset the connection
(RFC 1122, 4.2.2.13). Both confirm that the server's process has read the batch, neither that it has stored it.
"""

import errno
import fcntl
import re
import socket
import ssl
import struct
import termios
import time
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from snapshots.audit import outbound
from snapshots.audit.outbound import Call
from snapshots.audit.streaming import sender
from snapshots.audit.streaming.batches import Batch
from snapshots.audit.streaming.events import Event

PRIORITY: Final = 13 * 8 + 5
"""Facility 13 (log audit), severity 5 (notice)."""
ENTERPRISE_NUMBER: Final = 32473
"""Reserved for documentation (RFC 5612): the portal has no registered number of its own."""
NO_VALUE: Final = "-"
ACKNOWLEDGE_SECONDS: Final = 5.0
IGNORE_UNEXPECTED_EOF: Final = getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
"""Python before 3.11.4 sets it by default (python/cpython#95494), and then takes an end without close_notify for one with it."""
UNEXPECTED_EOF: Final = "UNEXPECTED_EOF_WHILE_READING"
"""What that end is called by Python before 3.11.4; later it is SSLEOFError."""
_ESCAPED: Final = re.compile(r'(["\\\]])')


def _parameter(name: str, value: object) -> str:
    escaped = _ESCAPED.sub(r"\\\1", str(value))
    return f'{name}="{escaped}"'


def host_name() -> str:
    """This machine's name as RFC 5424 allows it: 1 to 255 printable ASCII characters without a blank."""
    return re.sub(r"[^!-~]", "", socket.gethostname())[:255] or NO_VALUE


def make_message(batch: Batch, event: Event, previous_hash: str) -> bytes:
    """One RFC 5424 message; its content is the row's JSON, in ASCII."""
    parameters = {
        "origin": settings.SNAPPORTAL_LOG_ORIGIN,
        "stream": batch.stream,
        "sequence": event.sequence,
        "treeSize": event.sequence,
        "hash": event.hash,
        "previousHash": previous_hash,
    }
    data = " ".join(_parameter(name, value) for name, value in parameters.items())
    header = f"<{PRIORITY}>1 {event.at or NO_VALUE} {host_name()} snapportal - audit.row"
    return f"{header} [snapportal@{ENTERPRISE_NUMBER} {data}] {event.text}".encode()


def make_frames(batch: Batch) -> bytes:
    """All messages of a batch, each preceded by its length in bytes and a blank (RFC 5425, 4.3)."""
    frames = []
    previous_hash = batch.previous_hash
    for event in batch.events:
        message = make_message(batch, event, event.previous_hash or previous_hash)
        frames.append(b"%d %s" % (len(message), message))
        previous_hash = event.hash
    return b"".join(frames)


@dataclass(frozen=True)
class Syslog:
    """`authorities` and `certificate` are paths of PEM files; '' for the system's authorities, and for no certificate."""

    host: str
    port: int
    authorities: str = ""
    certificate: str = ""
    is_close_enough: bool = False
    public_only: bool = True
    stream: str = "syslog"

    def send(self, batch: Batch) -> None:
        """Send the batch over a connection of its own and end it. Raises DeliveryError unless that confirms the delivery."""
        frames = make_frames(batch)
        try:
            outbound.run(
                lambda call: self._deliver(call, frames),
                seconds=sender.SEND_SECONDS,
                public_only=self.public_only,
            )
        except outbound.OutboundError as error:
            raise sender.DeliveryError(f"the batch could not be sent: {error}") from error

    def _deliver(self, call: Call, frames: bytes) -> None:
        context = ssl.create_default_context(cafile=self.authorities or None)
        context.options &= ~IGNORE_UNEXPECTED_EOF
        if self.certificate:
            context.load_cert_chain(self.certificate)
        with (
            call.connect(self.host, self.port) as plain,
            context.wrap_socket(plain, server_hostname=self.host) as secure,
        ):
            secure.sendall(frames)
            self._confirm(secure)

    def _confirm(self, secure: ssl.SSLSocket) -> None:
        """Exchange close_notify. Raises OSError when the peer's end without it does not confirm the delivery."""
        try:
            secure.unwrap()
        except ssl.SSLError as error:
            if not isinstance(error, ssl.SSLEOFError) and error.reason != UNEXPECTED_EOF:
                raise
            if not self.is_close_enough:
                raise OSError(
                    "the server closed the connection without close_notify, so the delivery is not confirmed "
                    "(see SNAPPORTAL_STREAM_SYSLOG_CONFIRM)"
                ) from None
            check_acknowledged(secure)


def check_acknowledged(connection: socket.socket) -> None:
    """Raises OSError unless the peer's system acknowledges every byte that was sent, without a reset (tcp(7), SIOCOUTQ).

    A peer that had closed before the last bytes arrived answers these with a reset.
    """
    deadline = time.monotonic() + ACKNOWLEDGE_SECONDS
    while True:
        failure = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise OSError(failure, errno.errorcode.get(failure, "the connection was reset"))
        answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, b"\0" * 4)
        if struct.unpack("i", answer)[0] == 0:
            return
        if time.monotonic() > deadline:
            raise OSError("the server did not acknowledge the last bytes")
        time.sleep(0.01)
