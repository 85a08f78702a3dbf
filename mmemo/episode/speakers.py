"""Who speaks: the motion of a mouth beyond that of its head, and how well it goes with the sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from mmemo.episode.mouth import MIN_PAIRS, MouthMotion
from mmemo.episode.speech_activity import FRAME_MS, HARDLY_ANY, SILERO, SPEAKS_ABOVE, SpeechActivity
from mmemo.errors import InputError

# A film's sound may be early or late by a few of its frames, and lips move a little before they are heard.
_LAGS_MS = np.arange(-128, 129, 32)
# Below this share of a cue nobody is heard in it.
_MIN_SPEECH = 0.15
# Sound this far below the loud parts of a cue is silence; one that never falls by so much tells nothing.
_RANGE_DB = 25.0
_MIN_RANGE_DB = 6.0
_AROUND_MS = 300
_MIN_HEARD_PAIRS = 5
# Both kinds of evidence as one score, 1.8 where a mouth speaks: a logistic regression on simulated scenes of seeds
# that no test uses gave the weights a start, a search over them the end.
_HEARD_SCALE, _HEARD_MOTION, _HEARD_AGREEMENT = 0.42, 0.6, 0.5
_CLEAREST = 99.0


@dataclass(frozen=True, slots=True)
class SpeakerSettings:
    """When a mouth speaks. Scores are mouth motion over upper-face motion, about 1 for a closed mouth.

    Where there is speech to hold it against, a motion that goes with it scores more, another one less.
    `speaks_above`: of several faces one must score this much. `margin`: and this many times every other's.
    `still_below`: one face whose mouth moves less may be listening to a voice from off screen, as may one that scores
    less than `silent_below` against the sound, when it `lives_above`: that share of its contrast changes within the
    cue beyond any motion of the camera. A still picture tells nothing.
    """

    margin: float = 1.5
    speaks_above: float = 1.8
    still_below: float = 1.15
    lives_above: float = 0.08
    silent_below: float = 0.8

    def __post_init__(self) -> None:
        if not 1.0 <= self.margin < float("inf"):
            raise InputError("the speaker margin must be at least 1", hint="1.5 is a good value, more drops more cues")
        if not 0 <= self.still_below <= self.speaks_above:
            raise InputError("a speaking mouth must score at least as high as a still one", hint="use 1.8 and 1.15")
        if not 0 <= self.silent_below <= self.speaks_above:
            raise InputError("a speaking mouth must score at least as high as a silent one", hint="use 1.8 and 0.8")


class Verdict(str, Enum):
    """What the mouths of a cue tell; SILENT is one face that does not speak, if it is alive."""

    SPEAKER = "speaker"
    SILENT = "silent"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Who speaks: the index of a face, None when it is unclear; `scores` (N,) float32 of all faces.

    `margin` is how many times the best score is that of the next, at most 99; NaN for one face alone.
    """

    verdict: Verdict
    speaker: int | None
    scores: np.ndarray
    margin: float


def judge_speaker(
    motions: Sequence[MouthMotion],
    settings: SpeakerSettings,
    speech: SpeechActivity | None = None,
    span_ms: tuple[int, int] = (0, 0),
) -> Judgement:
    """Tell who of the faces of a cue speaks, when one does clearly; `motions` has at least one face.

    One face alone speaks unless its mouth is still, or moves against the sound of the cue's `span_ms`. Of several, one
    mouth must speak by a margin. Where speech tells nothing, the others must not speak either. Where a film has
    speech, but the cue has none, nobody is told from others.
    """
    assert motions, "somebody must be there"
    sound = None if speech is None else _sound(speech, span_ms)
    moved = np.array([motion.score for motion in motions], np.float32)
    if sound is None or min(motion.pairs for motion in motions) < _MIN_HEARD_PAIRS:
        scores, heard = moved, False
    else:
        scores, heard = _heard_scores(motions, sound, settings), True
    if len(motions) == 1:
        is_still = motions[0].pairs >= MIN_PAIRS and moved[0] < settings.still_below
        if heard:
            # Loudness that is no voice, music say, tells of nobody that he is silent.
            is_against = speech is not None and speech.method == SILERO and scores[0] < settings.silent_below
            is_still = bool((is_still and scores[0] < settings.speaks_above) or is_against)
        return Judgement(Verdict.SILENT if is_still else Verdict.SPEAKER, 0, scores, float("nan"))
    best = int(np.argmax(scores))
    second = float(np.delete(scores, best).max())
    margin = min(float(scores[best]) / second, _CLEAREST) if second > 0 else _CLEAREST * bool(scores[best] > 0)
    is_clear = scores[best] >= settings.speaks_above and margin >= settings.margin
    # Two who speak at once must not be told apart; a mouth that moves against the sound may score a little.
    is_clear = is_clear and second < settings.speaks_above * (settings.margin if heard else 1.0)
    is_clear = is_clear and (heard or not _is_wordless(speech, span_ms))
    return Judgement(Verdict.SPEAKER if is_clear else Verdict.UNCLEAR, best if is_clear else None, scores, margin)


