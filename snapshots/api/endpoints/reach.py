"""What a key reaches of what its person sees on pages: the servers that its token shows, or those of them that were chosen."""

from typing import Any

from django.db.models import Q, QuerySet

from snapshots.api.endpoints.errors import ApiError, not_found
from snapshots.api.endpoints.http import Call
from snapshots.inventory.shown_servers import servers_reached_with


def reached_rows(call: Call, token_column: str, token_value: str) -> Q:
    """Rows about servers that the key reaches: made with its token, or about a server that the token shows."""
    shown = Q(server_id__in=servers_reached_with(call.token)) | Q(**{token_column: token_value})
    return shown if call.server_ids is None else shown & Q(server_id__in=call.server_ids)


def foreign_or_missing(call: Call, rows: QuerySet[Any], pk: Any, what: str) -> ApiError:
    """The error for something that the key does not reach. It is recorded if it exists."""
    if rows.filter(pk=pk).exists():
        call.record_refusal("api_key_foreign")
    return not_found(what)
