"""A face and a typed line, weighed as a run weighed those of its show: with the image opinion that its lines preferred."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmemo.errors import InputError
from mmemo.flow.prediction.said_line import Predictions, SaidLine, predict_with_line, read_line, with_line
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.store.files import write_json, write_table
from mmemo.store.tables import with_probs
from mmemo.store.workspace import Workspace
from mmemo.student.fusion import fuse
from mmemo.student.targets import Opinions, calibrated_fusion
from tests.flow.prediction.test_files import face
from tests.flow.prediction.test_predict import drawn, save_picture

K = len(EKMAN7)


def said(rng: np.random.Generator, tracks: int = 30, told: int = 0) -> SaidLine:
    image, lines = (rng.dirichlet(np.ones(K), tracks).astype(np.float32) for _ in range(2))
    known = np.full(tracks, -1)
    known[:told] = rng.integers(0, K, told)
    evidence = rng.dirichlet(np.ones(K)).astype(np.float32)
    return SaidLine("Hello.", ("pilot",), evidence, evidence, image, lines, known)


@pytest.mark.parametrize("told", [0, 12])
def test_a_face_gets_the_target_that_the_recipe_would_give_it(told: int):
    line, new = said(np.random.default_rng(0), told=told), np.full((1, K), 1 / K, np.float32)
    image, lines = np.vstack([line.image, new]), np.vstack([line.lines, line.evidence[None]])
    even = np.full((K, K), 1 / K)
    opinions = Opinions(lines, image, np.append(line.known, -1), even, even, np.full(K, 1 / K), lines)
    assert np.allclose(line.with_faces(new)[0], calibrated_fusion(opinions).probs[-1], atol=1e-6)


def test_the_student_keeps_its_prior():
    line, face = replace(said(np.random.default_rng(3)), by_student=True), np.full((1, K), 1 / K, np.float32)
    image, lines = np.vstack([line.image, face]), np.vstack([line.lines, line.evidence[None]])
    expected = fuse(image, lines, np.append(line.known, -1), prior_removed=0.0)[0][-1]
    assert np.allclose(line.with_faces(face)[0], expected, atol=1e-6)
    assert not np.allclose(replace(line, by_student=False).with_faces(face)[0], expected, atol=1e-3)


@pytest.fixture
def show(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A run whose baseline always says joy and whose student fear, and a teacher that hears nothing in particular."""
    folder, even = workspace.run_folder("run"), np.full((3, K), 1 / K, np.float32)
    ids = pd.DataFrame({"episode_id": "pilot", "track_id": [1, 2, 3]})
    write_table(folder / "tracks.parquet", ids.assign(human=None))
    for name, label in (("image", "joy"), ("predictions", "fear")):
        write_table(folder / f"{name}.parquet", with_probs(ids, np.stack([sure_of(label)] * 3)))
    write_table(folder / "teacher.parquet", with_probs(ids, even))
    monkeypatch.setattr("mmemo.teacher.loading.load_teacher", lambda _: None)
    monkeypatch.setattr("mmemo.teacher.protocol.read_all", lambda *_: even[:1])
    monkeypatch.setattr("mmemo.flow.prediction.said_line.anchor_for", lambda *_: (Heard(), None))
    monkeypatch.setattr(Workspace, "episode_of_run", lambda *_: None)
    return workspace


class Heard:
    """Votes as evidence, as they are."""

    def evidence(self, votes: np.ndarray) -> np.ndarray:
        return votes


def sure_of(label: str) -> np.ndarray:
    probs = np.full(K, 0.01, np.float32)
    probs[EKMAN7.index(label)] = 1 - 0.01 * (K - 1)
    return probs


def say(workspace: Workspace, told: dict[str, object] | None, student_answers: bool = True) -> SaidLine:
    config = {"episodes": ["pilot"], "label": {}, "train": {"recipe": "best_witness", "anchor": "auto"}}
    write_json(workspace.run_folder("run") / "config.json", config | ({} if told is None else {"image_opinion": told}))
    return read_line(workspace, "run", "Hello.", student_answers=student_answers)


REFUTED = {"of": "students of the lines", "gain": 0.1, "standard_errors": 4.0}


def test_where_the_lines_refuted_the_baseline_the_student_is_asked(show: Workspace):
    line, one = say(show, REFUTED), face(student="surprise")
    assert line.by_student and "student's opinion" in line.why and "does not know" in line.why
    assert line.image[:, EKMAN7.index("fear")].min() > 0.9, "what students say of the show's faces"
    (fused,) = with_line([one], line)
    assert fused.first_choice == "surprise"
    told = Predictions("run", line, []).to_contract()
    assert told["line_weighed_with"] == "student" and Predictions(None, None, []).to_contract()["line"] is None


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (None, "did not ask"),
        ({"of": "baseline", "gain": None, "standard_errors": None}, "did not ask"),
        ({"of": "baseline", "gain": -0.1, "standard_errors": -2.0}, "do not prove that it is wrong"),
    ],
)
def test_otherwise_the_baseline_is_asked(show: Workspace, told: dict[str, object] | None, words: str):
    line = say(show, told)
    assert not line.by_student and "baseline's opinion" in line.why and words in line.why
    assert line.image[:, EKMAN7.index("joy")].min() > 0.9 and line.weighed_with == "image_only"


def test_a_student_that_does_not_answer_is_not_asked(show: Workspace):
    line = say(show, REFUTED, student_answers=False)
    assert not line.by_student and line.why.startswith("The student does not answer") and "does not know" in line.why
    assert with_line([face()], line)[0].with_line is not None


def test_faces_do_not_change_each_other():
    rng = np.random.default_rng(1)
    line, faces = said(rng), rng.dirichlet(np.ones(K), 3).astype(np.float32)
    together = line.with_faces(faces)
    assert np.allclose(together[1], line.with_faces(faces[1:2])[0]) and np.allclose(together.sum(1), 1, atol=1e-5)
    assert line.with_faces(faces[:0]).shape == (0, K)


def test_a_line_comes_and_goes():
    line = said(np.random.default_rng(2))
    (one,) = with_line([face()], line)
    assert one.with_line is not None and one.first_choice == max(one.with_line, key=lambda k: one.with_line[k])
    assert "with_line" in one.to_contract() and "with_line" not in face().to_contract()
    assert with_line([one], None)[0].with_line is None and with_line([], line) == []


def test_a_line_needs_a_show(workspace: Workspace, tmp_path: Path):
    path = save_picture(tmp_path / "face.png", drawn(size_px=64))
    with pytest.raises(InputError, match="as in a show"):
        run(predict_with_line(workspace, [path], None, "Hello."))
    assert run(predict_with_line(workspace, [path], None, "  ")).to_contract()["line"] is None
