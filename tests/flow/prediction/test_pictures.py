"""Pictures and frames of clips out of what people give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmemo.errors import InputError
from mmemo.flow.prediction import pictures
from mmemo.flow.prediction.pictures import clip_times, count_pictures, pictures_in
from tests.ui.made import tiny_video


def test_a_clip_gives_a_frame_a_second_and_no_more_than_24(tmp_path: Path):
    tiny_video(tmp_path / "clip.MP4", 4)
    found = [*pictures_in(tmp_path / "clip.MP4")]
    assert [p.time_ms for p in found] == [500, 1500, 2500, 3500] and found[0].pixels.shape == (240, 320, 3)
    assert not np.array_equal(found[0].pixels, found[3].pixels)
    assert len(clip_times(3_600_000)) == 24 and clip_times(40) == [20]


def test_a_picture_gives_itself(tmp_path: Path):
    Image.new("RGB", (9, 7)).save(tmp_path / "a.png")
    (one,) = pictures_in(tmp_path / "a.png")
    assert one.pixels.shape == (7, 9, 3) and one.time_ms is None


def test_they_are_counted_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Image.new("RGB", (9, 7)).save(tmp_path / "a.png")
    tiny_video(tmp_path / "clip.mp4", 2)
    assert count_pictures([]) == 0
    assert count_pictures([tmp_path / "a.png", tmp_path / "clip.mp4"]) == 3
    monkeypatch.setattr(pictures, "MOST_PICTURES", 2)
    with pytest.raises(InputError, match="more than 2"):
        count_pictures([tmp_path / "a.png", tmp_path / "clip.mp4"])


def test_the_content_counts_not_the_name(tmp_path: Path):
    Image.new("RGB", (9, 7)).save(tmp_path / "a.png")
    (tmp_path / "a.mp4").write_bytes((tmp_path / "a.png").read_bytes())
    tiny_video(tmp_path / "b.mp4", 1)
    (tmp_path / "b.png").write_bytes((tmp_path / "b.mp4").read_bytes())
    for name in ("a.mp4", "b.png", "gone.png", "gone.mp4"):
        with pytest.raises(InputError):
            count_pictures([tmp_path / name])
