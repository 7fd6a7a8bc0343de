"""Runs the shell lines that pages show: the shell expands them, and a client sends what curl would."""

import html
import re
import subprocess
from typing import Any

from django.test import Client

AS_ARGUMENTS = 'curl() { printf "%s\\0" "$@"; }\n'
"""In the shell, curl is a function that prints its arguments."""
LINE = re.compile(r'<pre class="code" id="([\w-]+)"[^>]*>(.*?)</pre>', re.DOTALL)


def lines_of(page: str) -> dict[str, str]:
    """The id of each line on a page → its text."""
    return {name: html.unescape(text) for name, text in LINE.findall(page)}


def arguments_of(line: str, **variables: str) -> list[str]:
    shell = subprocess.run(
        ["/bin/sh", "-euc", AS_ARGUMENTS + line], env=variables, capture_output=True, text=True, check=True
    )
    return shell.stdout.split("\0")[:-1]


def send(line: str, **variables: str) -> Any:
    """The portal's answer to what curl would send."""
    method, headers, body, url = "GET", {}, "", ""
    arguments = iter(arguments_of(line, **variables))
    for one in arguments:
        if one == "-X":
            method = next(arguments)
        elif one == "-H":
            name, _, value = next(arguments).partition(": ")
            headers[name] = value
        elif one == "-d":
            body = next(arguments)
        else:
            assert not url, f"two addresses: {url}, {one}"
            url = one
    kind = headers.pop("Content-Type", "application/x-www-form-urlencoded")
    return Client().generic(method, url, body, content_type=kind, headers=headers)
