"""A copy of an episode that a browser can play and that the app may serve."""

from __future__ import annotations

import os
import shutil
from html import escape
from pathlib import Path

from mmemo.store.files import publish_file
from mmemo.store.workspace import Episode, Workspace

_BROWSER_CODECS = ("h264", "av1")
_AUDIO_CODECS = ("aac", "mp3", "opus")
_ROWS_OF_BUTTONS = 2


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
    copy = _link_or_copy if source.suffix.lower() == ".mp4" else _repackage
    try:
        with publish_file(target) as temporary:
            copy(source, temporary)
    except _NotForBrowsers:
        return None
    return target


def subtitle_track(workspace: Workspace, episode: Episode) -> Path:
    """The episode's lines as WebVTT, the one format that browsers play, with every cue as it was read."""
    target = preview_folder(workspace) / episode.video_hash[:12] / f"{episode.cut_key}.vtt"
    if not target.is_file():
        cues = workspace.cues(episode)
        columns = zip(cues["raw_text"], cues["start_ms"], cues["end_ms"], strict=True)
        blocks = [_cue_block(_cue_text(str(text)), start, end) for text, start, end in columns]
        with publish_file(target) as temporary:
            temporary.write_text("WEBVTT\n\n" + "\n".join(blocks), encoding="utf-8")
    return target


def _cue_block(text: str, start_ms: int, end_ms: int) -> str:
    """One cue, two rows above the lower edge, where the player's buttons do not cover it."""
    above = _ROWS_OF_BUTTONS + len(text.splitlines())
    return f"{_stamp(start_ms)} --> {_stamp(end_ms)} line:-{above}\n{text}\n"


def _stamp(ms: int) -> str:
    seconds, rest = divmod(int(ms), 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


def _cue_text(text: str) -> str:
    """Text that ends no cue early: markup is escaped, which covers the arrow too, and empty lines are left out."""
    return "\n".join(escape(line, quote=False) for line in text.splitlines() if line.strip())


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


class _NotForBrowsers(Exception):
    """The video's codec is none that browsers play."""


def _repackage(source: Path, target: Path) -> None:
    """Copy the first video and audio stream into an .mp4 as they are."""
    import av

    with av.open(str(source)) as given:
        video = given.streams.video[0]
        if video.codec_context.name not in _BROWSER_CODECS:
            raise _NotForBrowsers
        chosen = [video, *(s for s in given.streams.audio[:1] if s.codec_context.name in _AUDIO_CODECS)]
        with av.open(str(target), "w", format="mp4") as made:
            copies = {stream.index: made.add_stream_from_template(stream) for stream in chosen}
            for packet in given.demux(chosen):
                if packet.dts is not None:
                    packet.stream = copies[packet.stream.index]
                    made.mux(packet)
