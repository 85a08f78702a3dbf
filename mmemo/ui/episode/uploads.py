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
from mmemo.ui.text import say

MAX_UPLOAD = "4gb"
_HASH_DIGITS = 12


@dataclass(frozen=True, slots=True)
class UploadKind:
    """What a field takes: the key of its name in the app's words, and the file endings."""

    key: str
    endings: tuple[str, ...]

    @property
    def what(self) -> str:
        """Its name for people."""
        return say(self.key)


VIDEO = UploadKind("episode.the_video", (".mp4", ".mkv"))
SUBTITLES = UploadKind("episode.the_subtitles", (".srt", ".vtt", ".ass", ".ssa"))
GOLD = UploadKind("episode.the_gold", (".csv",))


def check_upload(path: Path, kind: UploadKind) -> None:
    """Refuse a file of the wrong kind or an empty one; what is inside is judged by the stage that reads it."""
    name, endings = path.name, f" {say('episode.or')} ".join(kind.endings)
    if path.suffix.lower() not in kind.endings:
        hint = say("episode.wrong_file_hint", endings=endings)
        raise InputError(say("episode.wrong_file", name=name, what=kind.what), hint=hint)
    if not path.is_file():
        raise InputError(say("episode.not_there", name=name), hint=say("episode.not_there_hint"))
    if path.stat().st_size == 0:
        raise InputError(say("episode.empty_file", name=name), hint=say("episode.empty_file_hint", what=kind.what))


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
