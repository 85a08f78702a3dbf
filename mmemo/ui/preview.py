"""A copy of an episode that a browser can play and that the app may serve."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from mmemo.store.files import publish_file
from mmemo.store.workspace import Episode, Workspace

_BROWSER_CODECS = ("h264", "av1")
_AUDIO_CODECS = ("aac", "mp3", "opus")


def preview_folder(workspace: Workspace) -> Path:
    """Where previews are kept; may be emptied at any time."""
    return workspace.scratch / "preview"


def playable(workspace: Workspace, episode: Episode) -> Path | None:
    """An .mp4 of the episode inside the workspace; None when the source is gone or its codec is not for browsers.

    An .mp4 is linked, a Matroska file is repackaged without encoding it again.
    """
    source = Path(episode.video)
    target = preview_folder(workspace) / episode.video_hash[:12] / f"{episode.episode_id}.mp4"
    if target.is_file():
        return target
    if not source.is_file():
        return None
    with publish_file(target) as temporary:
        if source.suffix.lower() == ".mp4":
            _link_or_copy(source, temporary)
        elif not _repackage(source, temporary):
            return None
    return target


def spoken_lines(cues: pd.DataFrame) -> list[dict[str, Any]]:
    """Cues as the player wants them: text and a pair of seconds."""
    columns = zip(cues["raw_text"], cues["start_ms"], cues["end_ms"], strict=True)
    return [{"text": str(text), "timestamp": [start / 1000, end / 1000]} for text, start, end in columns]


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _repackage(source: Path, target: Path) -> bool:
    """Copy the first video and audio stream into an .mp4; False when a browser could not play them."""
    import av

    with av.open(str(source)) as given, av.open(str(target), "w", format="mp4") as made:
        video = given.streams.video[0]
        if video.codec_context.name not in _BROWSER_CODECS:
            target.write_bytes(b"")
            return False
        chosen = [video, *(s for s in given.streams.audio[:1] if s.codec_context.name in _AUDIO_CODECS)]
        copies = {stream.index: made.add_stream_from_template(stream) for stream in chosen}
        for packet in given.demux(chosen):
            if packet.dts is not None:
                packet.stream = copies[packet.stream.index]
                made.mux(packet)
    return True
