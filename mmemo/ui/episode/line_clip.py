"""The clip of one line: seeing and hearing it is the quickest way to judge a face."""

from __future__ import annotations

from pathlib import Path

from mmemo.errors import InputError
from mmemo.store.files import publish_folder
from mmemo.store.workspace import Episode, Workspace
from mmemo.ui.episode.preview import preview_folder

# A little before and after, so that the first and the last word are whole.
_MARGIN_MS = 300


def clip_of(workspace: Workspace, episode: Episode, track_id: int) -> Path:
    """The .mp4 of the line of a track in the record's cut, cut when it is asked for the first time.

    Raises InputError when the track or the episode's video is gone.
    """
    from mmemo.episode.preview import write_clip

    faces = workspace.faces(episode)
    cue_ids = faces.loc[faces["track_id"] == track_id, "cue_id"]
    if cue_ids.empty:
        raise InputError(f"the face {track_id} is gone", hint="choose another one")
    cues = workspace.cues(episode).set_index("cue_id")
    start_ms, end_ms = int(cues.loc[cue_ids.iloc[0], "start_ms"]), int(cues.loc[cue_ids.iloc[0], "end_ms"])
    if not Path(episode.video).is_file():
        raise InputError("the video of this episode is gone", hint="it was moved or deleted after the cut")
    folder = preview_folder(workspace) / episode.video_hash[:12] / f"line-{start_ms}-{end_ms}"
    if not folder.is_dir():
        with publish_folder(folder) as temporary:
            write_clip(Path(episode.video), max(0, start_ms - _MARGIN_MS), end_ms + _MARGIN_MS, temporary / "line.mp4")
    return folder / "line.mp4"
