"""The tests' own guard: other machines are out of reach, this one is not."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request

import pytest


def test_a_foreign_address_is_unreachable():
    with socket.socket() as client, pytest.raises(OSError, match="no network"):
        client.connect(("192.0.2.1", 80))


def test_a_foreign_name_is_unknown():
    with pytest.raises(urllib.error.URLError, match="no network"):
        urllib.request.urlopen("https://example.org", timeout=5)


def test_this_machine_answers():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())
        peer, _ = server.accept()
        with peer:
            assert peer.getsockname()[0] == "127.0.0.1"
