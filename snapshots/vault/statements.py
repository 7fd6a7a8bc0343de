"""What the log says about stored tokens."""

from snapshots.audit.wording.shared import rights_said, servers_said
from snapshots.audit.wording.statements import joined
from snapshots.vault.limits import Limits


def limits_said(limits: Limits) -> str:
    """Such as 'servers: 501, 502; rights: snapshots.create'."""
    servers = None if limits.servers is None else sorted(limits.servers)
    return joined([servers_said(servers), rights_said(limits.rights)])
