"""Messages to messengers and alarm services, through apprise in a process of its own (docs/decisions/0015)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

SEND_SECONDS: Final = 10.0
ROOT: Final = Path(__file__).resolve().parents[2]
SERVICES: Final = {
    "dingtalk": "DingTalk",
    "discord": "Discord",
    "feishu": "Feishu",
    "flock": "Flock",
    "gchat": "Google Chat",
    "gotifys": "Gotify",
    "guilded": "Guilded",
    "lark": "Lark",
    "matrixs": "Matrix",
    "mmosts": "Mattermost",
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "opsgenie": "Opsgenie",
    "pagerduty": "PagerDuty",
    "pagertree": "PagerTree",
    "pbul": "Pushbullet",
    "pover": "Pushover",
    "revolt": "Revolt",
    "rockets": "Rocket.Chat",
    "ryver": "Ryver",
    "signals": "Signal API",
    "simplepush": "Simplepush",
    "slack": "Slack",
    "splunk": "Splunk On-Call",
    "squadcast": "Squadcast",
    "tgram": "Telegram",
    "twist": "Twist",
    "wecombot": "WeCom",
    "workflow": "Microsoft Teams",
    "workflows": "Microsoft Teams",
    "wxteams": "Webex",
    "zulip": "Zulip",
}
"""Scheme → name of the services that apprise calls over https. Any other scheme is refused."""
_PASSED_ON: Final = ("PATH", "LANG", "REQUESTS_CA_BUNDLE", "VIRTUAL_ENV")
_FAILURES: Final = {
    2: "the address is not one that this service understands",
    3: "the service did not take the message",
    4: "its address is not public, or does not begin with https",
}


class ServiceError(Exception):
    """The service did not take the message, or the address is not allowed. The text does not hold the address."""


def service_name(url: str) -> str:
    """The name of the service that an address such as `slack://…` means. Raises ServiceError for any other scheme."""
    scheme, found, _rest = url.partition("://")
    if not found or scheme.lower() not in SERVICES:
        raise ServiceError("this is not the address of a service that the portal can call")
    return SERVICES[scheme.lower()]


def check(url: str) -> None:
    """Raises ServiceError unless apprise understands the address. Nothing is sent."""
    service_name(url)
    _run({"url": url, "is_check": True})


def send(url: str, *, title: str, body: str, public_only: bool) -> None:
    """Raises ServiceError unless the service has taken the message within SEND_SECONDS."""
    service_name(url)
    _run({"url": url, "title": title, "body": body, "public_only": public_only})


def _run(order: dict[str, object]) -> None:
    """Run apprise_process.py. The address is passed through a pipe: arguments and variables are visible to others."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    command = [sys.executable, "-m", "snapshots.notifications.apprise_process"]
    try:
        ended = subprocess.run(  # noqa: S603 - a fixed command
            command,
            input=json.dumps(order).encode(),
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SEND_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ServiceError(f"no answer within {SEND_SECONDS:g} seconds") from error
    if ended.returncode:
        raise ServiceError(_FAILURES.get(ended.returncode, "the process that sends it failed"))
