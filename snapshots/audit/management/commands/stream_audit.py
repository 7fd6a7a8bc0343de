"""manage.py stream_audit: sends the rows of the audit log to the webhook and the syslog server of the settings."""

import sys
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import Error, close_old_connections

from snapshots.audit.management.accept_command import REASON_LENGTH, account
from snapshots.audit.management.end_signal import EndSignal
from snapshots.audit.management.writing_command import WritingCommand
from snapshots.audit.models import Entry
from snapshots.audit.streaming import channels, cursors, sender
from snapshots.audit.streaming.models import StreamCursor
from snapshots.audit.streaming.sender import Channel, State, Turn
from snapshots.contract import clean_reason

POLL_SECONDS = 2.0


class Command(WritingCommand):
    help = (
        "Send the rows of the audit log that have not been sent yet to SNAPPORTAL_STREAM_WEBHOOK_URL and "
        "SNAPPORTAL_STREAM_SYSLOG, and then each new row, until SIGTERM. "
        "Exit code 0: everything was sent, or it was ended; 1: something could not be sent; 2: no stream is configured."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is there, and end")
        parser.add_argument(
            "--status", action="store_true", help="show the streams; exit code 1 if one fails"
        )
        parser.add_argument("--restart", metavar="STREAM", help="let a stream go on after the row --after")
        parser.add_argument(
            "--after", type=int, help="the last row that is not sent again; 0: send all again"
        )
        parser.add_argument("--reason", default="", help="why it is restarted; stored in the log permanently")
        parser.add_argument("--by", default=account(), help="who restarts it (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["restart"]:
            self._restart(options["restart"], options["after"], options["reason"], options["by"])
            return
        found = channels.configured()
        if not found:
            self.stderr.write("No stream is configured: see SNAPPORTAL_STREAM_WEBHOOK_URL in the README.")
            sys.exit(2)
        if options["status"]:
            self._show_status([channel.stream for channel in found])
        elif options["once"]:
            self._send_once(found)
        else:
            self._send_until_signal(found)

    def _send_once(self, found: list[Channel]) -> None:
        turns = [self._send_all(channel) for channel in found]
        if any(turn.state is not State.CURRENT for turn in turns):
            sys.exit(1)

    def _send_all(self, channel: Channel) -> Turn:
        turn = sender.send_rows(channel, is_patient=False)
        while turn.state is State.SENT:
            turn = sender.send_rows(channel, is_patient=False)
        self._report(turn)
        return turn

    def _send_until_signal(self, found: list[Channel]) -> None:
        ended = EndSignal()
        ended.listen()
        self.stdout.write(f"Streams: {', '.join(channel.stream for channel in found)}. SIGTERM ends them.")
        self.stdout.flush()
        reported: dict[str, tuple[State, str]] = {}
        while not ended.is_set():
            is_behind = False
            for channel in found:
                turn = self._take_turn(channel, ended)
                is_behind |= turn.state is State.SENT
                if turn.state is not State.BUSY and reported.get(turn.stream) != (turn.state, turn.error):
                    reported[turn.stream] = (turn.state, turn.error)
                    self._report(turn)
            ended.wait(0 if is_behind else POLL_SECONDS)

    def _take_turn(self, channel: Channel, ended: EndSignal) -> Turn:
        close_old_connections()
        try:
            return sender.send_rows(channel, must_end=ended.is_set)
        except Error as error:
            return Turn(channel.stream, State.FAILED, error=f"the database cannot be used: {error}")

    def _report(self, turn: Turn) -> None:
        match turn.state:
            case State.SENT | State.CURRENT:
                self.stdout.write(f"{turn.stream}: sent up to row {turn.newest}.")
            case State.FAILED:
                self.stderr.write(f"{turn.stream}: {turn.error}. It will be tried again.")
            case State.STOPPED:
                self.stderr.write(
                    f"{turn.stream}: stopped at row {turn.newest}: {turn.error}. docs/operators.md tells how to go on "
                    "(--restart)."
                )
            case State.BUSY:
                self.stderr.write(f"{turn.stream}: another process is sending.")
        self.stdout.flush()

    def _show_status(self, streams: list[str]) -> None:
        newest = Entry.objects.all().numbered().last_sequence() or 0
        known = {cursor.stream: cursor for cursor in StreamCursor.objects.all()}
        is_failing = False
        for stream in streams:
            cursor = known.get(stream, StreamCursor(stream=stream))
            is_failing |= bool(cursor.stopped_at or cursor.attempts)
            self.stdout.write(_describe(cursor, newest))
        if is_failing:
            sys.exit(1)

    def _restart(self, stream: str, after: int | None, reason: str, by: str) -> None:
        reason, by = (clean_reason(text, REASON_LENGTH) for text in (reason, by))
        if after is None or not reason or not by:
            raise CommandError("Nothing was changed: give --after, --reason, and who restarts it (--by).")
        if not StreamCursor.objects.filter(stream=stream).exists():
            raise CommandError(f"Nothing was changed: there is no stream {stream}.")
        try:
            evidence = cursors.restart(stream, after=after, reason=reason, by=by)
        except cursors.RestartError as error:
            raise CommandError(f"Nothing was changed: {error}.") from error
        self.stdout.write(f"{stream}: {evidence}.")


def _describe(cursor: StreamCursor, newest: int) -> str:
    """`webhook: sent up to row 12 of 15 at 2026-11-24T17:30:00+00:00; failed 3 times, last at …: …; next attempt at …`."""
    parts = [f"{cursor.stream}: sent up to row {cursor.sequence} of {newest}{_at(cursor.confirmed_at)}"]
    if cursor.stopped_at:
        parts.append(f"stopped{_at(cursor.stopped_at)}: {cursor.last_error}")
    elif cursor.attempts:
        parts.append(f"failed {cursor.attempts} times, last{_at(cursor.failed_at)}: {cursor.last_error}")
        parts.append(f"next attempt{_at(cursor.retry_at)}")
    return "; ".join(parts)


def _at(moment: datetime | None) -> str:
    return f" at {moment.isoformat(timespec='seconds')}" if moment else ""
