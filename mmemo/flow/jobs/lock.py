"""One worker a workspace: whoever holds the lock of a file is it, and whoever dies lets go of it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mmemo.store.files import storage_errors

LOCK_FILE = "worker.lock"
_PAUSE_S = 0.05
# Longer than anybody who asks whether there is a worker holds on to the file.
_PATIENCE_S = 1.0


@contextmanager
def worker_lock(root: Path, patience_s: float = _PATIENCE_S) -> Iterator[bool]:
    """Be the one worker of a workspace; gives False when there is one already. Raises StorageError for a read-only place."""
    path = root / LOCK_FILE
    with storage_errors(path):
        root.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+", encoding="ascii")
    with stream:
        until = time.monotonic() + patience_s
        while not (mine := _lock(stream, shared=False)) and time.monotonic() < until:
            time.sleep(_PAUSE_S)
        if mine:
            stream.truncate(0)
            stream.write(f"{os.getpid()}\n")
            stream.flush()
        yield mine


def worker_runs(root: Path) -> bool:
    """Whether a workspace has a worker now. Holds for no longer than the question takes."""
    try:
        with (root / LOCK_FILE).open("r+", encoding="ascii") as stream:
            return not _lock(stream, shared=True)
    except FileNotFoundError:
        return False


def last_worker(root: Path) -> int | None:
    """Process number of the worker that runs, or else of the last one that did; None when there never was one."""
    try:
        text = (root / LOCK_FILE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isdecimal() else None


def _lock(stream: IO[str], *, shared: bool) -> bool:
    """Take the lock until the stream is closed; False when somebody else has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            stream.seek(1 << 20)  # a locked byte cannot be read there, so it is one that nobody reads
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(stream, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
