"""Cut an episode into the workspace: once for each video, subtitle and settings."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mmemo.episode.account import CueAccount, DropReason
from mmemo.episode.cleaning import RULES, clean_text
from mmemo.episode.cut import Cut, CutSettings, cut
from mmemo.episode.faces import FaceDetector
from mmemo.episode.sentences import apart_voices
from mmemo.episode.subtitle_cues import ADVERT_NOTE
from mmemo.episode.subtitle_streams import subtitle_streams
from mmemo.episode.subtitles import LineNote, SubtitleFile, read_subtitles
from mmemo.episode.video import VideoInfo, probe
from mmemo.errors import InputError
from mmemo.flow.sync import Synced, SyncMode, sync_episode
from mmemo.progress import Progress, Stage
from mmemo.settings import read_environment
from mmemo.store.files import damaged, hash_file, hash_value, publish_folder, read_json, write_json, write_table
from mmemo.store.workspace import Episode, Workspace

__all__ = ["CutReport", "CutSettings", "SyncMode", "cut_episode"]

# Raise when the same inputs and settings give another result than before.
CUT_VERSION = 1
_ACCOUNT_FILE = "account.json"
# Raise when a subtitle that needs repairs is read in another way than before; it is part of such a cut's key.
_READER_VERSION = 2
_NOTES_KEPT = 50
_NOTE_CHARACTERS = 300
_ENDINGS = (".srt", ".SRT", ".vtt", ".ass", ".ssa")
_SUSPICIOUS_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class CutReport:
    """What a cut found: the account of cues, how the subtitle was read, seconds by part, and peak memory.

    `repaired` and `refused` hold the first notes as {line, what, text}, their totals are `repaired_total` and
    `refused_total`; all of them are in subtitles.json beside the account. `cleaning` counts the cues that each rule
    of the cleaning touched. `skipped` says that the result was there before; seconds are those of the cut itself.
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
    subtitle_format: str = "srt"
    subtitle_streams: list[str] = field(default_factory=list)
    subtitle_stream: int | None = None
    cleaning: dict[str, int] = field(default_factory=dict)
    sync: dict[str, Any] | None = None

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
                "format": self.subtitle_format,
                "encoding": self.encoding,
                "stream": self.subtitle_stream,
                "streams": self.subtitle_streams,
                "read": self.account.total,
                "cleaning": self.cleaning,
                "repaired": self.repaired_total,
                "repaired_lines": [note["line"] for note in self.repaired],
                "refused": self.refused_total,
                "refused_lines": [note["line"] for note in self.refused],
            },
            "sync": self.sync,
            "warnings": self.warnings,
            "skipped": self.skipped,
        }


def cut_episode(
    workspace: Workspace,
    video: Path,
    subtitles: Path | None,
    settings: CutSettings | None = None,
    *,
    language: str | None = None,
    split_voices: bool = False,
    sync: SyncMode = SyncMode.AUTO,
) -> Stage[CutReport]:
    """Cut a video at its subtitles and keep the result; the same inputs and settings are cut once.

    Without `subtitles` the .srt, .vtt, .ass or .ssa beside the video is taken, else a text stream inside it, of the
    `language` if one is asked. `split_voices` makes a cue with dashes for two speakers two cues. Before all, `sync`
    holds the cues against the sound: see sync_episode. Nothing half-written stays when it fails or is cancelled.
    """
    settings = settings or CutSettings()
    info = probe(video)
    srt = subtitles if subtitles is not None else _beside(video, language)
    file = read_subtitles(srt, language=language)
    if split_voices:
        file = replace(file, cues=apart_voices(file.cues))
    _refuse_shifted(file, srt, info)
    yield Progress("cut", 0, len(file.cues), "hashing the video")
    episode = _episode(video, srt, info, settings, file, split_voices)
    synced = yield from sync_episode(workspace, episode, info, file.cues, sync)
    if synced.parts:
        file = replace(file, cues=synced.moved(file.cues, info.duration_ms))
        episode = replace(episode, cut_key=hash_value([episode.cut_key, synced.parts]))
    folder = workspace.cut_folder(episode)
    if (folder / _ACCOUNT_FILE).is_file():
        report = _with_sync(_stored(folder / _ACCOUNT_FILE), synced)
    else:
        threads = read_environment().threads
        with publish_folder(folder) as temporary:
            result = yield from cut(info, file.cues, settings, temporary, threads=threads)
            report = _with_sync(_report(episode, file, result), synced)
            write_table(temporary / "cues.parquet", result.cues)
            write_table(temporary / "faces.parquet", result.faces)
            write_json(temporary / "settings.json", {"settings": settings, **_identity(episode)})
            write_json(temporary / "subtitles.json", _all_notes(file))
            write_json(temporary / _ACCOUNT_FILE, report)
    workspace.save_episode(episode)
    yield Progress("cut", len(file.cues), len(file.cues), f"{report.account.kept} cues kept")
    return report


