"""The app in a process of its own, as a person starts it, for whoever wants to look at it from outside."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmemo.errors import InputError
from mmemo.settings import REPOSITORY

_START_S = 90


@contextmanager
def running_app(workspace: Path, log: Path, *flags: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Its process and its address, once it answers; ended afterwards. What it says goes to `log`."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, str(REPOSITORY / "app.py"), "--workspace", str(workspace), "--port", str(port), *flags]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + _START_S
    try:
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
                raise InputError(f"the app does not start: {' '.join(said)}", hint="start app.py by itself")
            time.sleep(0.2)
        yield process, url
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except OSError:
        return False
