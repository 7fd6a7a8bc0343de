"""Strict-Transport-Security: with a real provider, over https, and for subdomains only where the setting says so."""

import os
import subprocess
import sys

import pytest
from django.test import Client

from tests.site.test_settings import ROOT, production

__all__ = ["production"]

YEAR = 31_536_000
SCRIPT = """
from snapportal import settings
print(settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS)
"""


@pytest.mark.parametrize(
    ("given", "expected"), [({}, "False"), ({"SNAPPORTAL_HSTS_SUBDOMAINS": "on"}, "True")]
)
def test_a_portal_with_a_real_provider_asks_for_a_year(production, given, expected):
    environment = {"PATH": os.environ["PATH"], **production, **given}
    said = subprocess.check_output([sys.executable, "-c", SCRIPT], cwd=ROOT, env=environment, text=True)
    assert said.split() == [str(YEAR), expected]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url", ["/sign-in/", "/nothing/", "/api/v1/snapshots/", "/livez", "/static/nothing.css"]
)
@pytest.mark.parametrize(("subdomains", "rest"), [(False, ""), (True, "; includeSubDomains")])
def test_browsers_are_told_over_https_alone(settings, url, subdomains, rest):
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = YEAR, subdomains
    assert Client().get(url, secure=True)["Strict-Transport-Security"] == f"max-age={YEAR}{rest}"
    assert "Strict-Transport-Security" not in Client().get(url)
