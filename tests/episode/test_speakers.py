from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmemo.episode.mouth import WAYS, MouthMotion, liveliness, mouth_motion
from mmemo.episode.speakers import SpeakerSettings, Verdict, judge_speaker
from mmemo.episode.speech_activity import SpeechActivity
from mmemo.episode.tracks import SeenFace, Track
from mmemo.errors import InputError

POINTS = np.array([[80, 80], [120, 80], [100, 105], [85, 130], [115, 130]], np.float32)


def head(mouth_px: int = 0, blink: bool = False, x: int = 0) -> np.ndarray:
    """A grey picture of a textured head with eyes and a mouth that is open by so many px."""
    rng = np.random.default_rng(1)
    texture = Image.fromarray(rng.integers(60, 200, (25, 25)).astype(np.uint8)).resize((200, 200))
    picture = np.array(texture)
    for eye in (80, 120):
        picture[76 : 78 if blink else 84, eye - 8 : eye + 8] = 10
    picture[130 - mouth_px // 2 : 132 + (mouth_px + 1) // 2, 85:115] = 20
    return np.roll(picture, x, axis=1)


def track(times_ms: tuple[int, ...] = (0,), xs: tuple[int, ...] = (0,)) -> Track:
    box = np.array([60, 50, 140, 150], np.float32)
    faces = [
        SeenFace(i, t, box + np.float32(x), 0.99, POINTS + np.array([x, 0], np.float32))
        for i, (t, x) in enumerate(zip(times_ms, xs, strict=True))
    ]
    return Track(tuple(faces), 0)


def motion_of(score: float, pairs: int = 10) -> MouthMotion:
    """A face whose mouth moves `score` times as much as the rest."""
    changes, times = np.full(pairs, 0.1, np.float32), np.arange(pairs + 1, dtype=np.int64) * 125
    mouths = changes * np.float32(score)
    return MouthMotion(times, mouths, changes, mouths, np.zeros((pairs + 1, WAYS), np.float32))


def syllables(times_ms: np.ndarray) -> np.ndarray:
    """Speech that comes and goes, 0 to 1."""
    return np.asarray(np.maximum(np.sin(times_ms / 150) + 0.7 * np.sin(times_ms / 410), 0) / 1.7)


def sound(quiet_from_ms: int = 10**9) -> SpeechActivity:
    times = (np.arange(200) + 0.5) * 32
    level = np.where(times < quiet_from_ms, -45 + 25 * syllables(times), -90)
    return SpeechActivity((level > -44).astype(np.float32), level_db=level.astype(np.float32))


def moving(with_sound: bool, pairs: int = 16, amount: float = 0.4) -> MouthMotion:
    """A mouth that moves with the sound of sound(), or to a rhythm of its own."""
    times = np.arange(pairs + 1, dtype=np.int64) * 125
    curve = syllables(times) if with_sound else np.abs(np.sin(times / 260 + 2))
    changes = (amount * (curve[1:] + curve[:-1]) / 2 + 0.05).astype(np.float32)
    opening = np.stack([curve] + [np.zeros(pairs + 1)] * (WAYS - 1), axis=1).astype(np.float32)
    return MouthMotion(times, changes, np.full(pairs, 0.08, np.float32), changes, opening)


def test_a_talking_mouth_scores_high_and_a_moving_head_does_not() -> None:
    times = list(range(0, 1000, 125))
    talking = mouth_motion(track(), times, [head(m) for m in (0, 10, 3, 12, 0, 9, 2, 11)], 1.0)
    nodding = mouth_motion(track(), times, [head(0, x=i % 3) for i in range(8)], 1.0)
    blinking = mouth_motion(track(), times, [head(0, blink=i == 4) for i in range(8)], 1.0)
    assert talking.score > 3
    assert nodding.score < 1.15
    assert blinking.score < 1.15


def test_too_few_frames_tell_nothing() -> None:
    assert mouth_motion(track(), [], [], 1.0).score == 0
    assert mouth_motion(track(), [0, 100], [head(0), head(12)], 1.0).score == 0
    judged = judge_speaker([motion_of(0.0, 1)], SpeakerSettings())
    assert (judged.verdict, judged.speaker) == (Verdict.SPEAKER, 0)


def test_a_still_under_a_moving_camera_is_not_alive() -> None:
    moving = liveliness(track((0, 500), (0, 7)), [head(x=0), head(x=7)], 1.0)
    acting = liveliness(track((0, 500), (0, 7)), [head(x=0), head(14, blink=True, x=7)], 1.0)
    assert moving < SpeakerSettings().lives_above < acting
    assert liveliness(track(), [head()], 1.0) == 0


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([4.0], (Verdict.SPEAKER, 0)),
        ([0.9], (Verdict.SILENT, 0)),
        ([0.8, 3.0], (Verdict.SPEAKER, 1)),
        ([0.8, 3.0, 1.2], (Verdict.SPEAKER, 1)),
        ([3.0, 4.9], (Verdict.UNCLEAR, None)),
        ([1.7, 0.5], (Verdict.UNCLEAR, None)),
        ([1.9, 1.7], (Verdict.UNCLEAR, None)),
        ([0.0, 0.0], (Verdict.UNCLEAR, None)),
    ],
)
def test_the_choice(scores: list[float], expected: tuple[Verdict, int | None]) -> None:
    judged = judge_speaker([motion_of(score) for score in scores], SpeakerSettings())
    assert (judged.verdict, judged.speaker) == expected


