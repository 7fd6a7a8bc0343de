"""Which servers a request's row of the log concerns, for notifications."""

from collections.abc import Mapping
from typing import Any

from snapshots.approvals.models import RequestedItem
from snapshots.notifications.coverage import Coverage, CoveredServer, parse_id


def coverage_of_request(row: Mapping[str, Any]) -> Coverage:
    items = RequestedItem.objects.filter(request_id=parse_id(row["target"])).exclude(server_id=None)
    found = {
        one.server_id: CoveredServer(one.server_id, one.server_name, one.token_fingerprint, is_failed=True)
        for one in items
        if one.server_id is not None
    }
    return Coverage(servers=tuple(found.values()))
