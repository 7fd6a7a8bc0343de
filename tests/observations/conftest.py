"""Mia's token of the imaginary provider."""

import pytest


@pytest.fixture
def desk(imaginary_desk):
    return imaginary_desk
