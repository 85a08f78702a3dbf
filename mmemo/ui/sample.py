"""The bundled result of the sample episode, so that a new app has something to show."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from mmemo.store.files import publish_folder
from mmemo.store.workspace import Workspace

_PARTS = ("runs", "reports", "episodes")  # episodes last: they make the rest visible


def install_sample(workspace: Workspace, bundled: Path) -> bool:
    """Copy a ready small workspace into an empty one; True when it was copied.

    The bundle names its video and subtitles without a folder: they lie beside it. A workspace that has an
    episode is never touched. Raises StorageError when the disk is full.
    """
    if workspace.episodes() or not (bundled / "episodes").is_dir():
        return False
    for part in _PARTS:
        for folder in sorted((bundled / part).glob("*/")):
            target = workspace.root / part / folder.name
            if not target.exists():
                with publish_folder(target) as temporary:
                    shutil.copytree(folder, temporary, dirs_exist_ok=True)
    for episode in workspace.episodes():
        video, subtitles = (str(bundled.parent / Path(name).name) for name in (episode.video, episode.subtitles))
        workspace.save_episode(replace(episode, video=video, subtitles=subtitles))
    return True
