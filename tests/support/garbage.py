"""How often garbage is collected in processes of the tests."""

import gc


def collect_seldom() -> None:
    """The default collects after each 700 new objects, which takes a sixteenth of the time."""
    gc.set_threshold(200_000, 50, 50)
