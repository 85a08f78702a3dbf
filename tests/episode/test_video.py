from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from mmemo.episode.forward_pass import ForwardPass, Packet
from mmemo.episode.video import Pictures, frames_at, probe
from mmemo.errors import InputError
from tests.media import counter_frame, read_counter, rotate_mp4, write_counter_video, write_sound, write_video


def numbers_at(path: Path, times_ms: list[int]) -> list[tuple[int, int]]:
    pictures = Pictures()
    return [(shown.asked_ms, read_counter(pictures.rgb(shown.frame))) for shown in frames_at(path, times_ms)]


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("closed.mp4", "libx264", {"preset": "ultrafast", "crf": "18", "g": "10"}),
        ("b-frames.mp4", "libx264", {"preset": "veryfast", "crf": "18", "g": "24", "bf": "3"}),
        (
            "open-gop.mkv",
            "libx264",
            {"preset": "veryfast", "crf": "18", "x264-params": "keyint=12:open-gop=1:bframes=3"},
        ),
        ("one-group.mp4", "libx264", {"preset": "ultrafast", "crf": "18", "g": "10000"}),
        ("stream.ts", "libx264", {"preset": "veryfast", "crf": "18", "g": "12", "bf": "2"}),
        ("old.avi", "mpeg4", {"g": "12", "qscale": "2"}),
        ("hevc.mp4", "libx265", {"preset": "ultrafast", "x265-params": "keyint=20:log-level=none"}),
        ("av1.mkv", "libsvtav1", {"preset": "12", "crf": "20", "g": "20"}),
    ],
)
def test_each_frame_is_the_asked_one(tmp_path: Path, name: str, codec: str, options: dict[str, str]) -> None:
    path = write_counter_video(tmp_path / name, 150, codec=codec, options=options)
    asked = [0, 39, 40, 41, 200, 200, 479, 480, 1000, 1500, 1519, 1520, 3000, 3990, 4000, 5920, 5960, 5999]
    assert numbers_at(path, asked) == [(t, t // 40) for t in asked]
    if hasattr(os, "sched_getscheduler"):
        assert os.sched_getscheduler(0) == os.SCHED_OTHER, "an encoder must not keep real-time priority"


def test_every_single_frame_can_be_asked(tmp_path: Path) -> None:
    path = write_counter_video(tmp_path / "all.mp4", 60, options={"g": "7", "bf": "2"})
    for number in range(60):
        assert numbers_at(path, [number * 40 + 3]) == [(number * 40 + 3, number)]


def test_ntsc_frames_start_between_milliseconds(tmp_path: Path) -> None:
    path = write_counter_video(tmp_path / "ntsc.mp4", 90, fps=30)
    asked = [33, 34, 66, 67, 1000, 1033]
    assert numbers_at(path, asked) == [(33, 1), (34, 1), (66, 2), (67, 2), (1000, 30), (1033, 31)]


def test_variable_frame_rate(tmp_path: Path) -> None:
    times_ms = [0, 100, 130, 900, 2500, 2510]
    path = write_counter_video(tmp_path / "slides.mkv", 6, times_ms=times_ms)
    asked = [0, 99, 100, 131, 899, 900, 2499, 2500, 2511]
    assert numbers_at(path, asked) == [
        (0, 0),
        (99, 0),
        (100, 1),
        (131, 2),
        (899, 2),
        (900, 3),
        (2499, 3),
        (2500, 4),
        (2511, 5),
    ]


def test_times_count_from_the_start_of_the_file(tmp_path: Path) -> None:
    path = write_counter_video(tmp_path / "recording.mkv", 50, times_ms=[5000 + 40 * i for i in range(50)])
    assert numbers_at(path, [0, 45, 1000]) == [(0, 0), (45, 1), (1000, 25)]


def test_times_after_the_end_have_no_frame(tmp_path: Path) -> None:
    path = write_counter_video(tmp_path / "short.mp4", 25)
    assert numbers_at(path, [960, 999, 1001, 9000]) == [(960, 24), (999, 24)]
    assert numbers_at(path, []) == []


def test_groups_without_an_asked_time_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_counter_video(tmp_path / "long.mp4", 500, options={"g": "10"})
    fed: list[object] = []
    decode = ForwardPass._decode

    def counted(reader: ForwardPass, packet: Packet | None) -> list[av.VideoFrame] | None:
        fed.append(packet)
        return decode(reader, packet)

    monkeypatch.setattr(ForwardPass, "_decode", counted)
    assert numbers_at(path, [40, 15000]) == [(40, 1), (15000, 375)]
    assert len(fed) < 12


def test_a_truncated_file_gives_what_is_left(tmp_path: Path) -> None:
    path = write_counter_video(tmp_path / "cut-off.mkv", 200, options={"g": "20"})
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    found = numbers_at(path, [0, 400, 7900])
    assert found == [(0, 0), (400, 10)]


def test_ten_bit_rotated_and_wide_pixels(tmp_path: Path) -> None:
    deep = write_counter_video(tmp_path / "deep.mkv", 10, pixel_format="yuv420p10le")
    assert numbers_at(deep, [200]) == [(200, 5)]

    turned = rotate_mp4(write_counter_video(tmp_path / "phone.mp4", 5))
    assert (probe(turned).width_px, probe(turned).height_px) == (64, 192)
    upright = Pictures().rgb(next(iter(frames_at(turned, [120]))).frame)
    assert upright.shape == (192, 64, 3)
    assert read_counter(np.rot90(upright)) == 3

    wide = write_counter_video(tmp_path / "wide.mp4", 5, pixel_aspect=Fraction(4, 3))
    info = probe(wide)
    assert (info.width_px, info.height_px) == (256, 64)
    assert Pictures(info.pixel_aspect).rgb(next(iter(frames_at(wide, [0]))).frame).shape == (64, 256, 3)


def test_grey_pictures_are_reduced(tmp_path: Path) -> None:
    path = write_counter_video(tmp_path / "a.mp4", 5)
    frame = next(iter(frames_at(path, [80]))).frame
    assert Pictures().grey(frame, 96).shape == (32, 96)
    assert read_counter(Pictures().grey(frame, 192)) == 2


def test_probe(tmp_path: Path) -> None:
    info = probe(write_counter_video(tmp_path / "a.mp4", 50))
    assert (info.duration_ms, info.width_px, info.height_px, info.fps, info.codec) == (2000, 192, 64, 25.0, "h264")
    assert probe(write_counter_video(tmp_path / "one.mkv", 1)).duration_ms >= 1


def test_files_that_are_no_video_are_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    text = tmp_path / "text.mp4"
    text.write_text("this is no video\n" * 100)
    noise = tmp_path / "noise.mkv"
    noise.write_bytes(np.random.default_rng(0).bytes(20000))
    picture = tmp_path / "picture.png"
    Image.fromarray(counter_frame(1)).save(picture)
    sound = write_sound(tmp_path / "sound.mp4")
    with pytest.raises(InputError, match="0 bytes"):
        probe(empty)
    for path in (text, noise):
        with pytest.raises(InputError, match=r"no video|no picture"):
            probe(path)
    with pytest.raises(InputError, match="single picture"):
        probe(picture)
    with pytest.raises(InputError, match="only sound"):
        probe(sound)
    with pytest.raises(InputError, match="there is no video file"):
        probe(tmp_path / "missing.mp4")
    with pytest.raises(InputError, match="there is no video file"):
        probe(tmp_path)


def test_a_video_without_sound_and_one_frame(tmp_path: Path) -> None:
    path = write_video(tmp_path / "one.mp4", [counter_frame(9)])
    assert numbers_at(path, [0, 39]) == [(0, 9), (39, 9)]


def patched(path: Path, changes: dict[bytes, tuple[int, bytes]]) -> Path:
    """Overwrite bytes of an .mp4: box name -> (how far behind the name, what)."""
    data = bytearray(path.read_bytes())
    for name, (offset, value) in changes.items():
        start = data.index(name) + offset
        data[start : start + len(value)] = value
    path.write_bytes(bytes(data))
    return path


def test_a_header_that_boasts_is_refused(tmp_path: Path) -> None:
    billion = (10**9).to_bytes(4, "big")
    long = write_counter_video(tmp_path / "long.mp4", 25)
    patched(long, {b"stts": (12, billion), b"mdhd": (20, b"\xff\xff\xff\xf0"), b"tkhd": (24, b"\xff\xff\xff\xf0")})
    with pytest.raises(InputError, match="hours"):
        probe(long)
    many = write_counter_video(tmp_path / "many.mp4", 25)
    one = (1).to_bytes(4, "big")
    patched(many, {b"stsz": (8, one + billion), b"stts": (12, billion), b"stsc": (16, billion)})
    with pytest.raises(InputError, match=r"claims|can be decoded"):
        probe(many)


def test_a_huge_picture_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    edge = (16000).to_bytes(2, "little") * 2
    frame = b"\x2c" + bytes(4) + edge + b"\x00\x02\x02\x4c\x01\x00"
    path = tmp_path / "huge.gif"
    path.write_bytes(b"GIF89a" + edge + b"\x80\x00\x00" + bytes(3) + b"\xff" * 3 + frame * 2 + b";")
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    with pytest.raises(InputError, match=r"claims|can be decoded"):
        probe(path)
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10) - before_mb < 400


def test_the_size_in_the_header_does_not_count(tmp_path: Path) -> None:
    path = patched(write_counter_video(tmp_path / "a.mp4", 5), {b"avc1": (28, b"\xff" * 4)})
    assert (probe(path).width_px, probe(path).height_px) == (192, 64)
    assert numbers_at(path, [80]) == [(80, 2)]


def test_pixels_of_an_impossible_shape_are_taken_as_square(tmp_path: Path) -> None:
    path = write_counter_video(tmp_path / "a.mkv", 5, pixel_aspect=Fraction(200, 1))
    assert (probe(path).width_px, probe(path).height_px) == (192, 64)


def test_a_list_of_other_files_is_no_video(tmp_path: Path) -> None:
    write_counter_video(tmp_path / "secret.ts", 30)
    play = tmp_path / "list.m3u8"
    play.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n")
    joined = tmp_path / "episode.mp4"
    joined.write_text("ffconcat version 1.0\nfile secret.ts\n")
    for path in (play, joined):
        with pytest.raises(InputError, match="list of other files"):
            probe(path)
    away = tmp_path / "away.mp4"
    away.write_text("ffconcat version 1.0\nfile http://127.0.0.1:9/a.mp4\n")
    with pytest.raises(InputError):
        probe(away)


def test_a_name_that_looks_like_an_address_is_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_counter_video(tmp_path / "other.mp4", 10)
    path = write_counter_video(tmp_path / "plain.mp4", 5).rename(tmp_path / "concat:other.mp4").relative_to(tmp_path)
    assert probe(path).duration_ms == 200
    assert numbers_at(path, [160]) == [(160, 4)]


def test_frames_of_any_size_may_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every packet is more than may wait, as at 4K without a picture that refers to another."""
    monkeypatch.setattr("mmemo.episode.forward_pass._MAX_WAITING_BYTES", 0)
    path = write_counter_video(tmp_path / "a.mp4", 100, options={"preset": "ultrafast", "crf": "18", "g": "1"})
    assert numbers_at(path, [0, 400, 2000]) == [(0, 0), (400, 10), (2000, 50)]
    assert numbers_at(path, []) == []
