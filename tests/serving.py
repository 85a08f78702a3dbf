"""The app of a test: a process of its own on a free port, awaited until it answers and stopped afterwards."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from mmemo.settings import REPOSITORY

_START_S = 90
_END_S = 30


def free_port() -> int:
    """A port of this machine on which nobody listens just now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def serving(
    workspace: Path, *flags: str, log: Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Serve a workspace; gives the address. What the app says goes to `log`."""
    port = free_port()
    command = [sys.executable, REPOSITORY / "app.py", "--workspace", workspace, "--port", str(port), *flags]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=cwd, env=env, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_up(process, url, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            pytest.fail(f"not ended {_END_S} s after it was asked to: {log.read_text(encoding='utf-8')}")


def _wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"no answer within {_START_S} s: {log.read_text(encoding='utf-8')}")
