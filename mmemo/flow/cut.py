"""Cut an episode into the workspace: once for each video, subtitle and settings."""

from __future__ import annotations

import re
import sys
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mmemo.episode.account import CueAccount, DropReason
from mmemo.episode.cut import Cut, CutSettings, cut
from mmemo.episode.faces import FaceDetector
from mmemo.episode.subtitles import SubtitleFile, read_subtitles
from mmemo.episode.video import VideoInfo, probe
from mmemo.errors import InputError
from mmemo.progress import Progress, Stage
from mmemo.settings import read_environment
from mmemo.store.files import damaged, hash_file, hash_value, publish_folder, read_json, write_json, write_table
from mmemo.store.workspace import Episode, Workspace

__all__ = ["CutReport", "CutSettings", "cut_episode"]

# Raise when the same inputs and settings give another result than before.
CUT_VERSION = 1
_ACCOUNT_FILE = "account.json"
_NOTES_KEPT = 50
_SUSPICIOUS_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class CutReport:
    """What a cut found: the account of cues, how the subtitle was read, seconds by part, and peak memory.

    `repaired` and `refused` hold the first notes as {line, what, text}, their totals are `repaired_total` and
    `refused_total`. `skipped` says that the result was there before; seconds are those of the cut itself.
    """

    episode_id: str
    cut_key: str
    account: CueAccount
    faces: int
    tracks: int
    seconds: dict[str, float]
    peak_rss_mb: float | None
    encoding: str
    repaired_total: int = 0
    refused_total: int = 0
    repaired: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    skipped: bool = False

    @property
    def cues(self) -> dict[str, Any]:
        """{"total": n, "kept": n, "dropped": {reason: n}}."""
        return {"total": self.account.total, "kept": self.account.kept, "dropped": dict(self.account.dropped)}

    def to_contract(self) -> dict[str, Any]:
        """The object that the command prints with --json."""
        return {
            "episode": self.episode_id,
            "cues": self.cues,
            "faces": self.faces,
            "tracks": self.tracks,
            "seconds": self.seconds,
            "peak_rss_mb": self.peak_rss_mb,
            "subtitles": {
                "encoding": self.encoding,
                "repaired": self.repaired_total,
                "refused": self.refused_total,
                "refused_lines": [note["line"] for note in self.refused],
            },
            "warnings": self.warnings,
            "skipped": self.skipped,
        }


def cut_episode(
    workspace: Workspace, video: Path, subtitles: Path | None, settings: CutSettings | None = None
) -> Stage[CutReport]:
    """Cut a video at its subtitles and keep the result; the same inputs and settings are cut once.

    Without `subtitles` the .srt beside the video is taken. Nothing half-written stays when it fails or is cancelled.
    """
    settings = settings or CutSettings()
    info = probe(video)
    srt = subtitles if subtitles is not None else _beside(video)
    file = read_subtitles(srt)
    _refuse_shifted(file, srt, info)
    yield Progress("cut", 0, len(file.cues), "hashing the video")
    episode = _episode(video, srt, info, settings)
    folder = workspace.cut_folder(episode)
    if (folder / _ACCOUNT_FILE).is_file():
        report = _stored(folder / _ACCOUNT_FILE)
    else:
        threads = read_environment().threads
        with publish_folder(folder) as temporary:
            result = yield from cut(info, file.cues, settings, temporary, threads=threads)
            report = _report(episode, file, result)
            write_table(temporary / "cues.parquet", result.cues)
            write_table(temporary / "faces.parquet", result.faces)
            write_json(temporary / "settings.json", {"settings": settings, **_identity(episode)})
            write_json(temporary / _ACCOUNT_FILE, report)
    workspace.save_episode(episode)
    yield Progress("cut", len(file.cues), len(file.cues), f"{report.account.kept} cues kept")
    return report


def _beside(video: Path) -> Path:
    for suffix in (".srt", ".SRT"):
        if (path := video.with_suffix(suffix)).is_file():
            return path
    raise InputError(
        f"there is no subtitle file beside {video}",
        hint=f"give the .srt as the second argument, or name it {video.with_suffix('.srt').name}",
    )


def _refuse_shifted(file: SubtitleFile, srt: Path, info: VideoInfo) -> None:
    first_ms = file.cues[0].start_ms
    if first_ms >= info.duration_ms:
        raise InputError(
            f"{srt} starts at {first_ms / 1000:.0f} s, the video {info.path} ends at {info.duration_ms / 1000:.0f} s",
            hint="is it the subtitle of another episode, or shifted?",
        )


def _episode(video: Path, srt: Path, info: VideoInfo, settings: CutSettings) -> Episode:
    video_hash, srt_hash = hash_file(video), hash_file(srt)
    key = hash_value(
        {
            "version": CUT_VERSION,
            "video": video_hash,
            "subtitles": srt_hash,
            "detector": FaceDetector.identity,
            "settings": settings,
        }
    )
    return Episode(
        episode_id=f"{_slug(video.stem)}-{hash_value([video_hash, srt_hash])[:8]}",
        video=str(video.resolve()),
        subtitles=str(srt.resolve()),
        video_hash=video_hash,
        subtitles_hash=srt_hash,
        duration_ms=info.duration_ms,
        cut_key=key,
    )


def _identity(episode: Episode) -> dict[str, Any]:
    return {
        "cut_version": CUT_VERSION,
        "detector": FaceDetector.identity,
        "video_hash": episode.video_hash,
        "subtitles_hash": episode.subtitles_hash,
    }


def _slug(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")[:48].strip("-") or "episode"


def _report(episode: Episode, file: SubtitleFile, result: Cut) -> CutReport:
    warnings = []
    outside = result.account.dropped.get(DropReason.OUT_OF_VIDEO.value, 0)
    if outside > _SUSPICIOUS_SHARE * result.account.total:
        warnings.append(f"{outside} of {result.account.total} cues lie outside the video: is it the right subtitle?")
    if file.refused:
        lines = ", ".join(str(note.line) for note in file.refused[:10])
        warnings.append(f"{len(file.refused)} parts of the subtitle could not be read, at line {lines}")
    if "with damage" in file.encoding:
        warnings.append(f"the subtitle holds bytes that are no {file.encoding.split()[0]} text")
    if result.faces.empty:
        warnings.append("no face was found in any cue: nothing can be trained on this episode")
    elif not result.account.kept:
        warnings.append("no cue is kept: nothing can be trained on this episode; see the reasons in the account")
    return CutReport(
        episode_id=episode.episode_id,
        cut_key=episode.cut_key,
        account=result.account,
        faces=len(result.faces),
        tracks=result.tracks,
        seconds=result.seconds,
        peak_rss_mb=_peak_rss_mb(),
        encoding=file.encoding,
        repaired_total=len(file.repaired),
        refused_total=len(file.refused),
        repaired=[{"line": n.line, "what": n.what, "text": n.text} for n in file.repaired[:_NOTES_KEPT]],
        refused=[{"line": n.line, "what": n.what, "text": n.text} for n in file.refused[:_NOTES_KEPT]],
        warnings=warnings,
    )


def _stored(path: Path) -> CutReport:
    values = read_json(path)
    try:
        return replace(CutReport(**{**values, "account": CueAccount(**values["account"])}), skipped=True)
    except (TypeError, KeyError, AttributeError, AssertionError) as error:
        raise damaged(path) from error


def _peak_rss_mb() -> float | None:
    """Largest resident memory of this process so far; None where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
