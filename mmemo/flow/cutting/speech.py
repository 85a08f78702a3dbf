"""The sound of an episode, listened to once for each video and kept in the workspace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from mmemo.episode.speech_activity import SpeechActivity, speech_activity
from mmemo.episode.video import VideoInfo
from mmemo.progress import Stage
from mmemo.store.files import damaged, hash_value, publish_folder, read_json, read_table, write_json, write_table
from mmemo.store.workspace import Episode, Workspace

# Raise when the same sound gives other numbers than before.
SPEECH_VERSION = 1
_TABLE_FILE, _SETTINGS_FILE = "speech.parquet", "settings.json"


def speech_folder(workspace: Workspace, episode: Episode) -> Path:
    """Where an episode's speech activity is kept: speech.parquet (a row for each frame) and settings.json."""
    key = hash_value([SPEECH_VERSION, episode.video_hash])
    return workspace.stage_folder(episode.episode_id, "speech", key)


def episode_speech(workspace: Workspace, episode: Episode, info: VideoInfo) -> Stage[SpeechActivity | None]:
    """Listen to a video, or read what was heard before, also with other subtitles; None when it has no sound.

    That there is no sound is kept too. ModelUnavailable when the speech detector is not installed: nothing is kept.
    """
    folder = speech_folder(workspace, episode)
    if (folder / _SETTINGS_FILE).is_file():
        return _stored(folder)
    other = next(folder.parent.parent.glob(f"*/{folder.name}/{_SETTINGS_FILE}"), None)
    if other is not None:
        activity = _stored(other.parent)
    else:
        activity = yield from speech_activity(info.path, info.duration_ms)
    with publish_folder(folder) as temporary:
        write_table(temporary / _TABLE_FILE, _table(activity))
        method = None if activity is None else activity.method
        settings = {"method": method, "speech_version": SPEECH_VERSION, "video_hash": episode.video_hash}
        write_json(temporary / _SETTINGS_FILE, settings)
    return activity


def _table(activity: SpeechActivity | None) -> pd.DataFrame:
    speech = np.empty(0, np.float32) if activity is None else activity.speech
    levels = np.empty(0, np.float32) if activity is None else activity.level_db
    if len(levels) != len(speech):
        levels = np.full(len(speech), np.nan, np.float32)
    return pd.DataFrame({"speech": speech, "level_db": levels})


def _stored(folder: Path) -> SpeechActivity | None:
    settings, table = read_json(folder / _SETTINGS_FILE), read_table(folder / _TABLE_FILE)
    try:
        if settings["method"] is None:
            return None
        speech, levels = (table[name].to_numpy(np.float32) for name in ("speech", "level_db"))
        return SpeechActivity(speech, settings["method"], levels if not np.isnan(levels).any() else levels[:0])
    except (TypeError, KeyError, AssertionError) as error:
        raise damaged(folder / _SETTINGS_FILE) from error
