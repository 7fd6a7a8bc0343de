"""The process that sends one message with apprise, and can connect to nothing but public addresses over https.

    python -m snapshots.notifications.apprise_process < order.json

apprise follows redirects and resolves names anew for each connection, so the check is made where a connection is opened:
at the address that is really connected to. services.py starts it; it sends nothing if the order says `is_check`.
Exit codes: 0 taken, 2 no such address, 3 not taken, 4 an address that is not allowed.
"""

import json
import socket
import sys
from typing import Any, Final

import apprise
import requests

from snapshots.audit.outbound import is_public

NO_ADDRESS: Final = 2
NOT_TAKEN: Final = 3
NOT_ALLOWED: Final = 4


class Guard:
    """Refuses connections to addresses that are not public, and calls without TLS. `refused` counts them."""

    def __init__(self) -> None:
        self.refused = 0

    def install(self) -> None:
        connect = socket.socket.connect
        send = requests.adapters.HTTPAdapter.send

        def guarded_connect(connection: socket.socket, address: Any) -> None:
            if connection.family not in {socket.AF_INET, socket.AF_INET6} or not self._is_public(address[0]):
                self.refused += 1
                raise OSError("not a public address")
            connect(connection, address)

        def guarded_send(
            adapter: requests.adapters.HTTPAdapter, request: requests.PreparedRequest, *args: Any, **more: Any
        ) -> requests.Response:
            if not (request.url or "").startswith("https://"):
                self.refused += 1
                raise requests.exceptions.ConnectionError("not https")
            return send(adapter, request, *args, **more)

        socket.socket.connect = guarded_connect  # type: ignore[assignment, method-assign]
        requests.adapters.HTTPAdapter.send = guarded_send  # type: ignore[assignment, method-assign]

    def _is_public(self, host: str) -> bool:
        try:
            return is_public(host)
        except ValueError:  # a name, which would be resolved after this check
            return False


def run(order: dict[str, Any]) -> int:
    asset = apprise.AppriseAsset(async_mode=False, storage_mode="memory", app_id="SnapPortal")
    service = apprise.Apprise.instantiate(order["url"], asset=asset, suppress_exceptions=True)
    if service is None:
        return NO_ADDRESS
    if order.get("is_check"):
        return 0
    service.verify_certificate = True  # whatever the address says
    guard = Guard()
    if order["public_only"]:
        guard.install()
    messages = apprise.Apprise(asset=asset)
    messages.add(service)
    is_taken = messages.notify(title=order["title"], body=order["body"])
    if guard.refused:
        return NOT_ALLOWED
    return 0 if is_taken else NOT_TAKEN


if __name__ == "__main__":
    sys.exit(run(json.load(sys.stdin)))
