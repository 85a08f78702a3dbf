"""From the browser into the workspace: what an upload must be, and where it is kept."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from mmemo.errors import InputError
from mmemo.store.files import hash_file, publish_file
from mmemo.store.sources import sources_folder
from mmemo.store.workspace import Workspace

MAX_UPLOAD = "4gb"
_HASH_DIGITS = 12


@dataclass(frozen=True, slots=True)
class UploadKind:
    """What a field takes: its name for people and the file endings."""

    what: str
    endings: tuple[str, ...]


VIDEO = UploadKind("the video", (".mp4", ".mkv"))
SUBTITLES = UploadKind("the subtitles", (".srt", ".vtt", ".ass", ".ssa"))
GOLD = UploadKind("the gold labels", (".csv",))


def check_upload(path: Path, kind: UploadKind) -> None:
    """Refuse a file of the wrong kind or an empty one; what is inside is judged by the stage that reads it."""
    endings = " or ".join(kind.endings)
    if path.suffix.lower() not in kind.endings:
        raise InputError(f"{path.name} cannot be {kind.what}", hint=f"choose a file that ends in {endings}")
    if not path.is_file():
        raise InputError(f"{path.name} did not arrive", hint="upload it again")
    if path.stat().st_size == 0:
        raise InputError(
            f"{path.name} is empty (0 bytes)", hint=f"choose {kind.what} again, the upload may have failed"
        )


def keep_upload(workspace: Workspace, path: Path, kind: UploadKind) -> Path:
    """Check an upload and keep it in the workspace under its own name; costs no space on the same disk.

    Raises InputError for a wrong file, StorageError when the disk is full.
    """
    check_upload(path, kind)
    kept = sources_folder(workspace) / hash_file(path)[:_HASH_DIGITS] / path.name
    if not kept.exists():
        with publish_file(kept) as temporary:
            _link_or_copy(path, temporary)
    return kept


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
