"""The app as a program: it starts from anywhere, and writes nothing outside its workspace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmemo.settings import REPOSITORY
from tests.serving import free_port, serving

_UPLOAD_BYTES = 3_000_000  # more than a form may keep in memory


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """A home, a temporary folder and a working folder that should all stay as they are."""
    made = {name: tmp_path / name for name in ("home", "tmp", "cwd")}
    for folder in made.values():
        folder.mkdir()
    return made


@pytest.fixture
def url(folders: dict[str, Path], tmp_path: Path) -> Iterator[str]:
    ours = ("HF_", "TORCH_HOME", "MPL", "GRADIO_", "MMEMO_", "XDG_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    clean |= {"HOME": str(folders["home"]), "USERPROFILE": str(folders["home"]), "TMPDIR": str(folders["tmp"])}
    with serving(tmp_path / "w", log=tmp_path / "app.log", cwd=folders["cwd"], env=clean) as url:
        yield url


def upload(url: str, name: str, content: bytes) -> str:
    mark = "----a-mark"
    head = f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    request = urllib.request.Request(
        f"{url}/gradio_api/upload",
        data=head.encode() + content + f"\r\n--{mark}--\r\n".encode(),
        headers={"Content-Type": f"multipart/form-data; boundary={mark}"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return str(response.read().decode())


@pytest.mark.slow
def test_the_app_writes_nothing_outside_its_workspace(url: str, folders: dict[str, Path], tmp_path: Path):
    with urllib.request.urlopen(url, timeout=30) as response:
        assert b"mmemo" in response.read()
    assert str(tmp_path / "w") in upload(url, "episode.mp4", b"\0" * _UPLOAD_BYTES)
    time.sleep(5)  # what is warmed up in the background may write, too
    outside = {str(path) for folder in folders.values() for path in folder.rglob("*")}
    assert outside == set()
    assert (tmp_path / "w" / "labels.db").is_file()


_BUSY_APP = """
import threading, time
import mmemo.ui.work
mmemo.ui.work.warm_up = lambda: threading.Thread(target=time.sleep, args=(600,), daemon=False).start() or time.sleep(600)
import app
app.main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("ask", [signal.SIGTERM, signal.SIGINT])
def test_the_app_ends_when_asked_to_whatever_its_threads_do(ask: signal.Signals, tmp_path: Path):
    flags = ["--workspace", str(tmp_path / "w"), "--port", str(free_port()), "--no-sample"]
    with subprocess.Popen(
        [sys.executable, "-c", _BUSY_APP, *flags], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            assert "ready" in process.stdout.readline()
            time.sleep(1)
            process.send_signal(ask)
            said, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    assert "jobs that run go on" in said
