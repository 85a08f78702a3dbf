"""The faces and lines of the benchmarks: read from the public forms, cut as an episode is, and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmemo.benchmark.weak.data import features_kept, film_faces, film_of, meld_lines
from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.teacher.lines import Line
from tests.benchmark.weak.made import Reader, brightness_backbone, meld_folder


def picture(folder: Path, name: str, pixels: np.ndarray) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(folder / name)


@pytest.mark.parametrize(
    ("name", "film"),
    [
        ("Heist_000519240_00000005.jpg", "Heist"),
        ("A_Long_Way_2_010_7.png", "A_Long_Way_2"),
        ("Heist-000519240_00000005.jpg", "Heist"),
        ("Heist_000519240__00000005.jpg", "Heist"),
    ],
)
def test_a_film_is_what_stands_before_clip_and_frame(name: str, film: str) -> None:
    assert film_of(name) == film


@pytest.mark.parametrize("name", ["face.jpg", "Heist_5.jpg", "_1_2.jpg"])
def test_a_name_without_film_is_wrong_input(name: str) -> None:
    with pytest.raises(InputError, match="is not named"):
        film_of(name)


def test_the_middle_square_of_a_picture_is_its_face(tmp_path: Path) -> None:
    pixels = np.zeros((90, 60, 3), np.uint8)
    pixels[15:75] = 200
    picture(tmp_path / "happy", "Heist_1_1.png", pixels)
    picture(tmp_path / "fear", "Dawn_1_1.png", pixels)
    found = film_faces(tmp_path)
    assert found.gold.tolist() == [EKMAN7.index("fear"), EKMAN7.index("joy")]
    assert found.groups.tolist() == ["Dawn", "Heist"]
    assert found.crops[0].shape == (60, 60, 3) and (found.crops[0] == 200).all()


def test_features_are_kept_for_these_pictures_and_this_network(tmp_path: Path) -> None:
    crops = [np.full((8, 8, 3), value, np.uint8) for value in (0, 100, 200)]
    first = run(features_kept(tmp_path, brightness_backbone(), crops))
    assert first.shape == (3, 2, 2)
    np.testing.assert_array_equal(run(features_kept(tmp_path, brightness_backbone(), crops)), first)
    assert len(list(tmp_path.iterdir())) == 1
    run(features_kept(tmp_path, brightness_backbone(), crops[:2]))
    run(features_kept(tmp_path, brightness_backbone("other"), crops))
    assert len(list(tmp_path.iterdir())) == 3


def test_a_line_is_read_with_the_two_before_it(tmp_path: Path) -> None:
    folder = meld_folder(tmp_path / "meld", "test", ["joy", "fear", "anger", "disgust"])
    reader = Reader()
    lines = run(meld_lines(folder, "test", reader, tmp_path / "cache"))
    assert [EKMAN7.labels[g] for g in lines.gold] == ["joy", "fear", "anger", "disgust"]
    assert reader.lines[3] == Line("disgust 3", "fear 1 anger 2")
    np.testing.assert_allclose(lines.teacher.sum(axis=1), 1, atol=1e-5)
    run(meld_lines(folder, "test", reader, tmp_path / "cache"))
    assert len(reader.lines) == 4, "what was read is not read again"


def test_a_split_without_lines_is_wrong_input(tmp_path: Path) -> None:
    folder = meld_folder(tmp_path / "meld", "test", [])
    with pytest.raises(InputError, match="holds no line"):
        run(meld_lines(folder, "test", Reader(), tmp_path / "cache"))
