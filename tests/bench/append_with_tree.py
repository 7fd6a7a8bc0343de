"""What the tree costs an append, and a verification: `python -m tests.bench.append_with_tree [tiles]`.

Appends 256 rows for each of `tiles` tiles (8), each in a transaction of its own, in a new database. An append that
completes a tile is compared with those that do not. Times are of CPU, not of the clock. It only prints: figures of a
busy machine prove nothing.
"""

import os
import statistics
import sys
import time

import django


def append_times(count: int) -> list[float]:
    """CPU seconds of each of `count` appends, the first rows of the log."""
    from tests.support.audit_rows import write_events

    write_events(1)
    found = [0.0]
    for _ in range(count - 1):
        start = time.process_time()
        write_events(1)
        found.append(time.process_time() - start)
    return found


def check_seconds(leaves: list[bytes]) -> float:
    """CPU seconds of comparing these leaves with the stored tiles."""
    from snapshots.audit.tile_check import TileCheck

    start = time.process_time()
    check = TileCheck()
    for leaf in leaves:
        check.add(leaf)
    assert check.finish() is None
    return time.process_time() - start


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from django.test.utils import setup_databases

    from snapshots.audit import tiles

    setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
    count = 256 * int(sys.argv[1] if len(sys.argv) > 1 else 8)
    found = append_times(count)
    ordinary = statistics.median(seconds for number, seconds in enumerate(found, 1) if number % 256)
    completing = statistics.median(found[255::256])
    print(f"append {ordinary * 1e6:.0f} µs; completing a tile {completing * 1e6:.0f} µs")
    print(f"the tree adds {(completing - ordinary) / 256 / ordinary:.1%} to an append")
    leaves = tiles.read_leaf_hashes(0, count)
    print(f"comparing with the tiles {check_seconds(leaves) / count * 1e6:.2f} µs a row")


if __name__ == "__main__":
    main()
