"""Cut an episode into the workspace: once for each video, subtitle and settings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mmemo.episode.clock import StageClock
from mmemo.episode.cut import CutSettings, cut
from mmemo.episode.faces import FaceDetector, FaceFinder
from mmemo.episode.qa import suspicious
from mmemo.episode.sentences import apart_voices
from mmemo.episode.speech_activity import SpeechActivity, speech_runs
from mmemo.episode.subtitles import SubtitleFile, read_subtitles
from mmemo.episode.video import VideoInfo, probe
from mmemo.episode.yunet import YuNetDetector, YuNetSettings
from mmemo.errors import ModelUnavailable
from mmemo.flow.cutting.report import ACCOUNT_FILE, CutReport, all_notes, report_of, stored_report, with_sync
from mmemo.flow.cutting.speech import SPEECH_VERSION, episode_speech
from mmemo.flow.cutting.subtitle_source import find_subtitles, refuse_both, refuse_shifted
from mmemo.flow.cutting.sync import Synced, SyncMode, sync_episode
from mmemo.flow.cutting.transcribe import transcribe_episode
from mmemo.progress import Progress, Stage
from mmemo.settings import read_environment
from mmemo.store.files import hash_file, hash_value, publish_folder, write_json, write_table
from mmemo.store.workspace import Episode, Workspace

__all__ = ["CutReport", "CutSettings", "SyncMode", "cut_episode"]

# Raise when the same inputs and settings give another result than before.
CUT_VERSION = 3


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What a cut starts from: the cues at their times in the video, what is heard, and the names of all inputs."""

    info: VideoInfo
    file: SubtitleFile
    speech: SpeechActivity | None
    synced: Synced
    identity: Mapping[str, Any]
    seconds: Mapping[str, float]


def cut_episode(
    workspace: Workspace,
    video: Path,
    subtitles: Path | None,
    settings: CutSettings | None = None,
    *,
    language: str | None = None,
    split_voices: bool = True,
    transcribe: str | None = None,
    sync: SyncMode = SyncMode.AUTO,
    yunet: Path | None = None,
) -> Stage[CutReport]:
    """Cut a video at its subtitles and keep the result; the same inputs and settings are cut once.

    Without `subtitles` the .srt, .vtt, .ass or .ssa beside the video is taken, else a text stream inside it, of the
    `language` if one is asked; with the speech model `transcribe` they are written down from the sound instead.
    `split_voices` makes a cue with dashes for two speakers two cues. Before all, `sync` holds the cues against the
    sound: see sync_episode. `yunet` is the model file of another face detector. Nothing half-written stays when it
    fails or is cancelled.
    """
    settings, threads = settings or CutSettings(), read_environment().threads
    info = probe(video)
    load_detector, detector = _detector(settings, yunet, threads)
    source, file = yield from _subtitles(workspace, info, subtitles, language, transcribe)
    yield Progress("cut", 0, len(file.cues), "hashing the video")
    episode = _episode(video, source, info, file)
    # What was heard in the sound is in time with it.
    mode = sync if transcribe is None else SyncMode.OFF
    ready = yield from _prepared(workspace, episode, info, file, mode, split_voices, detector)
    key = hash_value({**ready.identity, "settings": settings})
    episode = replace(episode, cut_key=key)
    folder = workspace.cut_folder(episode)
    if (folder / ACCOUNT_FILE).is_file():
        report = with_sync(stored_report(folder), ready.synced)
    else:
        with publish_folder(folder) as temporary:
            report = yield from _cut(episode, ready, settings, load_detector, threads, temporary)
    workspace.save_episode(episode)
    yield Progress("cut", report.account.total, report.account.total, f"{report.account.kept} cues kept")
    return report


def _subtitles(
    workspace: Workspace, info: VideoInfo, subtitles: Path | None, language: str | None, transcribe: str | None
) -> Stage[tuple[Path, SubtitleFile]]:
    """The file that holds the cues, found or written down, and what was read from it."""
    if transcribe is None:
        source = subtitles if subtitles is not None else find_subtitles(info.path, language)
        file = read_subtitles(source, language=language)
    else:
        refuse_both(subtitles, transcribe)
        source = yield from transcribe_episode(workspace, info, transcribe, language)
        file = read_subtitles(source)
    refuse_shifted(file, source, info)
    return source, file


def _prepared(
    workspace: Workspace,
    episode: Episode,
    info: VideoInfo,
    file: SubtitleFile,
    sync: SyncMode,
    split_voices: bool,
    detector: str,
) -> Stage[_Prepared]:
    """Listen to the video, hold the cues against what is heard, and part those that two voices share."""
    clock = StageClock()
    with clock.measure("listen"):
        speech = yield from _heard(workspace, episode, info)
    with clock.measure("sync"):
        synced = yield from sync_episode(workspace, episode, info, file.cues, sync)
    cues = synced.moved(file.cues, info.duration_ms)
    if split_voices:
        cues = apart_voices(cues, speech)
    identity = {
        "cut_version": CUT_VERSION,
        "video_hash": episode.video_hash,
        "subtitles_hash": episode.subtitles_hash,
        "detector": detector,
        "heard_by": None if speech is None else [speech.method, SPEECH_VERSION],
        "sync": synced.parts,
        "split_voices": split_voices,
    }
    return _Prepared(info, replace(file, cues=cues), speech, synced, identity, clock.seconds)


def _cut(
    episode: Episode,
    ready: _Prepared,
    settings: CutSettings,
    load_detector: Callable[[], FaceFinder],
    threads: int,
    folder: Path,
) -> Stage[CutReport]:
    """Cut and write everything into `folder`."""
    info, file, speech = ready.info, ready.file, ready.speech
    result = yield from cut(
        info, file.cues, settings, folder, speech=speech, load_detector=load_detector, threads=threads
    )
    runs = None if speech is None else speech_runs(speech)
    qa = suspicious(result.cues, result.faces, runs, info)
    report = with_sync(report_of(episode, file, result, qa, ready.seconds), ready.synced)
    tables = {"cues": result.cues, "faces": result.faces, "shots": result.shots, "qa": qa, "speech": _spans(runs or [])}
    for name, table in tables.items():
        write_table(folder / f"{name}.parquet", table)
    write_json(folder / "settings.json", {"settings": settings, **ready.identity})
    write_json(folder / "subtitles.json", all_notes(file))
    write_json(folder / ACCOUNT_FILE, report)
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


def _detector(settings: CutSettings, yunet: Path | None, threads: int) -> tuple[Callable[[], FaceFinder], str]:
    """What brings the face detector when it is needed, and its identity; a bad model file is told at once."""
    if yunet is None:
        return lambda: FaceDetector(settings.detector, threads=threads), FaceDetector.identity
    sizes = settings.detector
    found = YuNetDetector(yunet, YuNetSettings(sizes.min_face_px, sizes.max_width_px), threads=threads)
    return lambda: found, found.identity


def _heard(workspace: Workspace, episode: Episode, info: VideoInfo) -> Stage[SpeechActivity | None]:
    """What is heard in the video; None without sound, or without the package that listens."""
    try:
        return (yield from episode_speech(workspace, episode, info))
    except ModelUnavailable:
        return None


def _spans(runs: Sequence[tuple[int, int]]) -> pd.DataFrame:
    return pd.DataFrame(np.array(runs, np.int64).reshape(-1, 2), columns=["start_ms", "end_ms"])


def _slug(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:48].strip("-") or "episode"
