"""One of two nodes is killed while snapshots are created through both: nothing may be sent twice, nothing may be lost.

Run by `python -m tests.bench.load --kill`.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException
from urllib.parse import urlencode

from tests.bench.nodes import Node, Place
from tests.support.html_forms import fields_of

POSTERS = 4
PAUSE_SECONDS = 1.0
"""Between two creates of one poster: each change makes every open page ask for its list in full."""
SETTLE_SECONDS = 220.0
"""How long the worker may take to find out how open operations ended: one whose process died counts as unknown after three
minutes (operations/reconciliation.py ABANDONED_AFTER)."""


@dataclass
class Outage:
    """Creates one snapshot on each server of an account, until `seconds` have passed; kills the last node after half of them."""

    where: Place
    both: list[Node]
    cookie: str
    seconds: float
    results: list[str] = field(default_factory=list)
    killed_with: dict[str, int] = field(default_factory=dict)
    """The states of the operations when the node was killed."""
    token_id: str = ""

    def run(self) -> None:
        """Returns when the time has passed. The node is killed while the others post."""
        from snapshots.vault.models import StoredToken

        self.token_id = str(StoredToken.objects.get(label="roomy").pk)
        servers = self.where.ask_provider("GET", "/api/v1/servers/", "roomy")["results"]
        until = time.monotonic() + self.seconds
        threads = [
            threading.Thread(target=self._post_all, args=(number, servers[number::POSTERS], until))
            for number in range(POSTERS)
        ]
        for thread in threads:
            thread.start()
        time.sleep(self.seconds / 2)
        self.both[-1].kill()
        self.killed_with = self._states()
        for thread in threads:
            thread.join()

    def _post_all(self, poster: int, servers: list[dict], until: float) -> None:
        for number, server in enumerate(servers):
            if time.monotonic() > until:
                return
            result = self._create(self.both[(poster + number) % 2], server["id"], f"load-{server['id']}")
            self.results.append(result)
            time.sleep(PAUSE_SECONDS)

    def _create(self, node: Node, server: int, name: str) -> str:
        """Post the form of a new snapshot once. Returns how that ended."""
        address, sent = f"/servers/{self.token_id}/{server}/create/", False
        try:
            connection = node.connect()
            connection.request("GET", address, headers={"Cookie": self.cookie})
            answer = connection.getresponse()
            csrf = (answer.headers.get("Set-Cookie") or "").split(";")[0]
            _action, fields = fields_of(answer.read().decode(), having="confirmation")
            body = urlencode(fields | {"name": [name], "reason": ["load"]}, doseq=True)
            headers = {
                "Cookie": f"{self.cookie}; {csrf}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": f"http://127.0.0.1:{node.port}",
            }
            sent = True
            connection.request("POST", address, body, headers)
            status = connection.getresponse().status
            connection.close()
        except (OSError, HTTPException, AssertionError) as error:
            return f"{'lost' if sent else 'not posted'}: {type(error).__name__}"
        return f"answered {status}"

    def _states(self) -> dict[str, int]:
        from snapshots.operations.models import Operation

        return Counter(str(state) for state in Operation.objects.values_list("state", flat=True))

    def _settle(self) -> None:
        """Wait until no operation is unknown or on its way."""
        until = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < until and self._states().keys() & {"pending", "sent", "unknown"}:
            time.sleep(0.5)

    def report(self) -> None:
        """Print what became of the creates. Raises AssertionError if one was sent twice, or was accepted and is not there."""
        from snapshots.audit import tree_verification
        from snapshots.audit.models import Entry
        from snapshots.operations.models import Operation

        self._settle()
        listed = self.where.ask_provider("GET", "/api/v1/snapshots/", "roomy")["results"]
        there = Counter(one["name"] for one in listed)
        writes = Counter(path for _method, path in self.where.ask_provider("GET", "/_calls")["writes"])
        found = list(Operation.objects.all())
        accepted = Entry.objects.filter(phase="outcome", result__in=["accepted", "completed"])
        names = set(accepted.values_list("snapshot_name", flat=True))
        intents = Counter(Entry.objects.filter(phase="intent").values_list("snapshot_name", flat=True))
        print(f"\ncreates: {dict(Counter(self.results))}")
        print(f"  states when the node was killed {self.killed_with}, at the end {dict(self._states())}")
        print(f"  states and findings {dict(Counter(f'{one.state} {one.finding}'.strip() for one in found))}")
        print(f"  intents in the log {len(intents)}, recorded as accepted {len(names)}")
        print(f"  at the provider {sum(there.values())} snapshots, writes that succeeded {dict(writes)}")
        doubled = [name for name, count in there.items() if count > 1]
        missing = sorted(names - there.keys())
        unintended = sorted(there.keys() - intents.keys())
        print(
            f"  sent twice {doubled}; accepted and not there {missing}; there without an intent {unintended}"
        )
        assert not (doubled or missing or unintended)
        assert tree_verification.check_log_and_tree().holds
