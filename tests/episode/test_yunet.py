from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from mmemo.episode.yunet import YuNetDetector, YuNetSettings
from mmemo.errors import InputError, ModelUnavailable
from tests.episode.tiny_yunet import POINTS, tiny_yunet

SETTINGS = YuNetSettings(min_face_px=30)


@pytest.fixture
def opencv() -> ModuleType:
    return pytest.importorskip("cv2", reason="the package opencv-python-headless is an extra")


@pytest.fixture
def model(tmp_path: Path, opencv: ModuleType) -> Path:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny_yunet())
    return path


def frame(*cells: tuple[int, int], width: int = 192, height: int = 128) -> np.ndarray:
    """Black, with white squares of 32 px at the given (column, row)."""
    pixels = np.zeros((height, width, 3), np.uint8)
    for column, row in cells:
        pixels[32 * row : 32 * (row + 1), 32 * column : 32 * (column + 1)] = 255
    return pixels


def test_faces_are_where_they_are_with_landmarks_in_our_order(model: Path) -> None:
    (found,) = YuNetDetector(model, SETTINGS).detect([frame((2, 1))])
    assert found.boxes == pytest.approx(np.array([[48, 16, 112, 80]]), abs=0.1)
    assert found.probs == pytest.approx([1.0], abs=0.01)
    points = [[64 + 32 * x, 32 + 32 * y] for x, y in POINTS]
    assert found.landmarks[0] == pytest.approx(np.array(points), abs=0.1)
    left_eye, right_eye = found.landmarks[0, :2]
    assert left_eye[0] < right_eye[0], "left and right as seen in the picture"
    assert (found.boxes.dtype, found.probs.dtype, found.landmarks.dtype) == (np.float32,) * 3


def test_frames_of_several_sizes_and_without_a_face(model: Path) -> None:
    detector = YuNetDetector(model, SETTINGS, threads=2)
    frames = [frame(), frame((1, 1)), frame((1, 1), (5, 5), width=256, height=256), np.zeros((20, 20, 3), np.uint8)]
    assert [len(found) for found in detector.detect(frames)] == [0, 1, 2, 0]
    assert detector.detect([]) == []


def test_the_surest_face_comes_first(model: Path) -> None:
    pixels = frame((1, 1), (5, 1), width=256)
    pixels[:, :100] = (pixels[:, :100] * 0.8).astype(np.uint8)
    (found,) = YuNetDetector(model, SETTINGS).detect([pixels])
    assert list(found.probs) == sorted(found.probs, reverse=True)
    assert found.boxes[0, 0] > 100


def test_colours_are_given_in_the_order_that_the_network_knows(opencv: ModuleType, model: Path) -> None:
    seen: list[np.ndarray] = []
    detector = YuNetDetector(model, SETTINGS)
    detector._net = SimpleNamespace(setInputSize=lambda size: None, detect=lambda p: (seen.append(p), (1, None))[1])
    pixels = frame()
    pixels[..., 0] = 200
    detector.detect([pixels])
    assert seen[0][0, 0].tolist() == [0, 0, 200], "blue, green, red"


def test_boxes_of_a_reduced_frame_are_in_its_own_pixels(model: Path) -> None:
    wide = np.kron(frame((2, 1)), np.ones((2, 2, 1), np.uint8))
    (found,) = YuNetDetector(model, YuNetSettings(min_face_px=30, max_width_px=192)).detect([wide])
    assert found.boxes == pytest.approx(np.array([[96, 32, 224, 160]]), abs=1)
    assert found.landmarks[0, 2] == pytest.approx([160, 96], abs=1)


def test_small_and_unsure_faces_are_hidden(model: Path) -> None:
    assert len(YuNetDetector(model, YuNetSettings(min_face_px=70, max_width_px=720)).detect([frame((2, 1))])[0]) == 0
    dim = (frame((2, 1)) * 0.6).astype(np.uint8)
    assert len(YuNetDetector(model, SETTINGS).detect([dim])[0]) == 0
    assert len(YuNetDetector(model, YuNetSettings(min_face_px=30, min_score=0.5)).detect([dim])[0]) == 1


def test_the_identity_is_that_of_the_very_file(tmp_path: Path, model: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(model.read_bytes() + b"\x08\x08")
    names = {YuNetDetector(path, SETTINGS).identity for path in (model, model, other)}
    assert len(names) == 2
    assert all(name.startswith("yunet/") for name in names)


@pytest.mark.parametrize(
    "content", [b"", b"no model", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 232589\n"]
)
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, opencv: ModuleType, content: bytes) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match="YuNet") as caught:
        YuNetDetector(path)
    assert "bad.onnx" in str(caught.value)


def test_a_damaged_model_is_refused(tmp_path: Path, opencv: ModuleType) -> None:
    content = tiny_yunet()
    cut, renamed = tmp_path / "cut.onnx", tmp_path / "renamed.onnx"
    cut.write_bytes(content[: len(content) // 2])
    renamed.write_bytes(content.replace(b"kps_32", b"kpz_32"))
    for path in (cut, renamed):
        with pytest.raises(InputError):
            YuNetDetector(path)


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no YuNet model"):
        YuNetDetector(tmp_path / "nowhere.onnx")
    huge = tmp_path / "huge.onnx"
    with huge.open("wb") as stream:
        stream.truncate(65 << 20)
    with pytest.raises(InputError, match="too large"):
        YuNetDetector(huge)


def test_without_opencv_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny_yunet())

    def missing(name: str) -> ModuleType:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ModelUnavailable, match="OpenCV") as caught:
        YuNetDetector(path)
    assert "opencv-python-headless" in str(caught.value.hint)
    monkeypatch.setattr(importlib, "import_module", lambda name: SimpleNamespace())
    with pytest.raises(ModelUnavailable, match="too old"):
        YuNetDetector(path)


@pytest.mark.parametrize("values", [{"min_face_px": 5}, {"max_width_px": 100}, {"min_score": 0.0}])
def test_settings_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(InputError):
        YuNetSettings(**values)  # type: ignore[arg-type]
