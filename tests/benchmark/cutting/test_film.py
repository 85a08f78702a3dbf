from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from mmemo.benchmark.cutting.film import SIZE, _filmed, make_film
from mmemo.episode.video import Pictures, frames_at, probe
from mmemo.progress import run
from tests.media import write_video


def stills(path: Path) -> Path:
    """Two seconds of dots on red, two of dots on blue, with black bars above and below."""
    frames = []
    for number in range(100):
        picture = np.zeros((180, 320, 3), np.uint8)
        picture[20:160] = (200, 40, 40) if number < 50 else (40, 40, 200)
        picture[20:160:8, ::8] = 255
        frames.append(picture)
    return write_video(path, frames)


@pytest.mark.slow
def test_the_film_moves_over_the_still_of_each_cue(tmp_path: Path) -> None:
    target = tmp_path / "film.mp4"
    run(make_film(stills(tmp_path / "a.mp4"), [(200, 1800, "One."), (2200, 3800, "Two.")], target, 4))
    info = probe(target)
    assert (info.width_px, info.height_px, round(info.fps), info.codec) == (*SIZE, 25, "h264")
    assert info.duration_ms == pytest.approx(4000, abs=50)
    shown = [Pictures().rgb(s.frame).astype(int) for s in frames_at(target, [200, 1000, 1800, 2300, 3000, 3800])]
    reds = [picture[..., 0].mean() - picture[..., 2].mean() for picture in shown]
    assert min(reds[:3]) > 60
    assert max(reds[3:]) < -60
    assert all(picture.mean() > 60 for picture in shown), "the bars are left out"
    assert all(abs(a - b).mean() > 2 for a, b in pairwise(shown[:3])), "the camera moves"
    with av.open(str(target)) as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    assert keys == [True] + [False] * 99


def test_bright_parts_stay_bright() -> None:
    still = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (144, 1))[:, :, None].repeat(3, 2)).convert("YCbCr")
    grain = np.zeros((SIZE[1], SIZE[0]), np.int16)
    picture = _filmed(still.split(), (0, 0, 256, 144), grain).to_ndarray(format="gray")
    assert (np.diff(picture[300].astype(int)) >= 0).all()
    assert picture[300, -1] - picture[300, 0] > 200


def test_a_cancelled_film_leaves_nothing(tmp_path: Path) -> None:
    source = stills(tmp_path / "a.mp4")
    stage = make_film(source, [(200, 1800, "One.")], tmp_path / "film.mp4", 4)
    next(stage)
    stage.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
