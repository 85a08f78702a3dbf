"""Cut an episode into the workspace: once for each video, subtitle and settings."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmemo.episode.cut import Cut, CutSettings, cut
from mmemo.episode.faces import FaceDetector
from mmemo.episode.sentences import apart_voices
from mmemo.episode.subtitles import SubtitleFile, read_subtitles
from mmemo.episode.video import VideoInfo, probe
from mmemo.flow.cut_report import ACCOUNT_FILE, CutReport, all_notes, report_of, stored_report, with_sync
from mmemo.flow.subtitle_source import find_subtitles, refuse_both, refuse_shifted
from mmemo.flow.sync import Synced, SyncMode, sync_episode
from mmemo.flow.transcribe import transcribe_episode
from mmemo.progress import Progress, Stage
from mmemo.settings import read_environment
from mmemo.store.files import hash_file, hash_value, publish_folder, write_json, write_table
from mmemo.store.workspace import Episode, Workspace

__all__ = ["CutReport", "CutSettings", "SyncMode", "cut_episode"]

# Raise when the same inputs and settings give another result than before.
CUT_VERSION = 2


def cut_episode(
    workspace: Workspace,
    video: Path,
    subtitles: Path | None,
    settings: CutSettings | None = None,
    *,
    language: str | None = None,
    split_voices: bool = False,
    transcribe: str | None = None,
    sync: SyncMode = SyncMode.AUTO,
) -> Stage[CutReport]:
    """Cut a video at its subtitles and keep the result; the same inputs and settings are cut once.

    Without `subtitles` the .srt, .vtt, .ass or .ssa beside the video is taken, else a text stream inside it, of the
    `language` if one is asked; with the speech model `transcribe` they are written down from the sound instead.
    `split_voices` makes a cue with dashes for two speakers two cues. Before all, `sync` holds the cues against the
    sound: see sync_episode. Nothing half-written stays when it fails or is cancelled.
    """
    settings = settings or CutSettings()
    info = probe(video)
    if transcribe is None:
        source = subtitles if subtitles is not None else find_subtitles(video, language)
        file = read_subtitles(source, language=language)
    else:
        refuse_both(subtitles, transcribe)
        source = yield from transcribe_episode(workspace, info, transcribe, language)
        file = read_subtitles(source)
        sync = SyncMode.OFF  # what was heard in the sound is in time with it
    if split_voices:
        file = replace(file, cues=apart_voices(file.cues))
    refuse_shifted(file, source, info)
    yield Progress("cut", 0, len(file.cues), "hashing the video")
    episode = _episode(video, source, info, file)
    synced = yield from sync_episode(workspace, episode, info, file.cues, sync)
    if synced.parts:
        file = replace(file, cues=synced.moved(file.cues, info.duration_ms))
    episode = replace(episode, cut_key=_cut_key(episode, settings, split_voices, synced))
    folder = workspace.cut_folder(episode)
    if (folder / ACCOUNT_FILE).is_file():
        report = with_sync(stored_report(folder), synced)
    else:
        threads = read_environment().threads
        with publish_folder(folder) as temporary:
            result = yield from cut(info, file.cues, settings, temporary, threads=threads)
            report = with_sync(report_of(episode, file, result), synced)
            _write(temporary, episode, settings, file, result, report)
    workspace.save_episode(episode)
    yield Progress("cut", len(file.cues), len(file.cues), f"{report.account.kept} cues kept")
    return report


def _episode(video: Path, source: Path, info: VideoInfo, file: SubtitleFile) -> Episode:
    video_hash = hash_file(video)
    subtitles_hash = hash_file(source) if file.stream is None or source != video else video_hash
    if file.stream is not None:
        subtitles_hash = hash_value([subtitles_hash, file.stream])
    return Episode(
        episode_id=f"{_slug(video.stem)}-{hash_value([video_hash, subtitles_hash])[:8]}",
        video=str(video.resolve()),
        subtitles=str(source.resolve()),
        video_hash=video_hash,
        subtitles_hash=subtitles_hash,
        duration_ms=info.duration_ms,
        cut_key="",
    )


def _cut_key(episode: Episode, settings: CutSettings, split_voices: bool, synced: Synced) -> str:
    return hash_value({**_identity(episode), "settings": settings, "split_voices": split_voices, "sync": synced.parts})


def _identity(episode: Episode) -> dict[str, Any]:
    return {
        "cut_version": CUT_VERSION,
        "detector": FaceDetector.identity,
        "video_hash": episode.video_hash,
        "subtitles_hash": episode.subtitles_hash,
    }


def _write(
    folder: Path, episode: Episode, settings: CutSettings, file: SubtitleFile, result: Cut, report: CutReport
) -> None:
    write_table(folder / "cues.parquet", result.cues)
    write_table(folder / "faces.parquet", result.faces)
    write_json(folder / "settings.json", {"settings": settings, **_identity(episode)})
    write_json(folder / "subtitles.json", all_notes(file))
    write_json(folder / ACCOUNT_FILE, report)


def _slug(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:48].strip("-") or "episode"
