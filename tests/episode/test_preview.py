"""Clips of single lines: their length, sound and size, and what is told when there is nothing to cut."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from mmemo.datasets.drawn import Actor, Shot
from mmemo.datasets.drawn import write_clip as draw_clip
from mmemo.episode.preview import write_clip
from mmemo.errors import InputError


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "a film.mp4"
    draw_clip(path, [Shot(1600, (Actor("Nora", "joy"),), voices=("Nora",))], size_px=(320, 180))
    return path


def test_a_clip_is_short_has_sound_and_plays_in_browsers(film: Path, tmp_path: Path) -> None:
    write_clip(film, 400, 1200, tmp_path / "line.mp4")
    with av.open(str(tmp_path / "line.mp4")) as made:
        assert {s.type: s.codec_context.name for s in made.streams} == {"video": "h264", "audio": "aac"}
        assert made.duration is not None and abs(made.duration / 1e6 - 0.8) < 0.2
    assert [p.name for p in tmp_path.iterdir()] == ["line.mp4"]


def test_a_clip_ends_with_the_video(film: Path, tmp_path: Path) -> None:
    write_clip(film, 1200, 9000, tmp_path / "line.mp4")
    with av.open(str(tmp_path / "line.mp4")) as made:
        assert made.duration is not None and made.duration / 1e6 < 0.7


def test_a_line_past_the_end_and_a_file_that_is_no_video_are_told(film: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="ends before"):
        write_clip(film, 60_000, 61_000, tmp_path / "line.mp4")
    (tmp_path / "letter.mp4").write_text("Dear Sir")
    with pytest.raises(InputError, match="cannot be read"):
        write_clip(tmp_path / "letter.mp4", 0, 1000, tmp_path / "line.mp4")
