"""Each test begins with keys that were not used, and with refusals that were not recorded."""

import pytest

from snapshots.api.endpoints import throttle


@pytest.fixture(autouse=True)
def nothing_counted(monkeypatch):
    monkeypatch.setattr(throttle, "requests", throttle.Throttle())
    monkeypatch.setattr(throttle, "refusals", throttle.Once())
    monkeypatch.setattr(throttle, "recorded", throttle.Throttle())
