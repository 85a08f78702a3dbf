"""Names of files that stand in a dataset's tables: kept inside its folder, and looked up without asking the disk twice."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from mmemo.errors import InputError

_MAX_NAME_SIGNS = 1000
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})


def inside(folder: Path, name: str) -> Path:
    """The file that a table calls `name`, below `folder`; a leading / counts as that folder, \\ as /.

    A name that leads out of the folder, is empty or holds what no file name holds raises InputError: a table comes
    from strangers and must not name any file of this machine.
    """
    parts = [part for part in name.strip().replace("\\", "/").split("/") if part not in ("", ".")]
    drive = bool(parts) and re.match(r"[A-Za-z]:", parts[0]) is not None
    if not parts or ".." in parts or drive or "\0" in name or len(name) > _MAX_NAME_SIGNS:
        shown = name if len(name) <= 80 else name[:80] + "..."
        raise InputError(
            f"a table names the file {shown!r}, which is not inside {folder}",
            hint="names of files are relative to the dataset's folder and never go up with '..'",
        )
    return folder.joinpath(*parts)


@dataclass(slots=True)
class Listing:
    """Which files there are: every folder is read once, however many of its files are asked for."""

    _known: dict[Path, frozenset[str]] = field(default_factory=dict)

    def names(self, folder: Path) -> frozenset[str]:
        """Names of everything in a folder; none for a folder that is not there."""
        if folder not in self._known:
            try:
                self._known[folder] = frozenset(os.listdir(folder))  # noqa: PTH208 (names are enough, and there are many)
            except OSError:
                self._known[folder] = frozenset()
        return self._known[folder]

    def has(self, path: Path) -> bool:
        """Whether there is something of this name."""
        return path.name in self.names(path.parent)
