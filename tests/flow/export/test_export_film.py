"""The annotated film: as long as the episode, with boxes in it; cancelled in the middle it leaves nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mmemo.episode.video import probe
from mmemo.flow.export.content import gather_content
from mmemo.flow.export.stage import ExportSettings, export_episode, exports_folder
from mmemo.progress import run
from mmemo.store.export.film import FILM_FILE, _Track, _tracks, drawn
from mmemo.store.export.line_moods import line_moods
from tests.ui.made import EPISODE_ID, RUN_IDS, ready_workspace

pytestmark = pytest.mark.slow


def test_a_film_with_boxes_and_nothing_half_after_cancelling(tmp_path: Path):
    ready = ready_workspace(tmp_path / "workspace", tracks=4)
    video = probe(Path(ready.episode(EPISODE_ID).video))
    made = run(export_episode(ready, ExportSettings("film")))
    film = probe(made.folder / FILM_FILE)
    assert (film.width_px, film.height_px) == (video.width_px, video.height_px)
    assert abs(film.duration_ms - video.duration_ms) <= 1000
    assert sorted(p.name for p in made.folder.iterdir()) == ["DATASHEET.md", FILM_FILE, "datasheet.json"]
    content = gather_content(ready, EPISODE_ID, RUN_IDS[0])
    frame = np.full((120, 160, 3), 90, np.uint8)
    lines, tracks = line_moods(content), _tracks(content)
    assert not np.array_equal(drawn(frame, 800, (160, 120), lines, tracks), frame)
    assert np.array_equal(drawn(frame, 1_900, (160, 120), lines, tracks), frame)  # nobody speaks
    before = {*exports_folder(ready, EPISODE_ID).iterdir()}
    stage = export_episode(ready, ExportSettings("film"))
    next(each for each in stage if each.stage == "draw film" and each.done > 0)
    stage.close()
    assert {*exports_folder(ready, EPISODE_ID).iterdir()} == before


def test_boxes_of_a_film_with_wide_pixels_stand_where_the_faces_are():
    stored, shown = np.full((90, 120, 3), 90, np.uint8), (160, 90)
    track = _Track(1, np.array([500.0]), np.array([[80.0, 10.0, 120.0, 50.0]]), None)
    picture = drawn(stored, 500, shown, [], [track])
    assert picture.shape == (90, 160, 3)
    marked = np.argwhere((picture != 90).any(axis=2))
    assert marked.min(axis=0).tolist() == [10, 80] and marked.max(axis=0).tolist() == [50, 120]
