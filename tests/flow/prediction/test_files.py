"""Numbered boxes that can be read on any picture, and the files that a prediction leaves."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmemo.errors import InputError
from mmemo.flow.prediction.files import boxes_names, faces_csv, save_predictions, with_boxes
from mmemo.flow.prediction.looked_at import painted
from mmemo.flow.prediction.predict import FacePrediction, ImagePrediction
from mmemo.flow.prediction.said_line import Predictions
from mmemo.labels import EKMAN7
from mmemo.store.workspace import Workspace
from pipelines.predict import predict
from tests.flow.prediction.test_predict import drawn, save_picture
from tests.ui.made import tiny_video


def face(x: float = 40, side: float = 60, student: str | None = None) -> FacePrediction:
    even = dict.fromkeys(EKMAN7.labels, 1 / 7)
    own = None if student is None else {label: 1.0 * (label == student) for label in EKMAN7.labels}
    return FacePrediction(np.array([x, 40, x + side, 40 + side], np.float32), 0.98, even, own)


@pytest.mark.parametrize("grey", [0, 127, 255])
def test_boxes_and_numbers_stand_out_from_any_ground(grey: int):
    picture = np.full((200, 300, 3), grey, np.uint8)
    seen = with_boxes(picture, [face(), face(150)])
    assert (picture == grey).all(), "the picture itself stays"
    for x in (40, 150):
        edge = seen[60:90, x - 2 : x + 8].astype(int)
        assert edge.max() >= 250 and edge.min() <= 50, "a frame has a bright and a dark line"
        tag = seen[10:40, x : x + 60].astype(int)
        assert tag.max() >= 250 and tag.min() <= 50


def test_a_box_at_the_edge_keeps_its_tag_inside():
    for box in ([0, 0, 30, 30], [270, 0, 300, 30], [0, 0, 1, 1], [290, 190, 300, 200]):
        one = FacePrediction(np.array(box, np.float32), 0.9, face().image_only, None)
        seen = with_boxes(np.full((200, 300, 3), 127, np.uint8), [one])
        assert seen.shape == (200, 300, 3) and seen.max() == 255
    assert (with_boxes(np.zeros((20, 20, 3), np.uint8), []) == 0).all()


def test_the_table_has_a_row_a_face_and_no_formula():
    told = faces_csv([ImagePrediction(Path("a/=1+1.png"), [face(student="joy"), face()], 1500)])
    rows = [*csv.DictReader(io.StringIO(told))]
    assert [row["face"] for row in rows] == ["1", "2"] and rows[0]["picture"] == "'=1+1.png"
    assert rows[0]["student_label"] == "joy" and rows[1]["student_label"] == "" and rows[0]["time_ms"] == "1500"
    assert sum(float(rows[0][f"image_only_{label}"]) for label in EKMAN7.labels) == pytest.approx(1, abs=1e-3)
    assert [*csv.DictReader(io.StringIO(faces_csv([])))] == []


def test_files_of_one_name_do_not_overwrite_each_other(tmp_path: Path):
    (tmp_path / "b").mkdir()
    for path in (tmp_path / "x.png", tmp_path / "b" / "x.png"):
        save_picture(path, drawn(size_px=80))
    pictures = [ImagePrediction(tmp_path / "x.png", [face(10, 20)]), ImagePrediction(tmp_path / "b" / "x.png", [])]
    save_predictions(tmp_path / "out", Predictions(None, None, pictures))
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "x-faces.jpg", "x-faces-2.jpg", "faces.csv", "faces.json", "faces.zip"
    }  # fmt: skip
    long = ImagePrediction(Path(f"{'ü' * 200}.mp4"), [], 1500)
    assert boxes_names([long])[0].endswith("ü-0001500ms-faces.jpg") and len(boxes_names([long])[0].encode()) < 200
    assert boxes_names([long, long])[1].endswith("-faces-2.jpg") and boxes_names([]) == []


@pytest.mark.parametrize("times_ms", [[700], [500, 1700], [500, 1500, 2500]])
def test_a_clip_that_changes_between_two_readings_is_told(tmp_path: Path, times_ms: list[int]):
    tiny_video(tmp_path / "clip.mp4", 2)
    pictures = [ImagePrediction(tmp_path / "clip.mp4", [], time_ms) for time_ms in times_ms]
    with pytest.raises(InputError, match=r"clip\.mp4 changed while it was read"):
        save_predictions(tmp_path / "out", Predictions(None, None, pictures))
    assert not (tmp_path / "out").exists()


def test_a_clip_that_is_given_twice_is_drawn_twice(tmp_path: Path):
    tiny_video(tmp_path / "clip.mp4", 2)
    pictures = [ImagePrediction(tmp_path / "clip.mp4", [], time_ms) for time_ms in (500, 1500)] * 2
    save_predictions(tmp_path / "out", Predictions(None, None, pictures))
    assert len([*(tmp_path / "out").glob("*.jpg")]) == 4


def test_the_command_saves_what_the_page_saves(workspace: Workspace, tmp_path: Path):
    path = save_picture(tmp_path / "face.png", drawn())
    predict([path], None, workspace.root, True, "", tmp_path / "out")
    told = json.loads((tmp_path / "out" / "faces.json").read_text())
    assert told["student_run"] is None and told["pictures"][0]["image"] == "face.png"
    with Image.open(tmp_path / "out" / "face-faces.jpg") as seen:
        assert seen.size == (240, 240)


def test_what_spoke_for_is_orange_and_what_spoke_against_is_blue():
    crop = np.full((50, 50, 3), 128, np.uint8)
    places = np.zeros((112, 112), np.float32)
    places[:40, :40], places[70:, 70:] = 0.4, -0.4
    seen = painted(crop, places).astype(int)
    assert seen[10, 10, 0] - seen[10, 10, 2] > 60 and seen[135, 135, 2] - seen[135, 135, 0] > 60
    assert np.ptp(seen[140, 5]) == 0, "elsewhere the face stays grey"
    faint = painted(crop, places / 100).astype(int)
    assert np.ptp(faint[10, 10]) < 15, "a tiny loss is no colour"
