"""Pictures from people: every colour mode, every orientation, and files that are no pictures."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmemo.errors import InputError
from mmemo.flow.prediction import images
from mmemo.flow.prediction.images import read_image


def gradient() -> np.ndarray:
    """(20, 30, 3): red grows to the right, green downwards."""
    picture = np.zeros((20, 30, 3), np.uint8)
    picture[..., 0] = np.linspace(0, 250, 30).astype(np.uint8)
    picture[..., 1] = np.linspace(0, 250, 20).astype(np.uint8)[:, None]
    return picture


def test_rgb_comes_back_as_it_is(tmp_path: Path):
    Image.fromarray(gradient()).save(tmp_path / "a.png")
    back = read_image(tmp_path / "a.png")
    np.testing.assert_array_equal(back, gradient())
    assert back.dtype == np.uint8 and back.flags["C_CONTIGUOUS"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_s_orientation_is_respected(tmp_path: Path, orientation: int):
    upright = Image.fromarray(gradient())
    # What a camera stores for an upright scene is the inverse of what the record asks for.
    stored = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    (upright.transpose(stored) if stored is not None else upright).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), gradient())


@pytest.mark.parametrize(
    ("mode", "suffix"), [("L", "png"), ("1", "png"), ("P", "gif"), ("CMYK", "jpg"), ("YCbCr", "jpg"), ("LA", "png")]
)
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str, suffix: str):
    picture = Image.fromarray(np.full((16, 16, 3), 255, np.uint8)).convert(mode)
    picture.save(tmp_path / f"a.{suffix}")
    back = read_image(tmp_path / f"a.{suffix}")
    assert back.shape == (16, 16, 3)
    assert back.min() >= 250


def test_transparent_parts_become_white(tmp_path: Path):
    picture = np.zeros((4, 4, 4), np.uint8)
    picture[:2, :, 0] = 200
    picture[:2, :, 3] = 255
    Image.fromarray(picture, "RGBA").save(tmp_path / "a.png")
    back = read_image(tmp_path / "a.png")
    assert back[0, 0].tolist() == [200, 0, 0] and back[3, 3].tolist() == [255, 255, 255]


def test_sixteen_bits_keep_their_brightness(tmp_path: Path):
    grey = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    Image.fromarray(grey).save(tmp_path / "a.png")
    np.testing.assert_allclose(read_image(tmp_path / "a.png")[..., 1], grey / 257, atol=1)


@pytest.mark.parametrize(("brightest", "full"), [(1.0, 1.0), (200.0, 255.0), (60000.0, 65535.0)])
def test_fractions_keep_their_brightness(tmp_path: Path, brightest: float, full: float):
    values = np.linspace(0, brightest, 16, dtype=np.float32).reshape(4, 4)
    Image.fromarray(values).save(tmp_path / "a.tiff")
    np.testing.assert_allclose(read_image(tmp_path / "a.tiff")[..., 0], values / full * 255, atol=1)


def test_an_animation_gives_its_first_picture(tmp_path: Path):
    red, blue = (Image.new("RGB", (8, 8), colour) for colour in ("red", "blue"))
    red.save(tmp_path / "a.gif", save_all=True, append_images=[blue])
    assert read_image(tmp_path / "a.gif")[0, 0].tolist() == [255, 0, 0]


def test_one_pixel_is_a_picture(tmp_path: Path):
    Image.new("RGB", (1, 1)).save(tmp_path / "a.png")
    assert read_image(tmp_path / "a.png").shape == (1, 1, 3)


@pytest.mark.parametrize(
    "content", [b"text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\x00\x00\x00\x00WEBP"]
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.jpg is no picture or is damaged \(choose"):
        read_image(tmp_path / "a.jpg")


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tiff"])
def test_half_a_picture_is_refused(tmp_path: Path, suffix: str):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="damaged"):
        read_image(path)


def test_missing_folder_and_empty_are_told_apart(tmp_path: Path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(InputError, match="is empty"):
        read_image(tmp_path / "empty.png")
    for path in (tmp_path, tmp_path / "none.png"):
        with pytest.raises(InputError, match="there is no picture"):
            read_image(path)


def bomb(width_px: int, height_px: int) -> bytes:
    """A PNG of a hundred bytes that claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width_px, height_px, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size_px", [(9000, 9000), (60000, 60000)])
def test_a_bomb_is_not_opened(tmp_path: Path, size_px: tuple[int, int]):
    (tmp_path / "bomb.png").write_bytes(bomb(*size_px))
    with pytest.raises(InputError, match=r"too many pixels.*at most 80 megapixels"):
        read_image(tmp_path / "bomb.png")


def test_the_limit_itself_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    Image.new("RGB", (10, 10)).save(tmp_path / "a.png")
    monkeypatch.setattr(images, "MAX_PIXELS", 100)
    assert read_image(tmp_path / "a.png").shape == (10, 10, 3)
    monkeypatch.setattr(images, "MAX_PIXELS", 99)
    with pytest.raises(InputError, match="too many pixels"):
        read_image(tmp_path / "a.png")
