from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from mmemo.episode import quality
from mmemo.episode.quality import FaceQuality, QualitySettings, pose_of, quality_of
from mmemo.errors import InputError

GOOD = FaceQuality(0.99, 200.0, 80.0, 90.0, 5.0, -3.0, 2.0)
DRAWN_FACE = np.array([[-1, 0, 0], [1, 0, 0], [0, 1.1, -1], [-0.8, 2.2, -0.2], [0.8, 2.2, -0.2]]) * 25


def rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> np.ndarray:
    """Nod first, then turn, then tilt; x right, y down, z away from the viewer."""
    yaw, pitch, roll = np.radians([-yaw_deg, -pitch_deg, roll_deg])
    nod = [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    turn = [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]]
    tilt = [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    return np.array(tilt) @ np.array(turn) @ np.array(nod)


def seen(points: np.ndarray, angles: tuple[float, float, float], distance: float | None = None) -> np.ndarray:
    """(5, 2) px of 3-D points at known angles, with perspective when they are `distance` away."""
    turned = points @ rotation(*angles).T
    shrink = np.ones((len(points), 1)) if distance is None else distance / (distance + turned[:, 2:])
    return (turned[:, :2] * shrink + [300, 200]).astype(np.float32)


@pytest.mark.parametrize("yaw", [-75.0, -30.0, 0.0, 20.0, 60.0])
@pytest.mark.parametrize("pitch", [-35.0, 0.0, 25.0])
@pytest.mark.parametrize("roll", [-50.0, 0.0, 15.0])
def test_the_pose_of_the_mean_face_is_exact(yaw: float, pitch: float, roll: float) -> None:
    pose = pose_of(seen(quality._MEAN_FACE * 60, (yaw, pitch, roll)))
    assert (pose.yaw_deg, pose.pitch_deg, pose.roll_deg) == pytest.approx((yaw, pitch, roll), abs=0.01)


def test_the_pose_of_another_face_near_the_camera_is_near() -> None:
    for yaw in (-60.0, -25.0, 0.0, 40.0):
        pose = pose_of(seen(DRAWN_FACE, (yaw, 0.0, 10.0), distance=500.0))
        assert pose.yaw_deg == pytest.approx(yaw, abs=8.0)
        assert pose.roll_deg == pytest.approx(10.0, abs=8.0)


def test_the_signs_are_those_of_the_picture() -> None:
    front = np.array([[270, 200], [330, 200], [300, 235], [275, 270], [325, 270]], np.float32)
    to_the_right, up = front.copy(), front.copy()
    to_the_right[2, 0] += 15
    up[2, 1] -= 12
    assert pose_of(to_the_right).yaw_deg > 15 > abs(pose_of(front).yaw_deg)
    assert pose_of(up).pitch_deg > pose_of(front).pitch_deg + 10
    clockwise = front.copy()
    clockwise[1, 1] += 20
    clockwise[4, 1] += 20
    assert pose_of(clockwise).roll_deg > 10


def test_landmarks_that_tell_nothing_give_no_angles() -> None:
    for points in (np.full((5, 2), 7.0), np.full((5, 2), np.nan)):
        pose = pose_of(points)
        assert (pose.yaw_deg, pose.pitch_deg, pose.roll_deg) == (0.0, 0.0, 0.0)
    in_a_line = np.column_stack([np.arange(5.0), np.arange(5.0)])
    assert np.isfinite(pose_of(in_a_line).yaw_deg)


def test_what_is_measured_on_a_crop() -> None:
    pixels = np.random.default_rng(0).integers(0, 200, (12, 12, 3), np.uint8)
    crop = np.asarray(Image.fromarray(pixels).resize((120, 120), Image.Resampling.NEAREST))
    points = seen(quality._MEAN_FACE * 40, (20.0, 0.0, 0.0))
    found = quality_of(crop, np.array([10, 20, 110, 140], np.float32), points, 0.97)
    assert (found.detection_prob, found.size_px) == (0.97, 120.0)
    assert found.yaw_deg == pytest.approx(20.0, abs=0.01)
    assert 80 < found.brightness < 120
    blurred = np.asarray(Image.fromarray(crop).filter(ImageFilter.GaussianBlur(8)))
    assert quality_of(blurred, np.zeros(4), points, 0.97).sharpness < 0.1 * found.sharpness
    assert quality_of(crop // 4, np.zeros(4), points, 0.97).brightness == pytest.approx(found.brightness / 4, abs=1)


def test_a_face_of_one_pixel_is_measured() -> None:
    found = quality_of(np.full((1, 1, 3), 50, np.uint8), np.zeros(4), np.zeros((5, 2)), 0.9)
    assert found.sharpness == 0.0
    assert QualitySettings().weight(found) == 0.0


def test_a_good_face_counts_in_full_and_each_fault_costs() -> None:
    settings = QualitySettings()
    assert settings.weight(GOOD) == 1.0
    poor = {"size_px": 12.0, "sharpness": 1.0, "brightness": 2.0, "yaw_deg": -80.0}
    fair = {"size_px": 40.0, "sharpness": 8.0, "brightness": 15.0, "yaw_deg": 45.0}
    for name, value in [*poor.items(), ("brightness", 254.0), ("sharpness", float("nan"))]:
        assert settings.weight(replace(GOOD, **{name: value})) == 0.0
    for name, value in fair.items():
        assert 0.5 < settings.weight(replace(GOOD, **{name: value})) < 1.0
    assert settings.weight(replace(GOOD, size_px=settings.min_size_px)) == 0.5


def test_the_worst_measure_decides() -> None:
    settings = QualitySettings()
    two_faults = replace(GOOD, size_px=40.0, yaw_deg=55.0)
    assert settings.weight(two_faults) == settings.weight(replace(GOOD, yaw_deg=55.0))


def test_pitch_and_roll_are_told_but_not_judged() -> None:
    assert QualitySettings().weight(replace(GOOD, pitch_deg=-45.0, roll_deg=40.0)) == 1.0


def test_thresholds_can_be_switched_off() -> None:
    open_to_all = QualitySettings(0, 0, 0, 0, 0, 0, 255, 255, 90, 90)
    assert open_to_all.weight(FaceQuality(0.5, 1.0, 0.0, 0.0, 90.0, 0.0, 0.0)) == 1.0


@pytest.mark.parametrize(
    "values", [{"min_size_px": 80}, {"max_yaw_deg": 20}, {"min_sharpness": -1}, {"max_brightness": float("nan")}]
)
def test_thresholds_out_of_order_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(InputError, match="not in order"):
        QualitySettings(**values)
