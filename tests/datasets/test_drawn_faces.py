"""Drawn faces: same seed same picture, characters and expressions differ, bad input is refused."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.datasets.drawn import CAST, draw_face
from mmemo.datasets.drawn.expressions import Muscles, expression
from mmemo.datasets.drawn.features import Pose
from mmemo.datasets.drawn.portrait import portrait
from mmemo.errors import InputError
from mmemo.labels import EKMAN7


def drawn(name: str = "Nora", label: str = "joy", seed: int = 0, **more: float) -> np.ndarray:
    return draw_face(CAST[name], label, 0.9, np.random.default_rng(seed), 96, **more)


def test_a_face_is_a_picture_of_the_asked_size() -> None:
    face = drawn()
    assert face.shape == (96, 96, 3)
    assert face.dtype == np.uint8


def test_the_seed_decides_every_pixel() -> None:
    assert np.array_equal(drawn(seed=4), drawn(seed=4))
    assert not np.array_equal(drawn(seed=4), drawn(seed=5))


def test_an_open_mouth_changes_the_lower_half_most() -> None:
    change = np.abs(drawn(mouth_open=1.0).astype(int) - drawn().astype(int)).mean(axis=(1, 2))
    assert change[55:].mean() > 3 * change[:45].mean()


def test_the_cast_is_varied() -> None:
    assert len(CAST) >= 6
    assert len({c.hair_style for c in CAST.values()}) == len(CAST)
    assert len({c.skin for c in CAST.values()}) == len(CAST)
    assert all(80 <= c.pitch_hz <= 260 for c in CAST.values())


def test_the_seven_expressions_are_told_apart_by_their_muscles() -> None:
    """A nearest-mean rule on noisy instances of full strength finds the right one nearly always."""
    rng = np.random.default_rng(0)

    def vectors(count: int) -> np.ndarray:
        return np.array([[_vector(expression(label, 1.0, rng)) for _ in range(count)] for label in EKMAN7.labels])

    means = vectors(60).mean(1)
    test = vectors(40)
    nearest = np.linalg.norm(test[:, :, None] - means, axis=-1).argmin(-1)
    assert (nearest == np.arange(7)[:, None]).mean() > 0.9


def _vector(muscles: Muscles) -> list[float]:
    return [getattr(muscles, name) for name in Muscles.__dataclass_fields__]


def test_no_intensity_is_a_relaxed_face() -> None:
    muscles = expression("anger", 0.0, np.random.default_rng(0))
    assert max(map(abs, _vector(muscles))) < 0.4


def test_a_portrait_is_transparent_around_the_head() -> None:
    picture = portrait(CAST["Viktor"], Pose())
    assert picture.getpixel((2, 2))[3] == 0
    assert picture.getpixel((360, 366))[3] == 255


@pytest.mark.parametrize(
    ("label", "intensity", "size", "words"),
    [("happy", 0.5, 96, "unknown label"), ("joy", 1.5, 96, "not possible"), ("joy", 0.5, 8, "too small")],
)
def test_bad_input_is_refused(label: str, intensity: float, size: int, words: str) -> None:
    with pytest.raises(InputError, match=words):
        draw_face(CAST["Mei"], label, intensity, np.random.default_rng(0), size)
