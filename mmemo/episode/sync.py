"""Do the subtitles fit the sound? An offset, a drift and a confidence, from cue times against speech activity.

The times of all cues are laid over the speech at every offset within a minute and at the ratios of the usual frame
rates. A match stands out from the offsets that cannot be right, which tell what chance gives in this very episode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import exp, sqrt

import numpy as np

from mmemo.episode.sound_frames import FRAME_MS
from mmemo.episode.speech_activity import SILERO, SpeechActivity
from mmemo.episode.sync_fit import (
    LAGS,
    MAX_OFFSET_MS,
    Match,
    cue_activity,
    local_contrast,
    match,
    onset_shift_ms,
    pieces,
)
from mmemo.errors import InputError

# Film runs at 24 frames a second, at 23.976 on American television, at 25 in countries with PAL.
_RATES = (24.0, 24_000 / 1001, 25.0)
RATIOS = (1.0, *sorted(a / b for a in _RATES for b in _RATES if a != b))
# A cue counts for at most this many independent tries, so that a short file is never surer than its cues allow.
_TRIES_A_CUE = 5
# The file as it is may be this far off and still count as it is.
_HERE_MS = 100


class SyncOutcome(str, Enum):
    """What the check found; only SHIFTED changes times."""

    NOT_CHECKED = "not_checked"
    IN_SYNC = "in_sync"
    SHIFTED = "shifted"
    UNSURE = "unsure"
    HOPELESS = "hopeless"


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """When to believe what; z counts standard deviations above chance, fits are correlations.

    Offsets below `leave_ms` are left alone. A shift needs `apply_z` (`loud_z` where
    only loudness could be heard), `gain` times the fit of the file as it is, and no
    other offset with `rival` of its fit; another frame rate needs `ratio_gain` times the fit of none. A file is
    hopeless below `hopeless_z` when a fit of `poor_fit`, poor for a right file, would have reached `apply_z`, and
    speech and cues last `alike` times as long as the other at most.
    """

    leave_ms: int = 250
    clear_z: float = 5.0
    apply_z: float = 7.0
    loud_z: float = 10.0
    hopeless_z: float = 4.8
    poor_fit: float = 0.3
    gain: float = 1.15
    ratio_gain: float = 1.04
    rival: float = 0.75
    min_cues: int = 12
    min_speech_s: float = 20.0
    max_speech_share: float = 0.9
    min_cues_to_refuse: int = 40
    min_speech_to_refuse_s: float = 60.0
    alike: float = 3.0
    window_cues: int = 6

    def __post_init__(self) -> None:
        if self.leave_ms < 0 or self.window_cues < 1 or not 0 < self.clear_z <= self.apply_z or self.gain < 1:
            raise InputError("the limits of the sync check do not fit together", hint="the defaults are good values")


@dataclass(frozen=True, slots=True)
class SyncPart:
    """Cues that start at `from_ms` of the file or later: a time t of theirs is ratio * t + offset_ms of the video."""

    from_ms: int
    offset_ms: int
    ratio: float = 1.0

    def moved_ms(self, time_ms: int) -> int:
        """The time in the video; it may be before 0."""
        return round(time_ms * self.ratio) + self.offset_ms


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What was found, and why the times are changed or not.

    `parts` is the best alignment, applied or not: one part, or several when something is missing or added in the
    middle. `fit` and `fit_now` are the correlations of the best alignment and of the file as it is, `confidence` from
    0 to 1 tells a match from chance, and `method` is what heard the speech.
    """

    outcome: SyncOutcome
    why: str
    cues: int = 0
    speech_s: float = 0.0
    method: str = ""
    parts: tuple[SyncPart, ...] = ()
    fit: float = 0.0
    fit_now: float = 0.0
    z: float = 0.0
    confidence: float = 0.0

    @property
    def applied(self) -> tuple[SyncPart, ...]:
        """The parts when times are to be changed, else nothing."""
        return self.parts if self.outcome is SyncOutcome.SHIFTED else ()


@dataclass(frozen=True, slots=True)
class _Alignment:
    """The best alignment with its correlation, its z and how near the next best offset comes."""

    parts: tuple[SyncPart, ...]
    fit: float
    z: float
    rival: float


def check_sync(
    spans_ms: Sequence[tuple[int, int]], activity: SpeechActivity | None, settings: SyncSettings | None = None
) -> SyncReport:
    """Compare (start, end) in ms of all spoken cues, sorted by start, with the speech of the episode."""
    settings = settings or SyncSettings()
    spans = np.array(spans_ms, np.float64).reshape(-1, 2)
    if len(spans) < settings.min_cues:
        return SyncReport(SyncOutcome.NOT_CHECKED, f"{len(spans)} spoken cues are too few", len(spans))
    if activity is None:
        return SyncReport(SyncOutcome.NOT_CHECKED, "the video has no sound", len(spans))
    heard_ms = len(activity.speech) * FRAME_MS
    # Cues far behind the end say nothing, and their times may be anything.
    spans = spans[spans[:, 0] < (heard_ms + MAX_OFFSET_MS) / min(RATIOS)]
    spans[:, 1] = np.minimum(spans[:, 1], spans[:, 0] + MAX_OFFSET_MS)
    speech_s = round(float(activity.speech.sum()) * FRAME_MS / 1000, 1)
    if why := _too_little(len(spans), speech_s, heard_ms / 1000, settings):
        return SyncReport(SyncOutcome.NOT_CHECKED, why, len(spans), speech_s, activity.method)
    speech = local_contrast(activity.speech)
    least_std = 1 / sqrt(_TRIES_A_CUE * len(spans))
    matches = [match(local_contrast(cue_activity(spans, ratio)), speech, ratio, least_std) for ratio in RATIOS]
    aligned = _align(spans, activity, speech, matches, settings)
    fit_now = _near(matches[0], 0, _HERE_MS)
    shown_s = float((spans[:, 1] - spans[:, 0]).sum()) / 1000
    heard = (len(spans), shown_s, speech_s, activity.method)
    outcome, why = _judge(aligned, matches[0], fit_now, heard, settings)
    values = [round(value, 4) for value in (aligned.fit, fit_now, aligned.z, confidence(aligned.z))]
    return SyncReport(outcome, why, len(spans), speech_s, activity.method, aligned.parts, *values)


