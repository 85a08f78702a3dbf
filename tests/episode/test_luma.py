from __future__ import annotations

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, VideoReformatter

from mmemo.episode import luma
from mmemo.episode.luma import Luma
from mmemo.episode.video import Pictures


def noise(pixel_format: str, color_range: ColorRange, size: tuple[int, int] = (70, 90)) -> av.VideoFrame:
    """Every value appears; the lines are padded."""
    frame = av.VideoFrame(size[1], size[0], pixel_format)
    draw = np.random.default_rng(4)
    for plane in frame.planes:
        plane.update(draw.integers(0, 256, plane.buffer_size, np.uint8).tobytes())
    frame.color_range = color_range
    return frame


@pytest.mark.parametrize("color_range", [ColorRange.UNSPECIFIED, ColorRange.MPEG, ColorRange.JPEG])
@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv422p", "nv12", "yuv444p"])
def test_it_is_what_the_scaler_gives(pixel_format: str, color_range: ColorRange) -> None:
    frame = noise(pixel_format, color_range)
    expected = VideoReformatter().reformat(frame, 90, 70, "gray", threads=1).to_ndarray()
    found = Luma().picture(frame)
    assert found is not None, "none of these needs the scaler"
    assert np.array_equal(found, expected)
    assert np.array_equal(Pictures().grey(frame, 720), expected)


@pytest.mark.parametrize("pixel_format", ["yuv420p10le", "rgb24", "gray16le"])
def test_other_formats_are_left_to_the_scaler(pixel_format: str) -> None:
    frame = noise(pixel_format, ColorRange.UNSPECIFIED)
    assert Luma().picture(frame) is None
    assert Pictures().grey(frame, 720).shape == (70, 90)


def test_a_scaler_that_does_something_else_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(luma, "_full_range", lambda values: values // 2)
    assert Luma().picture(noise("yuv420p", ColorRange.MPEG)) is None


def test_the_picture_outlives_its_frame() -> None:
    frame = noise("yuvj420p", ColorRange.JPEG)
    picture = Luma().picture(frame)
    assert picture is not None
    before = picture.copy()
    frame.planes[0].update(bytes(frame.planes[0].buffer_size))
    assert np.array_equal(picture, before)
