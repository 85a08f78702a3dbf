"""From a picture to the opinions on its faces; which student answers; many pictures; the command."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmemo.datasets.drawn.characters import CAST
from mmemo.datasets.drawn.portrait import draw_face
from mmemo.errors import InputError, StorageError
from mmemo.flow.prediction.predict import (
    FacePrediction,
    Predictors,
    PredictSettings,
    load_predictors,
    predict_files,
    predict_image,
    predict_images,
    reading_order,
)
from mmemo.flow.runs.promotion import promote
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.store.workspace import Workspace
from mmemo.student.backbones import load_backbone
from mmemo.student.model import save_weights
from pipelines.predict import predict


def drawn(name: str = "Nora", label: str = "joy", size_px: int = 240) -> np.ndarray:
    return draw_face(CAST[name], label, 1.0, np.random.default_rng(7), size_px)


def save_run(workspace: Workspace, run_id: str, favourite: str, *, tuned: bool = False) -> None:
    """A student that always says one label; `tuned`: with weights of its own in place of the baseline's."""
    folder = workspace.run_folder(run_id)
    folder.mkdir(parents=True)
    bias = np.zeros(len(EKMAN7), np.float32)
    bias[EKMAN7.index(favourite)] = 20
    tensors = {"head.weight": np.zeros((len(EKMAN7), 1280), np.float32), "head.bias": bias}
    if tuned:
        state = load_backbone("embedded").module.state_dict()
        tensors |= {f"backbone.{name}": value.numpy() for name, value in state.items()}
        tensors["backbone.conv_stem.weight"] = tensors["backbone.conv_stem.weight"] * np.float32(0.9)
    save_weights(folder, tensors)
    (folder / "config.json").write_text(json.dumps({"train": {"backbone": "embedded"}}))


def save_picture(path: Path, pixels: np.ndarray) -> Path:
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def alone(workspace: Workspace) -> Predictors:
    return load_predictors(workspace, None)


def test_a_picture_without_a_face(alone: Predictors):
    assert predict_image(np.full((120, 160, 3), 90, np.uint8), alone) == []


@pytest.mark.parametrize("shape", [(1, 1), (5, 700), (700, 5)])
def test_a_picture_too_small_for_a_face(alone: Predictors, shape: tuple[int, int]):
    assert predict_image(np.zeros((*shape, 3), np.uint8), alone) == []


def test_one_face_without_a_student(alone: Predictors):
    picture = drawn()
    (face,) = predict_image(picture, alone)
    x1, y1, x2, y2 = face.box_xyxy_px
    assert 0 <= x1 < 120 < x2 <= 240 and 0 <= y1 < 120 < y2 <= 240
    assert 0.9 <= face.detection_prob <= 1
    assert tuple(face.image_only) == EKMAN7.labels
    assert sum(face.image_only.values()) == pytest.approx(1, abs=1e-4)
    assert face.student is None


def test_every_face_of_a_picture_from_left_to_right(alone: Predictors):
    picture = np.hstack([drawn("Nora"), drawn("Felix", "anger"), drawn("Mei", "sadness")])
    faces = predict_image(picture, alone)
    middles = [float(face.box_xyxy_px[[0, 2]].mean()) for face in faces]
    assert [round(middle / 240 - 0.5) for middle in middles] == [0, 1, 2]


def test_faces_are_numbered_as_people_read():
    boxes = np.array(
        [[300, 20, 400, 120], [10, 210, 110, 310], [20, 0, 120, 100], [160, 40, 260, 140], [200, 200, 320, 320]],
        np.float32,
    )
    assert reading_order(boxes) == [2, 3, 0, 1, 4]
    standing = np.array([[300, 0, 400, 100], [10, 60, 110, 160], [160, 90, 260, 190]], np.float32)
    assert reading_order(standing) == [1, 2, 0], "who sits beside somebody who stands is in the same line"
    assert reading_order(boxes[:0]) == []
    assert reading_order(np.zeros((2, 4), np.float32)) == [0, 1], "boxes without a size end"


