"""Sends batches to a webhook as Standard Webhooks 1.0.0 defines it (github.com/standard-webhooks, spec/standard-webhooks.md)."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from snapshots.audit import outbound, sealing, standard_webhooks
from snapshots.audit.streaming import sender
from snapshots.audit.streaming.batches import Batch


def message_id(batch: Batch) -> str:
    """Equal for equal batches, and for no others: the hash of the last row depends on all rows before it.

    Without the hash, a batch that a restored log has written anew would be taken for a repeat and dropped.
    """
    ending = batch.last.hash or hashlib.sha256(batch.last.text.encode()).hexdigest()
    return f"rows_{batch.stream}_{batch.first.sequence}_{batch.last.sequence}_{ending[:16]}"


def make_body(batch: Batch) -> bytes:
    """The JSON object of a batch. `tree_size` is the number of rows of the log up to the last row of the batch."""
    data: dict[str, Any] = {
        "origin": settings.SNAPPORTAL_LOG_ORIGIN,
        "stream": batch.stream,
        "first_sequence": batch.first.sequence,
        "last_sequence": batch.last.sequence,
        "tree_size": batch.last.sequence,
        "previous_hash": batch.previous_hash,
    }
    at = batch.last.at or sealing.format_time(datetime.now(UTC))  # the row may be unreadable
    head = json.dumps({"type": "audit.rows", "timestamp": at, "data": data}, separators=(",", ":"))
    rows = ",".join(event.text for event in batch.events)
    return f'{head.removesuffix("}}")},"rows":[{rows}]}}}}'.encode()


@dataclass(frozen=True)
class Webhook:
    """`keys`: each signs every request, so that the receiver can change from one to the other."""

    url: str
    keys: Sequence[bytes] = field(repr=False)
    public_only: bool = True
    stream: str = "webhook"

    def send(self, batch: Batch) -> None:
        """POST the batch. Raises DeliveryError unless the answer is 2xx."""
        body = make_body(batch)
        headers = standard_webhooks.make_headers(self.keys, message_id(batch), body)
        try:
            answer = outbound.post(
                self.url, body, headers, seconds=sender.SEND_SECONDS, public_only=self.public_only
            )
        except outbound.OutboundError as error:
            raise sender.DeliveryError(f"the batch could not be sent: {error}") from error
        if not 200 <= answer < 300:  # noqa: PLR2004 - any 2xx
            raise sender.DeliveryError(f"the batch was not taken: the answer was {answer}")
