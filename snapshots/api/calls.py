"""Idempotency keys of HTTP requests: whatever is retried within 24 hours is one operation (promise 42)."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from snapshots.api.models import ApiCall, ApiKey

LIFETIME: Final = timedelta(hours=24)
LONGEST: Final = 255
"""Characters of an Idempotency-Key."""


class OtherRequestError(Exception):
    """The Idempotency-Key was used for another request."""


def operation_key(key: ApiKey, idempotency_key: str, request: bytes) -> str:
    """The one-time key of the operation that this request is to begin; the same for each retry.

    `request` is what must be equal: method, path and body. Without an Idempotency-Key each request is another operation.
    Raises OtherRequestError.
    """
    if not idempotency_key:
        return secrets.token_hex(16)
    digest = hashlib.sha256(f"{key.pk}\n{idempotency_key}".encode()).hexdigest()
    request_digest = hashlib.sha256(request).hexdigest()
    call = _stored(digest) or _store(digest, request_digest)
    if call.request_digest != request_digest:
        raise OtherRequestError
    return call.operation_key


def _stored(digest: str) -> ApiCall | None:
    return ApiCall.objects.filter(digest=digest, created_at__gt=timezone.now() - LIFETIME).first()


def _store(digest: str, request_digest: str) -> ApiCall:
    """Of several requests at the same moment one stores it, and the others read that."""
    now = timezone.now()
    ApiCall.objects.filter(created_at__lte=now - LIFETIME).delete()
    call = ApiCall(
        digest=digest, request_digest=request_digest, operation_key=secrets.token_hex(16), created_at=now
    )
    try:
        with transaction.atomic():
            call.save(force_insert=True)
    except IntegrityError:
        return ApiCall.objects.get(digest=digest)
    return call
