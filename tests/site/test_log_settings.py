"""The settings of the log's checkpoints: which are required, generated or refused."""

import secrets
from pathlib import Path

import pytest

from snapportal.setting_values import ValidationError, parse_log_origin, parse_seeds
from tests.site.test_settings import production, start

__all__ = ["production"]


def test_a_real_provider_needs_a_name_for_the_log(production):
    del production["SNAPPORTAL_LOG_ORIGIN"]
    done = start(production)
    assert done.returncode != 0
    assert "SNAPPORTAL_LOG_ORIGIN is missing" in done.stderr


def test_invalid_settings_of_the_log_are_reported_once_and_keys_are_not_repeated(production):
    key = "0" * 64
    done = start(
        production | {"SNAPPORTAL_LOG_ORIGIN": "https://x/log", "SNAPPORTAL_LOG_SIGNING_KEYS": key}, "start"
    )
    assert done.returncode != 0
    assert done.stderr.count("SNAPPORTAL_LOG_ORIGIN") == 1
    assert done.stderr.count("SNAPPORTAL_LOG_SIGNING_KEYS must be") == 1
    assert key not in done.stderr


def test_the_sandbox_generates_a_key_once_and_names_its_log(tmp_path):
    folder = {"SNAPPORTAL_DATA_DIR": str(tmp_path / "data")}
    printed = [start(folder, "show_log_key").stdout for _ in range(2)]
    assert printed[0] == printed[1]
    assert printed[0].startswith("snapportal.invalid/log+")
    file = Path(tmp_path / "data" / "keys" / "log_signing_keys")
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(parse_seeds(file.read_text())) == 1


def test_the_first_signing_key_stays_the_first():
    new, old = secrets.token_hex(32), secrets.token_hex(32)
    assert parse_seeds(f" {new},\n {old}\n") == [bytes.fromhex(new), bytes.fromhex(old)]


@pytest.mark.parametrize(
    "text", ["", "abc", "k1:" + "ab" * 32, "AB" * 32, "00" * 32, f"{'0123456789abcdef' * 4}," * 2]
)
def test_an_invalid_signing_key_is_refused(text):
    with pytest.raises(ValidationError, match="64 random hex digits"):
        parse_seeds(text)


def test_a_signing_key_given_twice_is_refused():
    key = secrets.token_hex(32)
    with pytest.raises(ValidationError, match="twice"):
        parse_seeds(f"{key},{key}")


@pytest.mark.parametrize("text", ["snapshots.example.com/log", " log.example ", ""])
def test_an_origin_is_a_name_without_its_surrounding_blanks(text):
    assert parse_log_origin(text) == text.strip()


@pytest.mark.parametrize("text", ["https://log.example/", "two words", "a+b", "a\nb", "a\u00a0b"])
def test_an_invalid_origin_is_refused(text):
    with pytest.raises(ValidationError, match=r"such as snapshots\.example\.com/log"):
        parse_log_origin(text)