def confidence(z: float) -> float:
    """From 0 to 1: how sure a match of this z is no chance.

    A logistic curve through what simulated episodes gave: the best of all offsets and rates of a wrong file reaches a
    z of 3 to 4.5, a right one mostly more than 8.
    """
    return 1 / (1 + exp(-2 * (min(max(z, -50.0), 50.0) - 5.5)))


def _too_little(cues: int, speech_s: float, heard_s: float, settings: SyncSettings) -> str:
    if cues < settings.min_cues:
        return f"{cues} spoken cues are too few"
    if speech_s < settings.min_speech_s:
        return f"{speech_s:.0f} s of speech were heard, which is too little"
    if speech_s > settings.max_speech_share * heard_s:
        return "it sounds like speech all the time"
    return ""


def _align(
    spans: np.ndarray, activity: SpeechActivity, speech: np.ndarray, matches: Sequence[Match], settings: SyncSettings
) -> _Alignment:
    best = max(matches, key=lambda one: one.fit)
    if best.fit < settings.ratio_gain * matches[0].fit:
        best = matches[0]
    found, fit, rival, ratio = [(0, best.best - LAGS)], best.fit, best.rival / max(best.fit, 1e-6), best.ratio
    for one in {best.ratio: best, 1.0: matches[0]}.values():
        cues = local_contrast(cue_activity(spans, one.ratio))
        several = pieces(spans, cues, speech, one.ratio, window_cues=settings.window_cues, min_z=settings.clear_z)
        if several is not None and several.fit > max(settings.gain * matches[0].fit, settings.ratio_gain * fit):
            found = list(zip(several.first_cues, several.lags, strict=True))
            fit, rival, ratio = several.fit, 0.0, one.ratio
    ends = [cue for cue, _ in found[1:]] + [len(spans)]
    parts = []
    for (first, lag), end in zip(found, ends, strict=True):
        starts_ms = spans[first:end, 0] * ratio + lag * FRAME_MS
        offset_ms = lag * FRAME_MS + onset_shift_ms(starts_ms, activity.speech)
        parts.append(SyncPart(int(spans[first, 0]) if first else 0, round(offset_ms / 10) * 10, ratio))
    return _Alignment(tuple(parts), fit, best.z(fit), rival)


def _near(one: Match, offset_ms: int, reach_ms: int) -> float:
    """The best fit within a reach of an offset."""
    lag, reach = LAGS + round(offset_ms / FRAME_MS), round(reach_ms / FRAME_MS)
    return float(one.fits[max(lag - reach, 0) : lag + reach + 1].max())


def _judge(
    aligned: _Alignment, plain: Match, fit_now: float, heard: tuple[int, float, float, str], settings: SyncSettings
) -> tuple[SyncOutcome, str]:
    first = aligned.parts[0]
    is_here = len(aligned.parts) == 1 and first.ratio == 1 and abs(first.offset_ms) < settings.leave_ms
    now_z = plain.z(fit_now)
    if is_here and aligned.z >= settings.clear_z:
        return SyncOutcome.IN_SYNC, "the cues fit the speech as they are"
    if now_z >= settings.clear_z and aligned.fit < settings.gain * fit_now:
        return SyncOutcome.IN_SYNC, "no other alignment fits much better"
    cues, shown_s, speech_s, method = heard
    apply_z = settings.apply_z if method == SILERO else settings.loud_z
    if aligned.z >= apply_z and aligned.fit >= settings.gain * fit_now and not is_here:
        if aligned.rival < settings.rival:
            return SyncOutcome.SHIFTED, "the cues fit the speech clearly better there"
        return SyncOutcome.UNSURE, "several offsets fit about as well"
    if method != SILERO:
        if aligned.z >= settings.clear_z and not is_here:
            return SyncOutcome.UNSURE, "by the loudness of the sound they fit better elsewhere, but not surely"
        return SyncOutcome.NOT_CHECKED, "no speech was recognised in the sound, and its loudness does not tell"
    is_enough = cues >= settings.min_cues_to_refuse and speech_s >= settings.min_speech_to_refuse_s
    # Subtitles of a few foreign lines, or a detector that hears a few lines only, prove nothing.
    is_enough = is_enough and 1 / settings.alike <= shown_s / speech_s <= settings.alike
    would_be_seen = settings.poor_fit / plain.chance_std >= settings.apply_z
    if is_enough and would_be_seen and aligned.z < settings.hopeless_z:
        return SyncOutcome.HOPELESS, "the cues fit the speech nowhere within a minute, at no usual frame rate"
    return SyncOutcome.UNSURE, "no alignment stands out clearly"
