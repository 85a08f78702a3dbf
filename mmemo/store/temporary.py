"""Names for files that are still being written, and the end of those whose writer was killed."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# .NAME.PLACE-PROCESS-CHANCE.tmp
_NAME = re.compile(r"\..*\.(?P<place>[0-9a-f]{8})-(?P<process>[0-9]{1,10})-[0-9a-f]{8}\.tmp", re.DOTALL)
_LONGEST_STEM_BYTES = 160
# When nobody can tell whether the writer lives: no stage goes a week without writing.
_SURELY_OLD_S = 7 * 86_400
_being_written: set[str] = set()


@contextmanager
def temporary_name(path: Path) -> Iterator[Path]:
    """A free name beside `path` that tells who writes it; what killed writers left beside it is removed before."""
    remove_left_behind(path.parent)
    stem = path.name.encode("utf-8", "surrogateescape")[:_LONGEST_STEM_BYTES].decode("utf-8", "ignore")
    temporary = path.parent / f".{stem}.{_place()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp"
    _being_written.add(temporary.name)
    try:
        yield temporary
    finally:
        _being_written.discard(temporary.name)


def remove_left_behind(folder: Path) -> None:
    """Remove temporary files and folders in `folder` whose writer is dead; those of a living one stay."""
    with suppress(OSError):
        for path in [*folder.iterdir()]:
            named = _NAME.fullmatch(path.name)
            if named and path.name not in _being_written and _is_left(path, named["place"], int(named["process"])):
                _remove(path)


def _is_left(path: Path, place: str, process: int) -> bool:
    if place == _place():
        if process == os.getpid():
            return True  # an earlier process with our number: our own are known
        if not _lives(process):
            return True
    try:
        return time.time() - max(p.lstat().st_mtime for p in [path, *path.glob("*")]) > _SURELY_OLD_S
    except OSError:
        return False  # it has just been moved into place, or removed


def _lives(process: int) -> bool:
    """Whether a process of this machine runs; True when that cannot be asked."""
    if sys.platform == "win32":
        return True  # os.kill would end it there
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    try:
        # One that ended and that nobody has asked about keeps its number.
        return Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return True


def _place() -> str:
    """Where process numbers mean the same: this machine and, in a container, its own numbering."""
    try:
        numbering = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        numbering = ""
    return hashlib.blake2b(f"{socket.gethostname()} {numbering}".encode(), digest_size=4).hexdigest()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
