"""Mia's token of the imaginary provider, and a clock that is moved by hand."""

import pytest
import time_machine
from django.utils import timezone


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def desk(imaginary_desk):
    return imaginary_desk
