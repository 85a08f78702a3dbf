"""The sync check before a cut: done once for a video and a subtitle, refused when hopeless, applied when sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from mmemo.episode.cleaning import TextKind, clean_text
from mmemo.episode.subtitles import SubtitleCue
from mmemo.episode.sync import SyncOutcome, SyncPart, SyncReport, SyncSettings, check_sync
from mmemo.episode.video import VideoInfo
from mmemo.errors import InputError, ModelUnavailable
from mmemo.flow.cutting.speech import episode_speech
from mmemo.progress import Stage
from mmemo.store.files import damaged, hash_value, read_json, write_json
from mmemo.store.workspace import Episode, Workspace

# Raise when the same video and subtitle give another report than before.
SYNC_VERSION = 2
_SYNC_FILE = "sync.json"
_SPOKEN = (TextKind.SPEECH, TextKind.OFF_SCREEN)


class SyncMode(str, Enum):
    """What the check may do: move times and refuse, only tell, or nothing."""

    AUTO = "auto"
    REPORT = "report"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Synced:
    """The report of the check, if it was asked for, and the parts by which cue times are to be moved."""

    report: SyncReport | None = None
    parts: tuple[SyncPart, ...] = ()

    @property
    def warning(self) -> str:
        """What should be known in one sentence; empty when the subtitles fit or could not be checked."""
        report = self.report
        if report is None or report.outcome is SyncOutcome.IN_SYNC:
            return ""
        if report.outcome is SyncOutcome.NOT_CHECKED:
            # A video without sound, or hardly any lines, is nobody's fault; sound that says nothing may be.
            return f"the times of the subtitles could not be checked: {report.why}" if report.method else ""
        if report.outcome is SyncOutcome.UNSURE:
            best = f"; the best fit would be {_described(report.parts)}" if report.parts else ""
            return f"it is not sure that the subtitles fit the sound ({report.why}){best}; their times are left as they are"
        if report.outcome is SyncOutcome.HOPELESS:
            return f"the subtitles do not belong to this sound: {report.why}"
        what = "were moved to fit the sound" if self.parts else "seem to be off, and are left as they are"
        return f"the subtitles {what}: {_described(report.parts)}; confidence {report.confidence:.2f}"

    def values(self) -> dict[str, Any] | None:
        """Plain values for the account; None when nothing was checked."""
        if self.report is None:
            return None
        names = ("why", "method", "cues", "speech_s", "fit", "fit_now", "z", "confidence")
        return {
            "outcome": self.report.outcome.value,
            "applied": bool(self.parts),
            "parts": [
                {"from_ms": part.from_ms, "offset_ms": part.offset_ms, "ratio": round(part.ratio, 6)}
                for part in self.report.parts
            ],
            **{name: getattr(self.report, name) for name in names},
            "warning": self.warning,
        }

    def moved(self, cues: Sequence[SubtitleCue], duration_ms: int) -> tuple[SubtitleCue, ...]:
        """The cues at their times in the video, in the same order and number.

        A cue that comes to lie before the video is put behind its end instead: it is told as outside the video.
        """
        if not self.parts:
            return tuple(cues)
        out = []
        earliest_ms = 0
        for cue in cues:
            part = next(part for part in reversed(self.parts) if cue.start_ms >= part.from_ms)
            start_ms, end_ms = part.moved_ms(cue.start_ms), part.moved_ms(cue.end_ms)
            if end_ms <= 0:
                out.append(replace(cue, start_ms=duration_ms, end_ms=duration_ms + max(end_ms - start_ms, 1)))
                continue
            earliest_ms = start_ms = max(start_ms, earliest_ms)
            out.append(replace(cue, start_ms=start_ms, end_ms=max(end_ms, start_ms + 1)))
        return tuple(out)


def sync_episode(
    workspace: Workspace,
    episode: Episode,
    info: VideoInfo,
    cues: Sequence[SubtitleCue],
    mode: SyncMode,
    settings: SyncSettings | None = None,
) -> Stage[Synced]:
    """Check cue times against the sound; the report is kept in the workspace, so that the sound is heard once.

    In mode "auto" a hopeless subtitle raises InputError.
    """
    if mode is SyncMode.OFF:
        return Synced()
    settings = settings or SyncSettings()
    spans = [(cue.start_ms, cue.end_ms) for cue in cues if clean_text(cue.raw_text).kind in _SPOKEN]
    if len(spans) < settings.min_cues:
        report = check_sync(spans, None, settings)
    else:
        key = hash_value([SYNC_VERSION, episode.video_hash, spans, settings])
        path = workspace.stage_folder(episode.episode_id, "sync", key) / _SYNC_FILE
        if path.is_file():
            report = _stored(path)
        else:
            report = yield from _listened(workspace, episode, info, spans, settings)
            if report.method:
                write_json(path, report)
    if mode is SyncMode.AUTO and report.outcome is SyncOutcome.HOPELESS:
        raise InputError(
            f"{episode.subtitles} does not belong to the sound of {info.path}: {report.why}",
            hint="give the subtitle of this very episode; to use it as it is, switch the check against the speech off (--sync off, or in the app's settings)",
        )
    return Synced(report, report.applied if mode is SyncMode.AUTO else ())


def _listened(
    workspace: Workspace, episode: Episode, info: VideoInfo, spans: Sequence[tuple[int, int]], settings: SyncSettings
) -> Stage[SyncReport]:
    try:
        activity = yield from episode_speech(workspace, episode, info)
    except ModelUnavailable as error:
        return SyncReport(SyncOutcome.NOT_CHECKED, str(error), len(spans))
    return check_sync(spans, activity, settings)


def _stored(path: Path) -> SyncReport:
    values = read_json(path)
    try:
        parts = tuple(SyncPart(**part) for part in values["parts"])
        return SyncReport(**{**values, "outcome": SyncOutcome(values["outcome"]), "parts": parts})
    except (TypeError, KeyError, ValueError) as error:
        raise damaged(path) from error


def _described(parts: Sequence[SyncPart]) -> str:
    said = []
    for part in parts:
        speed = f", times x {part.ratio:.4f}" if part.ratio != 1 else ""
        minutes, seconds = divmod(part.from_ms // 1000, 60)
        where = f" from {minutes}:{seconds:02d} on" if part.from_ms else ""
        said.append(f"{part.offset_ms / 1000:+.2f} s{speed}{where}")
    return "; ".join(said)
