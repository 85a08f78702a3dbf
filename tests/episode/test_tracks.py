from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from mmemo.episode.faces import Detections, no_faces
from mmemo.episode.tracks import LinkSettings, Track, link_faces, look_likeness, look_of, overlap
from mmemo.errors import InputError

SETTINGS = LinkSettings()
# Hair, skin, clothes.
ANN = ((60, 30, 20), (230, 190, 160), (30, 60, 140))
BEN = ((200, 170, 60), (150, 100, 70), (160, 30, 30))
CID = ((20, 20, 20), (120, 80, 60), (60, 150, 70))
Person = tuple[tuple[int, int, int], ...]


def found(*lefts: float, size: float = 100.0, top: float = 100.0) -> Detections:
    boxes = np.array([[x, top, x + size, top + size] for x in lefts], np.float32).reshape(-1, 4)
    parts = [(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)]
    points = np.array([[[x + dx * size, top + dy * size] for dx, dy in parts] for x in lefts], np.float32)
    return Detections(boxes, np.full(len(lefts), 0.99, np.float32), points.reshape(-1, 5, 2))


def picture(*people: tuple[float, Person], size: float = 100.0, light: float = 1.0, seed: int = 0) -> np.ndarray:
    """Drawn people whose faces are at the given lefts, with some noise."""
    image = Image.new("RGB", (960, 320), (110, 115, 120))
    draw = ImageDraw.Draw(image)
    for left, (hair, skin, clothes) in people:
        draw.rectangle((left - 0.3 * size, 100 + size, left + 1.3 * size, 320), fill=clothes)
        draw.ellipse((left - 0.2 * size, 100 - 0.25 * size, left + 1.2 * size, 100 + 0.8 * size), fill=hair)
        draw.ellipse((left, 100, left + size, 100 + size), fill=skin)
    noise = np.random.default_rng(seed).normal(0, 6, (320, 960, 3))
    return np.clip(np.asarray(image) * light + noise, 0, 255).astype(np.uint8)


def lefts(tracks: list[Track]) -> list[list[int]]:
    return [[round(float(face.box[0])) for face in track.faces] for track in tracks]


def test_overlap() -> None:
    a, b = found(0).boxes, found(50, 100, 0).boxes
    assert overlap(a, b) == pytest.approx(np.array([[1 / 3, 0, 1]]))
    assert overlap(a[:0], b).shape == (0, 3)


def test_two_people_keep_their_tracks_when_the_order_changes() -> None:
    frames = [(0, found(50, 400)), (500, found(410, 60)), (1000, found(70))]
    pictures = [picture((50, ANN), (400, BEN)), picture((410, BEN), (60, ANN), seed=1), picture((70, ANN), seed=2)]
    assert lefts(link_faces(frames, [0, 0, 0], pictures, SETTINGS)) == [[50, 60, 70], [400, 410]]


def test_a_track_ends_at_a_cut_and_survives_a_gap() -> None:
    ann = picture((50, ANN))
    assert len(link_faces([(0, found(50)), (500, found(50))], [0, 1], [ann, ann], SETTINGS)) == 2
    gap = [(0, found(50)), (500, no_faces()), (900, found(55))]
    assert len(link_faces(gap, [0, 0, 0], [ann, ann, ann], SETTINGS)) == 1
    assert link_faces([], [], [], SETTINGS) == []
    assert link_faces([(0, no_faces())], [0], [ann], SETTINGS) == []


def test_a_face_that_moves_fast_is_the_same_when_it_looks_alike() -> None:
    frames = [(0, found(50)), (500, found(250)), (1000, found(460))]
    pictures = [picture((left, ANN), seed=left) for left in (50, 250, 460)]
    assert lefts(link_faces(frames, [0, 0, 0], pictures, SETTINGS)) == [[50, 250, 460]]


def test_somebody_else_elsewhere_is_another_track() -> None:
    frames = [(0, found(50)), (500, found(250))]
    assert len(link_faces(frames, [0, 0], [picture((50, ANN)), picture((250, BEN))], SETTINGS)) == 2


def test_too_far_or_of_another_size_is_another_track() -> None:
    far = [(0, found(50)), (500, found(700))]
    assert len(link_faces(far, [0, 0], [picture((50, ANN)), picture((700, ANN))], SETTINGS)) == 2
    bigger = [(0, found(50, size=50)), (500, found(200, size=100))]
    pictures = [picture((50, ANN), size=50), picture((200, ANN))]
    assert len(link_faces(bigger, [0, 0], pictures, SETTINGS)) == 2


def test_faces_that_swap_places_keep_their_people() -> None:
    frames = [(0, found(50, 250)), (500, found(50, 250))]
    pictures = [picture((50, ANN), (250, BEN)), picture((50, BEN), (250, ANN), seed=1)]
    assert lefts(link_faces(frames, [0, 0], pictures, SETTINGS)) == [[50, 250], [250, 50]]


@pytest.mark.parametrize("other", [BEN, CID])
def test_another_face_in_the_same_place_starts_a_track(other: Person) -> None:
    frames = [(0, found(50)), (500, found(50)), (1000, found(50))]
    pictures = [picture((50, ANN)), picture((50, other), seed=1), picture((50, other), seed=2)]
    assert [len(track.faces) for track in link_faces(frames, [0, 0, 0], pictures, SETTINGS)] == [1, 2]


def test_a_lamp_changes_nobody() -> None:
    frames = [(0, found(50)), (500, found(50)), (1000, found(50))]
    pictures = [picture((50, ANN)), picture((50, ANN), light=0.5, seed=1), picture((50, ANN), light=0.8, seed=2)]
    assert len(link_faces(frames, [0, 0, 0], pictures, SETTINGS)) == 1


def test_a_look_at_the_edge_of_the_frame() -> None:
    frame = picture((900, ANN))
    half = look_of(frame, np.array([900, 100, 1000, 200], np.float32))
    assert half.shape == (512,)
    assert half.sum() == pytest.approx(1.0, abs=1e-5)
    outside = look_of(frame, np.array([2000, 100, 2100, 200], np.float32))
    assert outside.sum() == pytest.approx(1.0, abs=1e-5)
    assert look_likeness(half, half) == pytest.approx(1.0, abs=1e-5)
    black = look_of(np.zeros((40, 40, 3), np.uint8), np.array([5, 5, 30, 30], np.float32))
    assert np.isfinite(black).all()


def test_landmarks_between_two_detections() -> None:
    ann = picture((0, ANN))
    (track,) = link_faces([(1000, found(0)), (2000, found(40))], [0, 0], [ann, picture((40, ANN))], SETTINGS)
    left_eye = [float(track.landmarks_at(t)[0, 0]) for t in (0, 1000, 1500, 2000, 9000)]
    assert left_eye == pytest.approx([30, 30, 50, 70, 70])


@pytest.mark.parametrize(
    "values",
    [{"min_overlap": 0}, {"min_likeness": 0.9}, {"moved_likeness": 1.1}, {"max_distance": -1}, {"max_size_ratio": 0.5}],
)
def test_settings_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(InputError):
        LinkSettings(**values)
