"""Passwords made of the names of the portal, its host and its roles."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.urls import reverse

from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def hosts(settings):
    settings.ALLOWED_HOSTS = ["snapshots.quuxworks.example", "testserver", "[::1]"]


@pytest.mark.parametrize(
    "password",
    [
        "SnapPortal2026!",
        "snap-portal-1234",
        "portal.admin.2026",
        "Quuxworks-2026",
        "restoreServer99",
        "VPS.org-manager1",
    ],
)
def test_one_that_is_little_more_is_refused(password):
    with pytest.raises(ValidationError) as refused:
        validate_password(password)
    assert {error.code for error in refused.value.error_list} == {"password_of_context_words"}


@pytest.mark.parametrize(
    "password", ["portal to a yellow sea", "82640175936254", "!%=)(&/§?`+*#", "com example www"]
)
def test_one_with_other_words_or_of_other_signs_is_accepted(password):
    validate_password(password)


def test_the_page_says_why(cast, signed_in):
    new = "SnapPortal2026!"
    form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    answer = signed_in(cast.mia).post(reverse("account_detail"), form)
    assert "little more than the name of the portal" in answer.content.decode()
    cast.mia.refresh_from_db()
    assert cast.mia.check_password(PASSWORD)
