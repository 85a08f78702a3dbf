"""The clip of one line: seeing and hearing it is the quickest way to judge a face."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from mmemo.errors import InputError
from mmemo.store.files import publish_folder
from mmemo.store.workspace import Workspace
from mmemo.ui.context import AppContext, Selection, told
from mmemo.ui.preview import preview_folder

# A little before and after, so that the first and the last word are whole.
_MARGIN_MS = 300


@dataclass(frozen=True, slots=True)
class LineClip:
    """A button and the player that it fills."""

    play: gr.Button
    player: gr.Video


def line_clip() -> LineClip:
    """Build button and player, both out of sight until a face is chosen."""
    play = gr.Button("▶ Play the line", size="sm", visible=False, elem_id="mm-play-line")
    player = gr.Video(visible=False, autoplay=True, height=260, show_label=False, elem_id="mm-line-clip", buttons=[])
    return LineClip(play, player)


def listen(context: AppContext, selection: gr.State, chosen: gr.State, parts: LineClip) -> None:
    """Show the button when a face is chosen; cut and play its line when it is pressed."""

    @told
    def on_choice(track: int | None) -> tuple[Any, ...]:
        return gr.Button(visible=track is not None), gr.Video(value=None, visible=False)

    @told
    def on_play(now: Selection, track: int | None) -> Any:
        if now.episode_id is None or track is None:
            return gr.Video(value=None, visible=False)
        return gr.Video(value=str(clip_of(context.workspace, now.episode_id, track)), visible=True)

    quiet: dict[str, Any] = {"api_visibility": "private"}
    chosen.change(on_choice, chosen, [parts.play, parts.player], show_progress="hidden", **quiet)
    parts.play.click(on_play, [selection, chosen], parts.player, **quiet)


def clip_of(workspace: Workspace, episode_id: str, track_id: int) -> Path:
    """The .mp4 of a track's line, cut when it is asked for the first time.

    Raises InputError when the track or the episode's video is gone.
    """
    from mmemo.episode.preview import write_clip

    episode = workspace.episode(episode_id)
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
