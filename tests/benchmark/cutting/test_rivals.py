from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.benchmark.cutting.rivals import Cost, NaiveSearch, decode_needed_groups, found_share, smallest_face_px
from mmemo.episode.faces import DetectorSettings
from mmemo.episode.video import probe
from tests.media import write_counter_video


def boxes(*corners: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(corners, np.float32).reshape(-1, 4)


def test_each_found_face_answers_for_one_only() -> None:
    naive = NaiveSearch()
    naive.faces[0] = boxes((0, 0, 10, 10), (1, 0, 11, 10), (50, 50, 60, 60)), np.array([0.99, 0.98, 0.75], np.float32)
    naive.faces[40] = boxes(), np.zeros(0, np.float32)
    ours = {0: boxes((0, 0, 10, 11))}
    assert found_share(naive, ours, min_prob=0.9) == (1, 2)
    assert found_share(naive, ours, min_prob=0.0) == (1, 3)
    assert found_share(naive, {}, min_prob=0.9) == (0, 2)


def test_cost_scales_to_more_frames() -> None:
    assert Cost(2.0, 3.0, 10).scaled(40) == Cost(8.0, 12.0, 40)
    assert (Cost(1, 2, 3) + Cost(1, 1, 1)) == Cost(2, 3, 4)


def test_only_needed_groups_are_decoded(tmp_path: Path) -> None:
    options = {"g": "10", "keyint_min": "10", "sc_threshold": "0", "bf": "0"}
    video = probe(write_counter_video(tmp_path / "a.mp4", 100, options=options))
    assert decode_needed_groups(video, [400], 1).frames == pytest.approx(1, abs=5)
    assert decode_needed_groups(video, [560, 1960], 1).frames == pytest.approx(5 + 10, abs=6)
    assert decode_needed_groups(video, [40 * i for i in range(100)], 1).frames == 100
    assert decode_needed_groups(video, [], 1).frames == 0


def test_the_smallest_face_is_a_share_of_the_width(tmp_path: Path) -> None:
    video = probe(write_counter_video(tmp_path / "a.mp4", 5))
    assert smallest_face_px(video, DetectorSettings()) == DetectorSettings().min_face_px
    reduced = DetectorSettings(min_face_px=20, max_width_px=96)
    assert smallest_face_px(video, reduced) == 40