def _beside(video: Path, language: str | None) -> Path:
    """The subtitle file of the video's name; with a language, one of that name or the video's own stream first."""
    plain = [video.with_suffix(suffix) for suffix in _ENDINGS]
    names = plain
    if language is not None:
        if not re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", language):
            raise InputError(f"{language!r} is no code of a language", hint="use one such as en, eng or pt-BR")
        names = [video.with_suffix(f".{language}{suffix}") for suffix in _ENDINGS]
    for path in names:
        if path.is_file():
            return path
    if subtitle_streams(video):
        return video
    for path in plain:
        if path.is_file():
            return path
    raise InputError(
        f"there is no subtitle file beside {video}, and no subtitle inside it",
        hint=f"give the .srt as the second argument, or name it {names[0].name}",
    )


def _refuse_shifted(file: SubtitleFile, srt: Path, info: VideoInfo) -> None:
    first_ms = file.cues[0].start_ms
    if first_ms >= info.duration_ms:
        raise InputError(
            f"{srt} starts at {first_ms / 1000:.0f} s, the video {info.path} ends at {info.duration_ms / 1000:.0f} s",
            hint="is it the subtitle of another episode, or shifted?",
        )


def _episode(
    video: Path, srt: Path, info: VideoInfo, settings: CutSettings, file: SubtitleFile, split_voices: bool
) -> Episode:
    video_hash = hash_file(video)
    srt_hash = hash_file(srt) if file.stream is None or srt != video else video_hash
    if file.stream is not None:
        srt_hash = hash_value([srt_hash, file.stream])
    reading = {"reader": _READER_VERSION} if _needs_reader(file, info) else {}
    reading |= {"split_voices": 1} if split_voices else {}
    key = hash_value(
        {
            "version": CUT_VERSION,
            "video": video_hash,
            "subtitles": srt_hash,
            "detector": FaceDetector.identity,
            "settings": settings,
            **reading,
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


def _needs_reader(file: SubtitleFile, info: VideoInfo) -> bool:
    """Whether the cues depend on how the reader repairs and tells voices apart; a plain file keeps the key that it always had.

    An advert after the end of the video changes nothing: it is out of the video either way.
    """
    late = {cue.source_line for cue in file.cues if cue.start_ms >= info.duration_ms}
    repaired = any(note.what != ADVERT_NOTE or note.line not in late for note in file.repaired)
    has_second = any("second_voice" in clean_text(cue.raw_text).rules for cue in file.cues)
    return repaired or bool(file.refused) or file.stream is not None or has_second


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
        repaired=_notes(file.repaired[:_NOTES_KEPT], _NOTE_CHARACTERS),
        refused=_notes(file.refused[:_NOTES_KEPT], _NOTE_CHARACTERS),
        warnings=warnings,
        subtitle_format=file.format,
        subtitle_streams=list(file.streams),
        subtitle_stream=file.stream,
        cleaning=_rule_counts(file),
    )


def _with_sync(report: CutReport, synced: Synced) -> CutReport:
    """The report with what the sync check says now; a stored one may hold what an earlier check said."""
    earlier = (report.sync or {}).get("warning")
    others = [warning for warning in report.warnings if warning != earlier]
    return replace(report, sync=synced.values(), warnings=[*others, *filter(None, [synced.warning])])


def _notes(notes: Sequence[LineNote], characters: int | None = None) -> list[dict[str, Any]]:
    return [{"line": note.line, "what": note.what, "text": note.text[:characters]} for note in notes]


def _rule_counts(file: SubtitleFile) -> dict[str, int]:
    """How many cues each rule of the cleaning touched; only rules that touched some."""
    counts = Counter(rule for cue in file.cues for rule in clean_text(cue.raw_text).rules)
    return {rule: counts[rule] for rule in RULES if counts[rule]}


def _all_notes(file: SubtitleFile) -> dict[str, Any]:
    """Everything that was repaired or refused, whole, so that nothing of the subtitle is lost."""
    return {
        "format": file.format,
        "encoding": file.encoding,
        "read": len(file.cues),
        "cleaning": _rule_counts(file),
        "repaired": _notes(file.repaired),
        "refused": _notes(file.refused),
    }


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
