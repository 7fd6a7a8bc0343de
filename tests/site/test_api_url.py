"""A wrong path in SNAPPORTAL_API_URL is refused, and the advice names an address that is accepted."""

import pytest
from environs import ValidationError

from snapportal.setting_values import parse_api_url


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("/api/v1/api/v1", ""), ("/api/v1/api/v1/snapshots/", ""), ("/api/v2", ""), ("/API/v1", ""), ("/api", ""),
        ("//api", ""), ("/api/v1/snapshots/801", ""), ("/vps/api/v1/api/v1/", "/vps/api/v1"), ("/vps/api/v2", "/vps/api/v1"),
    ],
)  # fmt: skip
def test_the_advice_for_a_wrong_api_path_can_be_followed(path, advice):
    with pytest.raises(ValidationError) as caught:
        parse_api_url(f"https://admin.example.org{path}")
    text = str(caught.value)
    assert text.endswith(f"Write https://admin.example.org{advice}")
    assert (
        parse_api_url(text.rpartition("Write ")[2])
        == f"https://admin.example.org{advice.removesuffix('/api/v1')}"
    )


def test_a_path_that_may_be_a_gateway_gets_both_advices():
    with pytest.raises(ValidationError) as caught:
        parse_api_url("https://admin.example.org/login")
    text = str(caught.value)
    assert "write https://admin.example.org/login/api/v1; otherwise write https://admin.example.org" in text