def test_the_margin_is_that_of_the_next_best() -> None:
    judged = judge_speaker([motion_of(score) for score in (0.8, 3.2, 1.6)], SpeakerSettings())
    assert judged.speaker == 1 and judged.margin == pytest.approx(2.0)
    np.testing.assert_allclose(judged.scores, [0.8, 3.2, 1.6], rtol=1e-5)
    assert np.isnan(judge_speaker([motion_of(3.0)], SpeakerSettings()).margin)
    assert judge_speaker([motion_of(3.0), motion_of(0.0)], SpeakerSettings()).margin == 99
    assert judge_speaker([motion_of(0.0), motion_of(0.0)], SpeakerSettings()).margin == 0


def test_of_two_moving_mouths_the_one_that_goes_with_the_sound_speaks() -> None:
    faces, span = [moving(False), moving(True)], (0, 2000)
    assert judge_speaker(faces, SpeakerSettings()).verdict is Verdict.UNCLEAR
    for order in (1, -1):
        judged = judge_speaker(faces[::order], SpeakerSettings(), sound(), span)
        assert judged.verdict is Verdict.SPEAKER and judged.margin > 2
        assert judged.speaker == (1 if order == 1 else 0)


def test_two_mouths_that_both_go_with_the_sound_are_not_told_apart() -> None:
    faces = [moving(True), moving(True, amount=0.15)]
    judged = judge_speaker(faces, SpeakerSettings(), sound(), (0, 2000))
    assert judged.scores.min() > SpeakerSettings().speaks_above and judged.verdict is Verdict.UNCLEAR


def test_a_voice_from_off_screen_makes_nobody_speak() -> None:
    faces, span = [moving(False), motion_of(0.9, 16)], (0, 2000)
    assert judge_speaker(faces, SpeakerSettings(), sound(), span).verdict is Verdict.UNCLEAR
    assert judge_speaker(faces[:1], SpeakerSettings(), sound(), span).verdict is Verdict.SILENT
    assert judge_speaker(faces[:1], SpeakerSettings()).verdict is Verdict.SPEAKER
    # A small movement that goes with the sound all the same.
    assert judge_speaker([moving(True, amount=0.05)], SpeakerSettings(), sound(), span).verdict is Verdict.SPEAKER


def test_sound_that_tells_nothing_is_left_out() -> None:
    faces, span = [motion_of(0.8, 16), motion_of(3.0, 16)], (0, 2000)
    by_mouth = judge_speaker(faces, SpeakerSettings())
    silence = SpeechActivity(np.zeros(200, np.float32), level_db=np.full(200, -90, np.float32))
    hum = SpeechActivity(np.ones(200, np.float32), level_db=np.full(200, -20, np.float32))
    for speech in (silence, hum, SpeechActivity(np.ones(200, np.float32)), SpeechActivity(np.empty(0, np.float32))):
        judged = judge_speaker(faces, SpeakerSettings(), speech, span)
        assert (judged.verdict, judged.speaker, judged.margin) == (Verdict.SPEAKER, 1, by_mouth.margin)
    # Speech elsewhere, and none in the cue: the mover may be chewing.
    assert judge_speaker(faces, SpeakerSettings(), sound(2500), (3000, 5000)).verdict is Verdict.UNCLEAR
    assert judge_speaker(faces[1:], SpeakerSettings(), sound(2500), (3000, 5000)).verdict is Verdict.SPEAKER


def test_settings_check_themselves() -> None:
    with pytest.raises(InputError, match="margin"):
        SpeakerSettings(margin=0.5)
    with pytest.raises(InputError, match="speaking mouth"):
        SpeakerSettings(speaks_above=1.0, still_below=1.2)
    with pytest.raises(InputError, match="silent one"):
        SpeakerSettings(silent_below=3.0)