def _heard_scores(motions: Sequence[MouthMotion], sound: np.ndarray, settings: SpeakerSettings) -> np.ndarray:
    """(N,) float32: how much the mouths move, and how well that goes with the sound; a still mouth is discounted."""
    moved = np.maximum([motion.score for motion in motions], 0.2)
    agreed = np.array([agreement(motion, sound) for motion in motions])
    still = np.minimum(moved / max(settings.still_below, 1e-6), 1.0)
    weighed = _HEARD_SCALE * still * moved**_HEARD_MOTION * np.exp(_HEARD_AGREEMENT * agreed)
    return weighed.astype(np.float32)


def agreement(motion: MouthMotion, levels: np.ndarray) -> float:
    """How surely a mouth moves with the sound, in standard deviations of chance: below 2 or so by chance.

    `levels` is (M,) from 0 for silence for frames of FRAME_MS. A mouth moves where sound is loud and where it changes,
    by the correlation of lip motion and the envelope of speech (Chandrasekaran et al. 2009); the largest over a few
    offsets counts, as SyncNet searches them (Chung and Zisserman 2016), through Fisher's transformation.
    """
    # Ranks, so that one jerk of the head or a smile does not decide.
    moves = _normed(np.argsort(np.argsort(motion.mouths, kind="stable")).astype(np.float64))
    frames = (motion.times_ms[None] + _LAGS_MS[:, None]) / FRAME_MS - 0.5
    # Only the part around the cue: the whole episode for every cue would take longer the longer the episode is.
    first = min(max(int(frames.min()) - 1, 0), len(levels) - 1)
    last = min(max(int(frames.max()) + 2, first + 1), len(levels))
    known, part = np.arange(first, last), levels[first:last]
    best = -1.0
    for asked in frames:
        at = np.interp(asked, known, part)
        expected = (at[1:] + at[:-1]) / 2 + np.abs(np.diff(at))
        best = max(best, float(moves @ _normed(expected)))
    return float(np.arctanh(np.clip(best, -0.9, 0.98)) * np.sqrt(max(motion.pairs - 3, 1)))


def _sound(speech: SpeechActivity, span_ms: tuple[int, int]) -> np.ndarray | None:
    """(M,) level from 0 for silence to 1 for the loud parts of a cue; None when it holds nothing to go by."""
    first, last = (round(time_ms / FRAME_MS) for time_ms in (span_ms[0] - _AROUND_MS, span_ms[1] + _AROUND_MS))
    levels = speech.level_db[max(first, 0) : max(last, 0)]
    if not len(levels) or _speech_share(speech, span_ms) < _MIN_SPEECH:
        return None
    quiet, loud = np.percentile(levels, [10, 90])
    if loud - quiet < _MIN_RANGE_DB:
        return None
    heard: np.ndarray = np.clip((speech.level_db - (loud - _RANGE_DB)) / _RANGE_DB, 0, 1.2)
    return heard


def _is_wordless(speech: SpeechActivity | None, span_ms: tuple[int, int]) -> bool:
    """Whether nobody is heard in a cue of a video that has speech elsewhere."""
    if speech is None or not len(speech.speech) or float(np.mean(speech.speech > SPEAKS_ABOVE)) < HARDLY_ANY:
        return False
    return _speech_share(speech, span_ms) < _MIN_SPEECH


def _speech_share(speech: SpeechActivity, span_ms: tuple[int, int]) -> float:
    inside = speech.speech[round(span_ms[0] / FRAME_MS) : round(span_ms[1] / FRAME_MS) + 1]
    return float(np.mean(inside > SPEAKS_ABOVE)) if len(inside) else 0.0


def _normed(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean()
    length = float(np.sqrt((centred * centred).sum()))
    return centred / length if length > 1e-9 else np.zeros_like(centred)
