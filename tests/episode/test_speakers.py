from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmemo.episode.speakers import (
    MouthMotion,
    SpeakerSettings,
    Verdict,
    choose_speaker,
    liveliness,
    mouth_motion,
)
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
    assert choose_speaker([MouthMotion(0.0, 0.0, 1)], SpeakerSettings()) == (Verdict.SPEAKER, 0)


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
    assert choose_speaker([MouthMotion(score, 1.0, 10) for score in scores], SpeakerSettings()) == expected


def test_settings_check_themselves() -> None:
    with pytest.raises(InputError, match="margin"):
        SpeakerSettings(margin=0.5)
    with pytest.raises(InputError, match="speaking mouth"):
        SpeakerSettings(speaks_above=1.0, still_below=1.2)
