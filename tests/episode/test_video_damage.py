"""Files with random damage give frames, or a clear refusal, and never anything else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mmemo.episode.video import Pictures, frames_at, probe
from mmemo.errors import InputError
from tests.media import read_counter, run_ffmpeg, write_counter_video

H264 = {"g": "30", "bf": "3", "preset": "fast", "crf": "22"}
FILES = [
    ("a.mp4", "libx264", H264),
    ("a.mkv", "libx264", H264),
    ("a.ts", "libx264", H264),
    ("hevc.mp4", "libx265", {"preset": "ultrafast", "x265-params": "keyint=30:log-level=none"}),
    ("vp9.webm", "libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "g": "30"}),
    ("mpeg4.avi", "mpeg4", {"g": "30"}),
]


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Some bytes changed, left out or put in."""
    broken = bytearray(data)
    for _ in range(chance.choice([1, 3, 20, 200])):
        place = chance.randrange(len(broken))
        what = chance.randrange(3)
        if what == 0:
            broken[place] = chance.randrange(256)
        elif what == 1:
            del broken[place : place + chance.randrange(200)]
        else:
            broken[place:place] = chance.randbytes(chance.randrange(50))
    return bytes(broken)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "codec", "options"), FILES)
def test_damage_is_survived(tmp_path: Path, name: str, codec: str, options: dict[str, str]) -> None:
    whole = write_counter_video(tmp_path / name, 120, codec=codec, options=options).read_bytes()
    chance = random.Random(name)
    path = tmp_path / f"broken-{name}"
    read = refused = 0
    for _ in range(150):
        path.write_bytes(damaged(whole, chance))
        asked = sorted(chance.randrange(6000) for _ in range(30))
        try:
            pictures = Pictures(probe(path).pixel_aspect)
            shown = list(frames_at(path, asked))
        except InputError:
            refused += 1
            continue
        read += 1
        assert [frame.asked_ms for frame in shown] == sorted(frame.asked_ms for frame in shown)
        assert all(pictures.rgb(frame.frame).ndim == 3 for frame in shown)
    assert read > 0
    assert read + refused == 150


@pytest.mark.slow
def test_a_stream_that_begins_in_the_middle_of_a_recording(tmp_path: Path) -> None:
    silent = write_counter_video(tmp_path / "a.ts", 500, options=H264)
    spoken = tmp_path / "b.ts"
    run_ffmpeg(
        *("-i", silent, "-f", "lavfi", "-t", "20", "-i", "sine", "-c:v", "copy", "-c:a", "aac"),
        *("-output_ts_offset", "20", "-mpegts_start_pid", "0x100", spoken),
    )
    (tmp_path / "both.ts").write_bytes(silent.read_bytes() + spoken.read_bytes())
    pictures = Pictures()
    found = {s.asked_ms: read_counter(pictures.rgb(s.frame)) for s in frames_at(tmp_path / "both.ts", [0, 2000, 19000])}
    assert found == {0: 0, 2000: 50, 19000: 475}
    later = list(frames_at(tmp_path / "both.ts", [26000, 38000]))
    assert len(later) == 2
