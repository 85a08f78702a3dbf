from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from mmemo.store.workspace import Episode, Workspace
from mmemo.ui.episode.preview import playable, preview_folder
from tests.media import write_video


def episode(video: Path) -> Episode:
    return Episode("pilot", str(video), "", "0123456789abcdef", "0" * 16, 1000, "key")


def frames(n: int) -> list[np.ndarray]:
    return [np.full((64, 96, 3), 9 * i, np.uint8) for i in range(n)]


def test_an_mp4_is_given_as_it_is(workspace: Workspace, tmp_path: Path):
    video = write_video(tmp_path / "a.mp4", frames(5))
    shown = playable(workspace, episode(video))
    assert shown is not None
    assert shown.is_relative_to(preview_folder(workspace))
    assert shown.read_bytes() == video.read_bytes()


def test_a_matroska_file_is_repackaged_frame_by_frame(workspace: Workspace, tmp_path: Path):
    shown = playable(workspace, episode(write_video(tmp_path / "a.mkv", frames(12))))
    assert shown is not None
    with av.open(str(shown)) as container:
        assert "mp4" in container.format.name
        assert sum(1 for _ in container.decode(video=0)) == 12


@pytest.mark.parametrize("name", ["a.mkv", "gone.mp4"])
def test_what_no_browser_plays_or_is_gone_has_no_preview_and_leaves_nothing(
    workspace: Workspace, tmp_path: Path, name: str
):
    write_video(tmp_path / "a.mkv", frames(3), codec="mpeg4", options={})
    assert playable(workspace, episode(tmp_path / name)) is None
    assert [path for path in preview_folder(workspace).rglob("*") if path.is_file()] == []
