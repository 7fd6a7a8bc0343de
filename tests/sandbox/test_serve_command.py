"""serve_sandbox says in one sentence why it cannot serve, and leaves nothing behind then."""

import socket

import pytest
from django.core.management import CommandError, call_command

from snapshots.sandbox.models import Token

pytestmark = pytest.mark.django_db


def test_a_port_in_use_is_named_before_a_token_is_written(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} is in use already: .*--port"):
            call_command("serve_sandbox", "--port", str(port), "--token-file", str(tmp_path / "token"))
    assert not (tmp_path / "token").exists()
    assert not Token.objects.exists()


@pytest.mark.parametrize("port", ["65536", "99999", "http", "8.9"])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(CommandError, match="argument --port: must be 0 to 65535"):
        call_command("serve_sandbox", "--port", port)


@pytest.mark.parametrize(
    ("place", "why"), [("gone/token", "No such file or directory"), (".", "Is a directory")]
)
def test_a_token_file_that_cannot_be_written_is_named_and_no_token_is_issued(tmp_path, place, why):
    path = tmp_path / place
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(CommandError, match=f"--token-file {path} cannot be written: {why}"):
        call_command("serve_sandbox", "--port", str(port), "--token-file", str(path))
    assert not Token.objects.exists()
    socket.create_server(("127.0.0.1", port)).close()  # the port is free again


def test_a_port_that_the_system_refuses_is_named(monkeypatch):
    def refuse(*_arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(CommandError, match="Port 80 cannot be used: Permission denied"):
        call_command("serve_sandbox", "--port", "80")
