"""Pictures and sound are read one row at a time; what is missing or damaged gives nothing."""

from __future__ import annotations

import wave
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from mmemo.datasets import sources
from mmemo.datasets.paths import Listing
from mmemo.datasets.sources import (
    ClipFrames,
    PictureArray,
    PictureFiles,
    SoundFiles,
    on_disk,
    open_array,
    read_archive,
    read_picture,
)
from mmemo.errors import InputError
from tests.media import counter_frame, read_counter, write_video


def save_picture(path: Path, value: int, size: tuple[int, int] = (8, 6)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, 0, 0)).save(path)
    return path


def save_sound(path: Path, seconds: float, hz: int = 8000) -> Path:
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(2)
        stream.setsampwidth(2)
        stream.setframerate(hz)
        tone = (np.sin(np.arange(int(seconds * hz)) / 10) * 9000).astype("<i2")
        stream.writeframes(np.repeat(tone, 2).tobytes())
    return path


def test_pictures_of_files(tmp_path: Path):
    save_picture(tmp_path / "a.png", 10)
    save_picture(tmp_path / "x" / "b.png", 20)
    (tmp_path / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    names = ["a.png", ("a.png", "x/b.png"), "damaged.jpg", "missing.png", ""]
    there = on_disk(tmp_path, names, Listing())
    assert there.tolist() == [True, True, True, False, False]
    source = PictureFiles(tmp_path, names, tuple("abcde"), there)
    assert [[int(p[0, 0, 0]) for p in source[i]] for i in range(len(source))] == [[10], [10, 20], [], [], []]
    assert source[0][0].shape == (6, 8, 3)
    assert source[0][0].dtype == np.uint8


def test_a_box_cuts_the_picture(tmp_path: Path):
    picture = np.arange(48, dtype=np.uint8).reshape(6, 8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    boxes = [(2, 1, 5, 4), (-3, -3, 2, 2), (7, 5, 99, 99), (20, 20, 30, 30)]
    source = PictureFiles(tmp_path, ["a.png"] * 4, tuple("abcd"), np.ones(4, bool), boxes)
    np.testing.assert_array_equal(source[0][0][..., 0], picture[1:4, 2:5])
    np.testing.assert_array_equal(source[1][0][..., 0], picture[:2, :2])
    np.testing.assert_array_equal(source[2][0][..., 0], picture[5:, 7:])
    assert source[3] == []


def test_an_absurdly_large_picture_is_not_decoded(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sources, "_MAX_PIXELS", 40)
    assert read_picture(save_picture(tmp_path / "a.png", 1)) is None
    assert read_picture(save_picture(tmp_path / "b.png", 1, (8, 5))) is not None


def test_a_name_that_leads_out_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="not inside"):
        on_disk(tmp_path, ["a.png", "../../etc/passwd"], Listing())


def test_frames_of_a_clip_come_from_all_of_its_length(tmp_path: Path):
    write_video(tmp_path / "a.mp4", [counter_frame(i) for i in range(40)])
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    source = ClipFrames(tmp_path, ["a.mp4", "bad.mp4", "missing.mp4"], tuple("abc"), np.array([True, True, False]), 4)
    assert [read_counter(frame) for frame in source[0]] == [5, 15, 25, 35]
    assert source[1] == source[2] == []


def test_sound_is_mono_at_16_khz(tmp_path: Path):
    save_sound(tmp_path / "a.wav", 0.5)
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    source = SoundFiles(tmp_path, ["a.wav", "bad.wav", ""], tuple("abc"), np.array([True, True, False]))
    sound = source[0]
    assert sound.dtype == np.float32
    assert abs(len(sound) - 8000) < 100
    assert 0.2 < np.abs(sound).max() <= 1
    assert len(source[1]) == len(source[2]) == 0


def test_arrays_are_mapped_and_not_read(tmp_path: Path):
    images = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    np.save(tmp_path / "images.npy", images)
    array = open_array(tmp_path / "images.npy", (-1, 3, 4), "give pictures")
    assert isinstance(array, np.memmap)
    source = PictureArray(array, ("a", "b"))
    assert source.present.tolist() == [True, True]
    np.testing.assert_array_equal(source[1][0], np.repeat(images[1][..., None], 3, axis=2))


def test_arrays_of_another_form_are_refused(tmp_path: Path):
    np.save(tmp_path / "flat.npy", np.zeros(3))
    np.save(tmp_path / "objects.npy", np.array([{}, []], object), allow_pickle=True)
    (tmp_path / "short.npy").write_bytes(b"\x93NUMPY\x01\x00\x46\x00{'descr': '|u1', 'fortran_order': False, 'shape': ")
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000, 48, 48), }"
    content = header + b" " * (117 - len(header)) + b"\n"
    (tmp_path / "boasts.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + content)
    for name in ("flat", "objects", "short", "boasts", "missing"):
        with pytest.raises(InputError, match=f"{name}.npy"):
            open_array(tmp_path / f"{name}.npy", (-1, 48, 48), "give pictures")


def test_an_archive_that_unpacks_to_more_than_memory_is_refused(tmp_path: Path, monkeypatch):
    path = tmp_path / "faces.npz"
    np.savez_compressed(path, images=np.zeros((1000, 48, 48), np.uint8), votes=np.zeros((3, 10)))
    assert [len(array) for array in read_archive(path, ("images", "votes"), "file of faces", "give faces")] == [1000, 3]
    monkeypatch.setattr(sources, "_MAX_ARCHIVE_BYTES", 1_000_000)
    with pytest.raises(InputError, match=r"faces.npz unpacks to"):
        read_archive(path, ("images", "votes"), "file of faces", "give faces")
    with pytest.raises(InputError, match="is no file of faces"):
        read_archive(path, ("labels",), "file of faces", "give faces")


def test_an_archive_whose_array_boasts_is_refused(tmp_path: Path):
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000000000, 48), }"
    array = b"\x93NUMPY\x01\x00\x76\x00" + header + b" " * (117 - len(header)) + b"\n"
    with ZipFile(tmp_path / "faces.npz", "w") as archive:
        archive.writestr("images.npy", array)
    with pytest.raises(InputError, match="is no file of faces"):
        read_archive(tmp_path / "faces.npz", ("images",), "file of faces", "give faces")
