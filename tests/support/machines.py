"""How hypothesis runs a state machine here: without a time limit, the same cases in CI, and its database undone by us."""

import os

from hypothesis import HealthCheck, Phase, settings


def machine_settings(*, runs: int, steps: int, shrinks: bool) -> settings:
    return settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
        derandomize=bool(os.environ.get("CI")),
        suppress_health_check=list(HealthCheck),
    )
