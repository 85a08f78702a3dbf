"""What all tests share: a scratch workspace, fixed seeds, and no way out to other machines."""

from __future__ import annotations

import errno
import ipaddress
import os
import random
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Libraries read these when they are imported, so they are set before any test module is. A developer's own
# caches must not decide whether a test passes, and a test must leave nothing in them.
_SCRATCH = Path(tempfile.mkdtemp(prefix="mmemo-tests-"))
os.environ["HF_HOME"] = str(_SCRATCH / "huggingface")
os.environ["TORCH_HOME"] = str(_SCRATCH / "torch")
os.environ["MPLCONFIGDIR"] = str(_SCRATCH / "matplotlib")
os.environ["MPLBACKEND"] = "Agg"
os.environ["GRADIO_TEMP_DIR"] = str(_SCRATCH / "gradio")
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ.setdefault("OMP_NUM_THREADS", "1" if "PYTEST_XDIST_WORKER" in os.environ else "2")
for _name in ("MMEMO_WORKSPACE", "MMEMO_HOST", "MMEMO_PORT", "HF_HUB_CACHE", "HF_HUB_OFFLINE"):
    os.environ.pop(_name, None)

import numpy as np  # noqa: E402
import pytest  # noqa: E402

from mmemo.store.workspace import Workspace  # noqa: E402

CHROMIUM = Path("/usr/bin/chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what this machine has not the means for."""
    no_chromium = pytest.mark.skip(reason=f"{CHROMIUM} is missing: apt-get install chromium")
    for item in items:
        if item.get_closest_marker("browser") and not CHROMIUM.exists():
            item.add_marker(no_chromium)
        if item.get_closest_marker("gpu") and not _has_gpu():
            item.add_marker(pytest.mark.skip(reason="there is no CUDA device"))


def pytest_sessionfinish() -> None:
    """Remove the caches of this run."""
    shutil.rmtree(_SCRATCH, ignore_errors=True)


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace that is thrown away."""
    return Workspace(tmp_path / "workspace")


@pytest.fixture(autouse=True)
def _seeds() -> None:
    random.seed(0)
    np.random.seed(0)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _no_network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Other machines look unreachable, as on a computer with no network; this one answers.

    Unmarked tests only: `network` and `browser` tests are left alone (the browser's own requests are watched there).
    """
    if request.node.get_closest_marker("network") or request.node.get_closest_marker("browser"):
        yield
        return
    monkeypatch.setattr(socket.socket, "connect", _guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", _guarded(socket.socket.connect_ex))
    monkeypatch.setattr(socket, "getaddrinfo", _local_names_only(socket.getaddrinfo))
    yield


def _guarded(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            raise OSError(errno.ENETUNREACH, f"tests have no network: {address[0]}")
        return connect(self, address)

    return guarded


def _local_names_only(getaddrinfo: Any) -> Any:
    def guarded(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host is not None and not _is_local(host):
            raise socket.gaierror(socket.EAI_NONAME, f"tests have no network: {host}")
        return getaddrinfo(host, *args, **kwargs)

    return guarded


def _is_local(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in ("", "localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
