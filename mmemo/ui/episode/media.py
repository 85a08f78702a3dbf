"""Files of a server folder that the operator allows: episodes that are there already need no upload."""

from __future__ import annotations

import os
from pathlib import Path

from mmemo.errors import InputError
from mmemo.ui.episode.uploads import UploadKind, check_upload
from mmemo.ui.text import say

# More names than this are no menu any more.
MOST_FILES = 5000


def media_names(folder: Path, kind: UploadKind) -> list[str]:
    """Names of the files of a kind below a folder, relative to it, in order; hidden ones and links are left out."""
    names: list[str] = []
    for place, folders, files in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        here = Path(place)
        for name in files:
            path = here / name
            if path.suffix.lower() in kind.endings and not name.startswith(".") and not path.is_symlink():
                names.append(path.relative_to(folder).as_posix())
        if len(names) >= MOST_FILES:
            break
    return sorted(names)[:MOST_FILES]


def media_file(folder: Path | None, name: str, kind: UploadKind) -> Path:
    """The file of a name below the folder. Raises InputError for any name that leads elsewhere, through links too."""
    unknown = InputError(say("episode.not_allowed", name=repr(name)), hint=say("episode.not_allowed_hint"))
    if folder is None or "\0" in name or any(part.startswith(".") for part in Path(name).parts):
        raise unknown
    root = folder.resolve()
    path = root / name
    if path.resolve() != path or not path.is_relative_to(root) or not path.is_file():
        raise unknown
    check_upload(path, kind)
    return path


def subtitles_beside(names: list[str], video: str) -> str | None:
    """Of some names that of the subtitles that belong to a video: the same but for the ending, or for a language too."""
    stem = str(Path(video).with_suffix("")).lower()
    fitting = [name for name in names if name.lower().startswith(f"{stem}.")]
    return min(fitting, key=len, default=None)
