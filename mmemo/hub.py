"""Models that live on the internet: does their host answer, and what to say when it does not."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from mmemo.errors import MmemoError, ModelUnavailable, StorageError

# The hub's client retries a dead network for 45 seconds; a person waits for an answer.
_PROBE_TIMEOUT_S = 3.0
_offline_switch = threading.RLock()


def reachable(url: str, timeout_s: float = _PROBE_TIMEOUT_S) -> bool:
    """Whether the host of an URL, or the proxy in front of it, takes a connection within `timeout_s` seconds."""
    target = urlsplit(_proxy_for(url) or url)
    host, port = target.hostname, target.port or (80 if target.scheme == "http" else 443)
    # Looking a name up knows no timeout of its own, hence the thread.
    prober = ThreadPoolExecutor(1, thread_name_prefix="probe")
    try:
        prober.submit(_connect, host, port, timeout_s).result(timeout_s)
        return True
    except (OSError, FutureTimeoutError):
        return False
    finally:
        prober.shutdown(wait=False, cancel_futures=True)


def _connect(host: str | None, port: int, timeout_s: float) -> None:
    socket.create_connection((host or "localhost", port), timeout=timeout_s).close()


def _proxy_for(url: str) -> str:
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return ""
    proxy = getproxies().get(parts.scheme, "")
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"


@contextmanager
def model_loading(name: str, hint: str) -> Iterator[None]:
    """Load a model by another library: what it raises becomes ModelUnavailable with `hint`, a full disk StorageError."""
    try:
        yield
    except MmemoError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise StorageError(
                f"the disk is full while fetching {name}", hint="free some space and try again"
            ) from error
        raise ModelUnavailable(f"{name} cannot be loaded: {_first_line(error)}", hint=hint) from error


@contextmanager
def hugging_face(name: str, hint: str) -> Iterator[None]:
    """`model_loading` for a model of the Hugging Face hub: without a network only its cache is asked, at once.

    Loads one model at a time, because the client's offline switch is global.
    """
    from huggingface_hub import constants

    with _offline_switch:
        before = constants.HF_HUB_OFFLINE
        offline = before or not reachable(constants.ENDPOINT)
        constants.HF_HUB_OFFLINE = offline
        try:
            with model_loading(name, hint):
                yield
        except ModelUnavailable as error:
            if not offline or not _is_missing_file(error.__cause__):
                raise
            raise ModelUnavailable(
                f"{name} is not in the cache {constants.HF_HUB_CACHE} and {constants.ENDPOINT} cannot be reached",
                hint=hint,
            ) from error.__cause__
        finally:
            constants.HF_HUB_OFFLINE = before


def _is_missing_file(error: BaseException | None) -> bool:
    """The client's answer to a file that is not cached; open_clip wraps it in a RuntimeError that says "download"."""
    return isinstance(error, OSError) or "download" in str(error).lower()


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0].rstrip(".:")[:200] if text else type(error).__name__