def test_pictures_together_are_read_as_each_alone(alone: Predictors):
    pictures = [drawn(), np.full((120, 160, 3), 90, np.uint8), np.hstack([drawn("Felix", "anger"), drawn("Mei")])]
    together = predict_images(pictures, alone)
    assert [len(faces) for faces in together] == [1, 0, 2]
    for picture, faces in zip(pictures, together, strict=True):
        for face, single in zip(faces, predict_image(picture, alone), strict=True):
            assert np.allclose(face.box_xyxy_px, single.box_xyxy_px, atol=0.5)
            assert face.image_only == pytest.approx(single.image_only, abs=0.02)
    assert predict_images([], alone) == []


def test_a_student_on_the_network_of_the_baseline_reads_no_face_twice(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
):
    save_run(workspace, "head", "fear")
    save_run(workspace, "tuned", "joy", tuned=True)
    shared, own = load_predictors(workspace, "head"), load_predictors(workspace, "tuned")
    assert shared.one_network and not own.one_network
    for models in (shared, own):
        (face,) = predict_image(drawn(), models)
        assert face.student is not None and face.crop is not None and models.student is not None
        expected = models.student.probs([face.crop])[0]
        assert [*face.student.values()] == pytest.approx(expected.tolist(), abs=1e-3)


def test_a_box_stays_inside_the_picture(alone: Predictors):
    picture = drawn()[:, 60:]
    for face in predict_image(picture, alone):
        assert (face.box_xyxy_px >= 0).all()
        assert (face.box_xyxy_px <= [180, 240, 180, 240]).all()


def test_the_student_answers_beside_the_baseline(workspace: Workspace, alone: Predictors):
    save_run(workspace, "always-fear", "fear")
    models = load_predictors(workspace, "always-fear")
    (face,) = predict_image(drawn(), models)
    assert face.student is not None and face.student["fear"] > 0.99
    assert face.image_only == pytest.approx(predict_image(drawn(), alone)[0].image_only)


def test_models_are_loaded_once_until_the_run_changes(workspace: Workspace):
    import os

    save_run(workspace, "a", "joy")
    first = load_predictors(workspace, "a")
    assert load_predictors(workspace, "a") is first
    assert load_predictors(workspace, None) is load_predictors(workspace, None)
    os.utime(workspace.run_folder("a") / "config.json", ns=(1, 1))
    assert load_predictors(workspace, "a") is not first


def test_runs_of_one_name_in_two_workspaces_are_two(tmp_path: Path):
    for name, favourite in (("one", "joy"), ("two", "anger")):
        save_run(Workspace(tmp_path / name), "run", favourite)
    for name, favourite in (("one", "joy"), ("two", "anger")):
        (face,) = predict_image(drawn(), load_predictors(Workspace(tmp_path / name), "run"))
        assert face.student is not None and face.student[favourite] > 0.99


def test_an_unknown_or_damaged_run_says_so(workspace: Workspace):
    with pytest.raises(InputError, match="none yet"):
        load_predictors(workspace, "nothing")
    save_run(workspace, "known", "joy")
    with pytest.raises(InputError, match="known runs: known"):
        load_predictors(workspace, "nothing")
    with pytest.raises(InputError, match="no run id"):
        load_predictors(workspace, "../known")
    (workspace.run_folder("known") / "weights.safetensors").write_bytes(b"")
    with pytest.raises(StorageError, match="damaged"):
        load_predictors(workspace, "known")


def test_threads_get_the_same_answers(alone: Predictors):
    pictures = [drawn("Nora"), drawn("Felix", "anger")]
    expected = [predict_image(picture, alone)[0].image_only for picture in pictures]
    found: list[list[FacePrediction]] = [[] for _ in range(4)]

    def work(i: int) -> None:
        found[i] = predict_image(pictures[i % 2], alone)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, faces in enumerate(found):
        assert faces[0].image_only == pytest.approx(expected[i % 2])


def test_files_are_predicted_in_order(workspace: Workspace, tmp_path: Path):
    face = save_picture(tmp_path / "face.png", drawn())
    plain = save_picture(tmp_path / "plain.png", np.zeros((64, 64, 3), np.uint8))
    found = run(predict_files(workspace, [plain, face, plain], PredictSettings()))
    assert [(p.image, len(p.faces)) for p in found] == [(plain, 0), (face, 1), (plain, 0)]


