"""Who speaks: the motion of a mouth beyond that of its head, and how well it goes with the sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from mmemo.episode.lip_sync import MIN_SPEECH, Voice, evidence_of, speech_share, voice_of
from mmemo.episode.mouth import MIN_PAIRS, MouthMotion
from mmemo.episode.speech_activity import HARDLY_ANY, SILERO, SPEAKS_ABOVE, SpeechActivity
from mmemo.errors import InputError

_MIN_HEARD_PAIRS = 5
# The logarithm of a mouth's score from its agreement, in_speech, syllabic and rhythm: half the weights of a conditional
# logit over "this face, that face, nobody" (McFadden 1974), fitted on simulated scenes of the seeds 1 to 12, which no
# figure is reported on, at 25 frames a second and, of those from 9 on, at 8 as well. Four times the score is sixteen
# times the odds, and at 1.8 a mouth is as likely as nobody on screen.
_WEIGHTS = np.array([8.78, 3.57, 3.02, -4.77])
_OFFSET = -1.75
# Beyond these a score tells nothing more: who is that sure is sure.
_LOWEST, _HIGHEST, _CLEAREST = 0.01, 30.0, 99.0


@dataclass(frozen=True, slots=True)
class SpeakerSettings:
    """When a mouth speaks. Scores are mouth motion over upper-face motion, about 1 for a closed mouth.

    Where there is speech to hold it against, the score says how well the motion goes with it, on a like scale: at 1.8 a
    mouth is as likely as nobody on screen, and 1.5 times the score is 2.25 times the odds.
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
    voice = None if speech is None else voice_of(speech, span_ms)
    moved = np.array([motion.score for motion in motions], np.float32)
    if voice is None or min(motion.pairs for motion in motions) < _MIN_HEARD_PAIRS:
        scores, heard = moved, False
    else:
        scores, heard = np.array([heard_score(motion, voice) for motion in motions], np.float32), True
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
    # Two who speak at once must not be told apart; a mouth that moves with the sound by chance may score a little.
    is_clear = is_clear and second < settings.speaks_above * (settings.margin**2 if heard else 1.0)
    is_clear = is_clear and (heard or not _is_wordless(speech, span_ms))
    return Judgement(Verdict.SPEAKER if is_clear else Verdict.UNCLEAR, best if is_clear else None, scores, margin)


def heard_score(motion: MouthMotion, voice: Voice) -> float:
    """How well a mouth goes with a voice, 0.01 to 30; at least five pairs of frames."""
    score = np.exp(_WEIGHTS @ evidence_of(motion, voice).to_array() + _OFFSET)
    return float(np.clip(score, _LOWEST, _HIGHEST))


def _is_wordless(speech: SpeechActivity | None, span_ms: tuple[int, int]) -> bool:
    """Whether nobody is heard in a cue of a video that has speech elsewhere."""
    if speech is None or not len(speech.speech) or float(np.mean(speech.speech > SPEAKS_ABOVE)) < HARDLY_ANY:
        return False
    return speech_share(speech, span_ms) < MIN_SPEECH
