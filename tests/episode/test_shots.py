from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmemo.episode.clock import StageClock
from mmemo.episode.faces import Detections
from mmemo.episode.sampling import SamplingSettings, sample_cues
from mmemo.episode.shots import (
    SHOT_COLUMNS,
    CueShots,
    Glance,
    ShotSettings,
    cue_shots,
    glance,
    is_same_shot,
    join_shots,
    likeness,
    moved_likeness,
    shot_numbers,
)
from mmemo.episode.tracks import LinkSettings, link_faces
from mmemo.episode.video import probe
from mmemo.errors import InputError
from tests.media import write_video

SETTINGS = ShotSettings()
WIDTH, HEIGHT = 320, 180


def scene(seed: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """(h, w) float32 grey levels of a place: soft shapes of one size, whatever the width."""
    cells = np.random.default_rng(seed).integers(20, 236, (max(2, height // 30), max(2, width // 32)), np.uint8)
    return np.asarray(Image.fromarray(cells).resize((width, height), Image.Resampling.BICUBIC), np.float32)


def film(frames: Sequence[np.ndarray], seed: int = 0) -> list[np.ndarray]:
    """uint8 frames with grain."""
    rng = np.random.default_rng(seed)
    return [np.clip(frame + rng.normal(0, 3, frame.shape), 0, 255).astype(np.uint8) for frame in frames]


def numbers(frames: Sequence[np.ndarray]) -> list[int]:
    return shot_numbers([glance(frame) for frame in film(frames)], SETTINGS)


def blend(a: np.ndarray, b: np.ndarray, steps: int) -> list[np.ndarray]:
    return [a + (b - a) * (i + 1) / (steps + 1) for i in range(steps)]


def pan(seed: int, steps: int, stride_px: int) -> list[np.ndarray]:
    wide = scene(seed, WIDTH + steps * stride_px)
    return [wide[:, i * stride_px : i * stride_px + WIDTH] for i in range(steps)]


@pytest.mark.parametrize("seed", range(8))
def test_a_hard_cut_is_found_where_it_is(seed: int) -> None:
    frames = [scene(seed)] * 4 + [scene(seed + 100)] * 4
    assert numbers(frames) == [0] * 4 + [1] * 4


@pytest.mark.parametrize("seed", range(8))
def test_a_cut_between_shots_of_one_light_is_found(seed: int) -> None:
    before = scene(seed)
    after = before[::-1, ::-1]  # the very same grey levels
    assert numbers([before] * 3 + [after] * 3) == [0] * 3 + [1] * 3


@pytest.mark.parametrize("stride_px", [10, 40, 80])
def test_a_moving_camera_is_no_cut(stride_px: int) -> None:
    assert max(numbers(pan(3, 10, stride_px))) == 0


def test_a_slow_zoom_is_no_cut() -> None:
    wide = Image.fromarray(scene(5).astype(np.uint8))
    frames = []
    for i in range(12):
        cut = (4 * i, 2.25 * i, WIDTH - 4 * i, HEIGHT - 2.25 * i)
        frames.append(np.asarray(wide.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, box=cut), np.float32))
    assert max(numbers(frames)) == 0


@pytest.mark.parametrize("light", [lambda f: f * 0.3 + 178, lambda f: f * 0 + 255, lambda f: f * 0])
def test_a_flash_is_no_cut(light) -> None:  # type: ignore[no-untyped-def]
    here = scene(1)
    assert max(numbers([here] * 4 + [light(here)] + [here] * 4)) == 0
    assert max(numbers([here] * 4 + [light(here)] * 2 + [here] * 4)) == 0


def test_somebody_who_passes_before_the_camera_is_no_cut() -> None:
    here = scene(1)
    assert max(numbers([here] * 4 + [scene(77)] + [here] * 4)) == 0


def test_the_light_goes_down_and_up_again() -> None:
    here = scene(2)
    assert max(numbers([here * k for k in (1, 0.8, 0.6, 0.4, 0.6, 1)])) == 0


@pytest.mark.parametrize("steps", [3, 4, 7, 10])
def test_a_dissolve_is_one_cut_near_its_middle(steps: int) -> None:
    a, b = scene(11), scene(12)
    found = numbers([a] * 6 + blend(a, b, steps) + [b] * 6)
    assert max(found) == 1
    assert 6 <= found.index(1) <= 6 + steps


def test_a_fade_through_black_is_a_cut() -> None:
    a, b, black = scene(21), scene(22), np.zeros((HEIGHT, WIDTH), np.float32)
    found = numbers([a] * 4 + blend(a, black, 3) + [black] * 3 + blend(black, b, 3) + [b] * 4)
    assert found[0] == 0
    assert found[-1] == 1
    assert len(set(found[:4])) == len(set(found[-4:])) == 1


def test_few_or_no_frames() -> None:
    assert shot_numbers([], SETTINGS) == []
    assert numbers([scene(1)]) == [0]
    assert numbers([np.zeros((HEIGHT, WIDTH), np.float32)] * 3) == [0, 0, 0]


def test_cuts_of_the_drawn_film_are_found_without_a_false_one() -> None:
    from mmemo.datasets.drawn.film import frame_at
    from mmemo.datasets.drawn.shots import FRAME_MS, Actor, Shot, Timeline

    views = ["stage", "foyer", "workshop", "lighthouse", "stage", "quay"]
    names = ["Felix", "Nora", "Viktor", "Jonah", "Nora", "Felix"]
    shots = [Shot(640, (Actor(name),), (name,), view) for name, view in zip(names, views, strict=True)]
    timeline = Timeline(shots, seed=3, size_px=(WIDTH, HEIGHT))
    greys = [
        np.asarray(Image.fromarray(frame_at(timeline, frame)).convert("L")) for frame in range(timeline.frame_count)
    ]
    found = shot_numbers([glance(grey) for grey in greys], SETTINGS)
    assert found == [frame // (640 // FRAME_MS) for frame in range(timeline.frame_count)]


def test_no_track_crosses_a_cut() -> None:
    """The same face in the same place, in generated clips with every kind of change of the picture."""
    for seed in range(12):
        clip, truth = _clip(seed)
        greys = film(clip, seed)
        shots = shot_numbers([glance(grey) for grey in greys], SETTINGS)
        pictures = [np.repeat(grey[..., None], 3, axis=2) for grey in greys]
        frames = [(125 * i, _face_in_the_middle()) for i in range(len(clip))]
        for track in link_faces(frames, shots, pictures, LinkSettings()):
            seen = {truth[face.frame_index] for face in track.faces}
            assert len(seen - {None}) <= 1, f"clip {seed}: one track in the shots {seen}"


@pytest.mark.slow
def test_no_track_crosses_a_cut_of_an_encoded_video(tmp_path: Path) -> None:
    """The same through H.264 and the sampling of the cut, 25 frames a second."""
    for seed in (3, 7, 9):
        clip, truth = _clip(seed)
        frames = [grey for grey in film(clip, seed) for _ in range(3)]
        path = write_video(tmp_path / f"{seed}.mp4", [np.repeat(frame[..., None], 3, axis=2) for frame in frames])
        settings = SamplingSettings(face_frames=12, motion_fps=12, max_motion_frames=200)
        (cue,) = sample_cues(probe(path), [(0, 0, 40 * len(frames))], settings, threads=1, clock=StageClock())
        shots = shot_numbers([glance(grey) for grey in cue.greys], SETTINGS)
        found = [(time_ms, _face_in_the_middle()) for time_ms in cue.face_times_ms]
        tracks = link_faces(found, [shots[i] for i in cue.face_indices], cue.face_pictures, LinkSettings())
        assert sum(len(track.faces) for track in tracks) == len(cue.face_pictures) == 12
        for track in tracks:
            seen = {truth[min(face.frame_ms // 120, len(truth) - 1)] for face in track.faces}
            assert len(seen - {None}) <= 1, f"clip {seed}: one track in the shots {seen}"


def _face_in_the_middle() -> Detections:
    box = np.array([[120, 50, 200, 130]], np.float32)
    return Detections(box, np.ones(1, np.float32), np.full((1, 5, 2), 90, np.float32))


def _clip(seed: int) -> tuple[list[np.ndarray], list[int | None]]:
    """Frames, and the shot of each; None inside a transition, where both are to be seen."""
    rng = np.random.default_rng(seed)
    frames: list[np.ndarray] = []
    truth: list[int | None] = []
    for shot in range(4):
        place = 1000 * seed + 10 * shot
        part = pan(place, 9, int(rng.integers(0, 60))) if rng.random() < 0.5 else [scene(place)] * 9
        if rng.random() < 0.3:
            part = [*part[:4], part[4] * 0.2 + 200, *part[5:]]
        if frames and rng.random() < 0.5:
            middle = blend(frames[-1], part[0], int(rng.integers(2, 8)))
            frames += middle
            truth += [None] * len(middle)
        frames += part
        truth += [shot] * len(part)
    return frames, truth


def test_likeness_of_flat_and_moved_pictures() -> None:
    flat, other = np.full((18, 32), 7.0), np.full((18, 32), 90.0)
    assert (likeness(flat, flat), likeness(flat, other)) == (1.0, 0.0)
    here = glance(scene(4).astype(np.uint8)).thumbnail
    assert likeness(here, here) == pytest.approx(1.0)
    assert likeness(here, -here) == pytest.approx(-1.0)
    moved = glance(np.roll(scene(4), 60, axis=1).astype(np.uint8)).thumbnail
    assert moved_likeness(here, moved) > 0.95 > likeness(here, moved)
    assert moved_likeness(flat, flat) == -1.0  # nothing to be seen


def look(seed: int) -> Glance:
    return glance(film([scene(seed)])[0])


def cue(times: Sequence[int], shots: Sequence[int], first: int, last: int) -> CueShots:
    return cue_shots(times, shots, look(first), look(last))


def rows(cues: Sequence[CueShots]) -> list[tuple[int, ...]]:
    table = join_shots(cues, SETTINGS).table
    assert tuple(table.columns) == SHOT_COLUMNS
    return [tuple(int(v) for v in row) for row in table.itertuples(index=False)]


def test_neighbours_that_look_alike_are_one_shot() -> None:
    cues = [cue([0, 500, 1000], [0, 0, 1], 1, 2), cue([1500, 2000], [0, 0], 2, 2), cue([2600, 3000], [0, 0], 3, 3)]
    joined = join_shots(cues, SETTINGS)
    assert joined.ids == [[1, 2], [2], [3]]
    assert rows(cues) == [(1, 0, 500), (2, 1000, 2000), (3, 2600, 3000)]
    assert [str(kind) for kind in joined.table.dtypes] == ["int32", "int64", "int64"]


def test_after_a_long_gap_a_new_shot_begins() -> None:
    assert rows([cue([0, 500], [0, 0], 1, 1), cue([2501, 3000], [0, 0], 1, 1)]) == [(1, 0, 500), (2, 2501, 3000)]


def test_cues_at_the_same_time_share_their_shots() -> None:
    cues = [cue([0, 400, 800, 1200], [0, 0, 1, 1], 1, 2), cue([300, 700, 1100, 1500], [0, 0, 1, 1], 1, 2)]
    assert join_shots(cues, SETTINGS).ids == [[1, 2], [1, 2]]
    assert rows(cues) == [(1, 0, 700), (2, 800, 1500)]


def test_a_cue_inside_a_longer_one() -> None:
    cues = [cue([0, 1000, 2000, 3000], [0, 0, 1, 1], 1, 2), cue([100, 500], [0, 0], 1, 1), cue([3200], [0], 2, 2)]
    assert join_shots(cues, SETTINGS).ids == [[1, 2], [1], [2]]


def test_faces_on_both_sides_of_a_cut_never_share_a_shot() -> None:
    rng = np.random.default_rng(5)
    cues = []
    for start in range(0, 20_000, 1500):
        times = [start + 130 * i for i in range(int(rng.integers(2, 15)))]
        cues.append(cue(times, np.cumsum(rng.random(len(times)) < 0.2).tolist(), 1, 1))
    cues = [CueShots(c.times_ms, c.numbers - c.numbers[0], c.first, c.last) for c in cues]
    joined = join_shots(cues, SETTINGS)
    for part, ids in zip(cues, joined.ids, strict=True):
        assert ids == sorted(set(ids)) and len(ids) == max(part.numbers) + 1
    assert joined.table["shot_id"].tolist() == list(range(1, len(joined.table) + 1))
    for before, after in pairwise(joined.table.itertuples()):
        assert before.end_ms < after.start_ms


def test_no_cue_no_shot() -> None:
    joined = join_shots([], SETTINGS)
    assert joined.ids == []
    assert joined.table.empty
    assert tuple(joined.table.columns) == SHOT_COLUMNS


def test_same_shot_of_two_glances() -> None:
    assert is_same_shot(look(1), look(1), SETTINGS)
    assert not is_same_shot(look(1), look(2), SETTINGS)


@pytest.mark.parametrize("values", [{"max_histogram_change": 1.0}, {"min_likeness": 0.0}, {"max_gap_ms": -1}])
def test_settings_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(InputError):
        ShotSettings(**values)