def test_the_newest_promoted_run_answers_unless_one_is_named(workspace: Workspace, tmp_path: Path):
    import os

    for age, (run_id, favourite) in enumerate((("old", "anger"), ("new", "joy"))):
        save_run(workspace, run_id, favourite)
        os.utime(workspace.run_folder(run_id) / "config.json", (age + 1, age + 1))
        promote(workspace, run_id)
    save_run(workspace, "unproven", "fear")
    face = save_picture(tmp_path / "face.png", drawn())
    for run_id, favourite in ((None, "joy"), ("old", "anger")):
        (found,) = run(predict_files(workspace, [face], PredictSettings(run_id)))
        assert found.faces[0].student is not None and found.faces[0].student[favourite] > 0.99


def test_a_bad_file_among_good_ones_stops_before_the_first_prediction(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        "mmemo.flow.prediction.predict.predict_image", lambda *_: pytest.fail("nothing may be predicted")
    )
    good = save_picture(tmp_path / "good.png", drawn(size_px=64))
    (tmp_path / "bad.png").write_bytes(b"bad")
    with pytest.raises(InputError, match=r"bad\.png is no picture"):
        run(predict_files(workspace, [good, tmp_path / "bad.png"], PredictSettings()))
    assert not workspace.root.exists()


def test_the_limit_of_pictures_holds_for_all_files_together(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(
        "mmemo.flow.prediction.predict.predict_image", lambda *_: pytest.fail("nothing may be predicted")
    )
    small = save_picture(tmp_path / "small.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(InputError, match="more than 60 pictures"):
        run(predict_files(workspace, [small] * 61, PredictSettings()))


def test_no_file_at_all_is_refused(workspace: Workspace):
    with pytest.raises(InputError, match="at least one"):
        run(predict_files(workspace, [], PredictSettings()))


def test_the_command_prints_json_as_the_contract_says(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    face = save_picture(tmp_path / "face.png", drawn())
    plain = save_picture(tmp_path / "plain.png", np.zeros((64, 64, 3), np.uint8))
    predict([face, plain], None, workspace.root, True)
    out, err = capsys.readouterr()
    first, second = json.loads(out.splitlines()[-1])
    assert first["image"] == str(face) and second == {"image": str(plain), "faces": []}
    (found,) = first["faces"]
    assert list(found) == ["box_xyxy_px", "detection_prob", "image_only", "student", "number"] and found["number"] == 1
    assert len(found["box_xyxy_px"]) == 4 and list(found["image_only"]) == list(EKMAN7.labels)
    assert found["student"] is None
    assert "only the baseline answers" in err and f"{plain}: no face found" in err


def test_the_command_prints_a_table_for_people(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    save_run(workspace, "always-disgust", "disgust")
    promote(workspace, "always-disgust")
    face = save_picture(tmp_path / "face.png", drawn())
    predict([face], None, workspace.root, False)
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == f"{face}: 1 face"
    assert lines[1].split() == list(EKMAN7.labels)
    assert lines[3].split()[0] == "image-only" and lines[4].split()[0] == "student"
    assert lines[4].split()[-1] == "1.00"
    assert "only the baseline" not in err
    assert "student: always-disgust, chosen by default: a person promoted it" in err
    predict([face], "always-disgust", workspace.root, False)
    assert "student: always-disgust, as asked" in capsys.readouterr().err


def test_a_student_that_is_not_promoted_is_told_and_not_used(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    save_run(workspace, "unproven", "fear")
    promote(workspace, "unproven", False)
    face = save_picture(tmp_path / "face.png", drawn())
    predict([face], None, workspace.root, True)
    out, err = capsys.readouterr()
    assert json.loads(out.splitlines()[-1])[0]["faces"][0]["student"] is None
    assert "promoted: only the baseline answers" in err and "--run unproven" in err and "took it back" in err
    predict([face], "unproven", workspace.root, True)
    out, _ = capsys.readouterr()
    assert json.loads(out.splitlines()[-1])[0]["faces"][0]["student"]["fear"] > 0.99
