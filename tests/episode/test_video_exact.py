"""Each frame asked for is exactly the asked one, proven by a number that is burned into every frame."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mmemo.episode.forward_pass import ForwardPass, Packet
from mmemo.episode.video import Pictures, frames_at, probe
from tests.media import counter_frame, read_counter, rotate_mp4, run_ffmpeg, write_counter_video, write_video

COUNT = 320
GROUPS = {"g": "250", "bf": "3", "preset": "fast", "crf": "18"}


def numbers_at(path: Path, asked_ms: Sequence[int], turns: int = 0) -> dict[int, int]:
    info = probe(path)
    pictures = Pictures(info.pixel_aspect)
    found = {}
    for shown in frames_at(path, asked_ms):
        picture = np.rot90(pictures.rgb(shown.frame), turns)
        found[shown.asked_ms] = read_counter(picture, float(info.pixel_aspect))
    return found


def expected(asked_ms: Sequence[int], starts_ms: Sequence[Fraction | int], end_ms: float) -> dict[int, int]:
    """What a player shows: the last frame that has started; the first one before that; nothing after the end."""
    starts = [int(start) for start in starts_ms]
    return {t: max(0, bisect_right(starts, t) - 1) for t in asked_ms if t < end_ms}


def asked_times(starts_ms: Sequence[Fraction | int], end_ms: float) -> list[list[int]]:
    """Lists of times: all at once, few far apart, and as a cue asks for them."""
    chance = np.random.default_rng(3)
    borders = [int(start) + more for start in starts_ms for more in (0, 17)]
    some = sorted(int(t) for t in chance.integers(0, int(end_ms), 25))
    few = sorted(int(t) for t in chance.integers(0, int(end_ms), 2))
    dense = list(range(int(end_ms * 0.6), int(end_ms * 0.8), 125))
    return [sorted(borders), some, few, dense, [*few, int(end_ms) + 5000]]


def check(path: Path, starts_ms: Sequence[Fraction | int], end_ms: float, turns: int = 0) -> None:
    for asked in asked_times(starts_ms, end_ms):
        assert numbers_at(path, asked, turns) == expected(asked, starts_ms, end_ms)


def regular(fps: Fraction | int, count: int = COUNT) -> list[Fraction]:
    return [Fraction(1000 * i) / fps for i in range(count)]


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("b-frames.mp4", "libx264", GROUPS),
        ("pyramid.mkv", "libx264", {**GROUPS, "x264-params": "b-pyramid=normal:bframes=8:b-adapt=0"}),
        ("strict.ts", "libx264", {**GROUPS, "x264-params": "b-pyramid=strict"}),
        ("open.mkv", "libx264", {**GROUPS, "x264-params": "keyint=30:open-gop=1"}),
        ("open.mp4", "libx264", {**GROUPS, "x264-params": "keyint=30:open-gop=1"}),
        ("intra.mp4", "libx264", {**GROUPS, "g": "1"}),
        ("plain.avi", "libx264", {**GROUPS, "bf": "0"}),
        ("hevc.mp4", "libx265", {"preset": "fast", "x265-params": "keyint=250:bframes=4:log-level=none"}),
        ("hevc-open.mkv", "libx265", {"preset": "fast", "x265-params": "keyint=30:open-gop=1:log-level=none"}),
        ("av1.mp4", "libsvtav1", {"preset": "12", "crf": "20", "g": "100"}),
        ("vp9.webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "g": "60", "b": "2M"}),
        ("vp8.webm", "libvpx", {"deadline": "realtime", "cpu-used": "8", "auto-alt-ref": "1", "b": "2M"}),
        ("mpeg4.avi", "mpeg4", {"g": "50", "qscale": "2"}),
        ("mpeg2.ts", "mpeg2video", {"g": "15", "bf": "2", "qscale": "2"}),
    ],
)
@pytest.mark.slow
def test_codecs_and_containers(tmp_path: Path, name: str, codec: str, options: dict[str, str]) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"this FFmpeg cannot encode {codec}")
    path = write_counter_video(tmp_path / name, COUNT, codec=codec, options=options)
    check(path, regular(25), COUNT * 40)


@pytest.mark.slow
def test_a_picture_that_is_refreshed_part_by_part_is_never_a_wrong_one(tmp_path: Path) -> None:
    options = {**GROUPS, "x264-params": "intra-refresh=1:keyint=40"}
    path = write_counter_video(tmp_path / "refresh.mp4", COUNT, options=options)
    for asked in asked_times(regular(25), COUNT * 40):
        found = numbers_at(path, asked)
        assert found.items() <= expected(asked, regular(25), COUNT * 40).items()
        assert len(found) >= 0.8 * len(set(asked)) - 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts"])
def test_variable_frame_rate_with_b_frames(tmp_path: Path, name: str) -> None:
    steps = np.random.default_rng(1).choice([33, 40, 41, 200, 1000, 2500], COUNT)
    starts = [int(t) for t in np.cumsum(steps) - steps[0]]
    path = write_counter_video(tmp_path / name, COUNT, times_ms=starts, options=GROUPS)
    for asked in asked_times(starts, starts[-1]):
        wanted = [t for t in sorted(asked) if t <= starts[-1]]
        assert numbers_at(path, wanted) == expected(wanted, starts, starts[-1] + 1)


@pytest.mark.slow
@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(50)])
def test_film_and_television_rates(tmp_path: Path, fps: Fraction) -> None:
    path = write_counter_video(tmp_path / "a.mp4", COUNT, fps=fps, options=GROUPS)
    check(path, regular(fps), COUNT * 1000 / float(fps) - 1)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("late.ts", ["-c", "copy", "-output_ts_offset", "3600"]),
        ("late.mkv", ["-c", "copy", "-output_ts_offset", "7.24"]),
        ("early.mp4", ["-c", "copy", "-movflags", "+faststart"]),
        ("fragments.mp4", ["-c", "copy", "-movflags", "+frag_keyframe+empty_moov"]),
        ("ten-bit.mp4", ["-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-bf", "3", "-g", "250"]),
        ("ten-bit-hevc.mp4", ["-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none"]),
        ("fields.ts", ["-c:v", "libx264", "-flags", "+ildct+ilme", "-x264-params", "tff=1:bframes=3"]),
        ("fields.mp4", ["-c:v", "libx264", "-flags", "+ildct+ilme", "-x264-params", "tff=1:bframes=3"]),
    ],
)
@pytest.mark.slow
def test_start_offsets_depth_and_fields(tmp_path: Path, name: str, how: list[str]) -> None:
    source = write_counter_video(tmp_path / "source.mp4", COUNT, options=GROUPS)
    run_ffmpeg("-i", source, *how, tmp_path / name)
    check(tmp_path / name, regular(25), COUNT * 40)


@pytest.mark.slow
def test_an_edit_list_hides_the_frames_before_its_start(tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "source.mp4", COUNT, options=GROUPS)
    path = tmp_path / "cut.mp4"
    run_ffmpeg("-ss", "3.4", "-i", source, "-c", "copy", path)
    asked = [0, 20, 41, 399, 1000, 1234, 5000, 8000]
    assert numbers_at(path, asked) == {t: (t + 3400) // 40 for t in asked}


@pytest.mark.slow
def test_sound_that_starts_before_the_picture(tmp_path: Path) -> None:
    source = write_counter_video(tmp_path / "source.mp4", COUNT, options=GROUPS)
    path = tmp_path / "both.mkv"
    tone = ["-f", "lavfi", "-t", "12", "-i", "sine"]
    run_ffmpeg("-itsoffset", "0.8", "-i", source, *tone, "-c:v", "copy", "-c:a", "aac", path)
    asked = [0, 500, 799, 850, 1000, 6000, 13000]
    assert numbers_at(path, asked) == {t: max(0, (t - 800) // 40) for t in asked}


@pytest.mark.slow
@pytest.mark.parametrize(("degrees", "turns"), [(90, 1), (180, 2), (270, 3)])
def test_rotation(tmp_path: Path, degrees: int, turns: int) -> None:
    path = rotate_mp4(write_counter_video(tmp_path / "phone.mp4", COUNT, options=GROUPS), degrees)
    info = probe(path)
    assert (info.width_px, info.height_px) == ((192, 64) if degrees == 180 else (64, 192))
    check(path, regular(25), COUNT * 40, turns)


@pytest.mark.slow
@pytest.mark.parametrize("aspect", [Fraction(4, 3), Fraction(8, 9)])
def test_pixels_that_are_not_square(tmp_path: Path, aspect: Fraction) -> None:
    path = write_counter_video(tmp_path / "dvd.mkv", COUNT, options=GROUPS, pixel_aspect=aspect)
    assert probe(path).width_px == round(192 * aspect)
    check(path, regular(25), COUNT * 40)


@pytest.mark.slow
def test_odd_sizes(tmp_path: Path) -> None:
    frames = (counter_frame(i, 193, 67) for i in range(60))
    path = write_video(tmp_path / "odd.mp4", frames, pixel_format="yuv444p", options=GROUPS)
    assert (probe(path).width_px, probe(path).height_px) == (193, 67)
    check(path, regular(25, 60), 2400)


def test_two_frames_at_one_time_show_the_later(tmp_path: Path) -> None:
    path = write_counter_video(
        tmp_path / "a.mkv", 6, times_ms=[0, 40, 80, 81, 120, 160], options={"g": "250", "bf": "0"}
    )
    data = path.read_bytes()
    again = data.replace(b"\x81\x00\x51\x00", b"\x81\x00\x50\x00", 1)  # the time in a block's header: 81 becomes 80
    assert again != data
    path.write_bytes(again)
    assert numbers_at(path, [79, 80, 81, 119, 120]) == {79: 1, 80: 3, 81: 3, 119: 3, 120: 4}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.mkv", "a.ts", "a.mp4", "a.avi"])
@pytest.mark.parametrize("group", ["25", "250"])
def test_a_truncated_file_is_exact_up_to_its_end(tmp_path: Path, name: str, group: str) -> None:
    plain = {"preset": "fast", "crf": "18", "g": group, "bf": "0" if name.endswith("avi") else "3"}
    path = write_counter_video(tmp_path / name, COUNT, options=plain)
    if name.endswith("mp4"):
        run_ffmpeg("-i", path, "-c", "copy", "-movflags", "+faststart", tmp_path / "fast.mp4")
        path = tmp_path / "fast.mp4"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    asked = list(range(0, COUNT * 40, 20))
    found = numbers_at(path, asked)
    last = max(found)
    assert COUNT * 40 * 0.5 < last < COUNT * 40 * 0.8
    assert found == {t: t // 40 for t in asked if t <= last}


@pytest.mark.slow
def test_a_damaged_part_is_no_answer_and_what_follows_is_exact(tmp_path: Path) -> None:
    path = write_counter_video(tmp_path / "a.mkv", COUNT, options={**GROUPS, "g": "40"})
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = bytes(300)
    path.write_bytes(bytes(data))
    asked = list(range(0, COUNT * 40, 40))
    found = numbers_at(path, asked)
    whole = {t: t // 40 for t in asked}
    group_ms = 40 * 40
    first = min((t for t in asked if found.get(t) != whole[t]), default=0)
    assert len(found) > 0.7 * COUNT
    assert [t for t in asked if t >= first + 2 * group_ms and found.get(t) != whole[t]] == []


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Counts packets given to the decoder, frames that came out, seeks, and files opened."""
    counts = {"packets": 0, "frames": 0, "opened": 0}
    decode: Callable[..., list[av.VideoFrame] | None] = ForwardPass._decode

    def counted(reader: ForwardPass, packet: Packet | None) -> list[av.VideoFrame] | None:
        frames = decode(reader, packet)
        counts["packets"] += packet is not None
        counts["frames"] += len(frames or ())
        return frames

    opening = av.open

    def opened(path: str, mode: str = "r", **options: object) -> object:
        counts["opened"] += mode == "r"
        return opening(path, mode, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(ForwardPass, "_decode", counted)
    monkeypatch.setattr(av, "open", opened)
    return counts


@pytest.mark.slow
def test_one_pass_decodes_the_needed_groups_and_skips_what_nobody_needs(tmp_path: Path, work: dict[str, int]) -> None:
    options = {**GROUPS, "x264-params": "keyint=100:min-keyint=100:scenecut=0:b-adapt=0"}
    path = write_counter_video(tmp_path / "long.mp4", 1000, options=options)
    asked = [*range(8400, 10000, 125), *range(30_100, 31_000, 125)]
    frames = list(frames_at(path, asked))
    assert len(frames) == len(asked)
    assert work["opened"] == 1
    needed = (10_000 - 8000) // 40 + (31_000 - 28_000) // 40  # from the key frame to the last one asked for
    assert work["packets"] <= needed + 4
    assert work["frames"] < 0.75 * work["packets"]
