"""What a cut reports: the account of cues, how its subtitle was read and checked, and what is suspicious."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from mmemo.episode.account import CueAccount, DropReason
from mmemo.episode.cleaning import RULES, clean_text
from mmemo.episode.cut import Cut
from mmemo.episode.encoding import GUESS
from mmemo.episode.qa import qa_counts
from mmemo.episode.subtitles import LineNote, SubtitleFile
from mmemo.flow.cutting.sync import Synced
from mmemo.store.files import damaged, read_json
from mmemo.store.workspace import Episode

ACCOUNT_FILE = "account.json"
_NOTES_KEPT = 50
_NOTE_CHARACTERS = 300
_SUSPICIOUS_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class CutReport:
    """What a cut found: the account of cues, how the subtitle was read, seconds by part, and peak memory.

    `repaired` and `refused` hold the first notes as {line, what, text}, their totals are `repaired_total` and
    `refused_total`; all of them are in subtitles.json beside the account. `cleaning` counts the cues that each rule
    of the cleaning touched, `qa` what looks wrong by kind. `skipped` says that the result was there before; seconds are
    those of the cut itself.
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
    qa: dict[str, int] = field(default_factory=dict)

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
            "qa": self.qa,
            "warnings": self.warnings,
            "skipped": self.skipped,
        }


def report_of(
    episode: Episode, file: SubtitleFile, result: Cut, qa: pd.DataFrame, before: Mapping[str, float]
) -> CutReport:
    """What is reported of a finished cut, with warnings about what looks wrong; `before` are seconds of other parts."""
    warnings = []
    outside = result.account.dropped.get(DropReason.OUT_OF_VIDEO.value, 0)
    if outside > _SUSPICIOUS_SHARE * result.account.total:
        warnings.append(f"{outside} of {result.account.total} cues lie outside the video: is it the right subtitle?")
    if file.refused:
        lines = ", ".join(str(note.line) for note in file.refused[:10])
        warnings.append(f"{len(file.refused)} parts of the subtitle could not be read, at line {lines}")
    if file.encoding.endswith(GUESS):
        warnings.append(f"the subtitle's encoding is not certain ({file.encoding}): are its letters right?")
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
        seconds={**before, **result.seconds},
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
        qa=qa_counts(qa),
    )


def with_sync(report: CutReport, synced: Synced) -> CutReport:
    """The report with what the sync check says now; a stored one may hold what an earlier check said."""
    earlier = (report.sync or {}).get("warning")
    others = [warning for warning in report.warnings if warning != earlier]
    return replace(report, sync=synced.values(), warnings=[*others, *filter(None, [synced.warning])])


def stored_report(folder: Path) -> CutReport:
    """The report of a cut that was made before; StorageError when it is damaged."""
    path = folder / ACCOUNT_FILE
    values = read_json(path)
    try:
        return replace(CutReport(**{**values, "account": CueAccount(**values["account"])}), skipped=True)
    except (TypeError, KeyError, AttributeError, AssertionError) as error:
        raise damaged(path) from error


def _notes(notes: Sequence[LineNote], characters: int | None = None) -> list[dict[str, Any]]:
    return [{"line": note.line, "what": note.what, "text": note.text[:characters]} for note in notes]


def _rule_counts(file: SubtitleFile) -> dict[str, int]:
    """How many cues each rule of the cleaning touched; only rules that touched some."""
    counts = Counter(rule for cue in file.cues for rule in clean_text(cue.raw_text).rules)
    return {rule: counts[rule] for rule in RULES if counts[rule]}


def all_notes(file: SubtitleFile) -> dict[str, Any]:
    """Everything that was repaired or refused, whole, so that nothing of the subtitle is lost."""
    return {
        "format": file.format,
        "encoding": file.encoding,
        "read": len(file.cues),
        "cleaning": _rule_counts(file),
        "repaired": _notes(file.repaired),
        "refused": _notes(file.refused),
    }


def _peak_rss_mb() -> float | None:
    """Largest resident memory of this process so far; None where the system does not tell (Windows)."""
    with suppress(OSError, IndexError, ValueError):
        # On Linux the other figure begins with that of the process which started this one.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return round(int(status.split("VmHWM:")[1].split()[0]) / 1024, 1)
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
