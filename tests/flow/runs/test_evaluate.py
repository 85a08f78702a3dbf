"""Evaluation: which gold counts, what the table holds, and what is told when there is none."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mmemo.errors import InputError, StorageError
from mmemo.flow.review.tracks import review_table, track_opinions
from mmemo.flow.runs.evaluate import EvaluateSettings, evaluate_run
from mmemo.flow.student.training import train_student
from mmemo.flow.teacher.label import LabelSettings
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.store.files import read_json, write_json
from mmemo.store.labels import FacePin, HumanLabel
from mmemo.store.workspace import SYNTHETIC_FILE, Workspace
from mmemo.student.settings import TrainSettings
from tests.flow.conftest import cut_again, write_gold
from tests.ui.made import EPISODE_ID, label_of

GOLD = {cue: label_of(cue) for cue in range(1, 41)}


@pytest.fixture
def ran(labelled: Workspace) -> Workspace:
    run(train_student(labelled, [EPISODE_ID], LabelSettings(), TrainSettings(epochs=2, folds=2)))
    return labelled


def test_the_table_has_every_rival_and_the_contracts_keys(ran, tmp_path):
    gold = write_gold(tmp_path / "gold.csv", ran, GOLD)
    result = run(evaluate_run(ran, EvaluateSettings(gold=gold)))
    said = json.loads(json.dumps(result.to_contract()))
    names = [row["name"] for row in said["comparison"]["rows"]]
    assert names == ["majority", "image_only", "teacher", "fused", "student", "gold_ceiling"]
    assert said["comparison"]["unit"] == "track"
    assert all(row["n"] == 40 and set(row["recall"]) == set(EKMAN7.labels) for row in said["comparison"]["rows"])
    assert {"accuracy", "accuracy_ci95", "macro_f1", "macro_f1_ci95", "proven"} <= set(said["comparison"]["gain"])
    assert said["report"] == str(result.report) and result.report.read_text().startswith("<!doctype html>")
    assert json.loads((result.report.parent / "comparison.json").read_text()) == said["comparison"]


def test_gold_is_kept_with_the_episode_and_used_again(ran, tmp_path):
    gold = write_gold(tmp_path / "gold.csv", ran, dict(list(GOLD.items())[:10]))
    first = run(evaluate_run(ran, EvaluateSettings(gold=gold)))
    gold.unlink()
    again = run(evaluate_run(ran, EvaluateSettings()))
    assert first.comparison is not None and again.comparison is not None
    assert again.to_contract()["comparison"] == first.to_contract()["comparison"]
    assert again.comparison.rows[0].scores.n == 10


def test_without_a_file_peoples_labels_are_the_gold(ran):
    store = ran.labels()
    for track in (1, 2, 3):
        store.add(HumanLabel(EPISODE_ID, track, track, label_of(track)))
    store.close()
    result = run(evaluate_run(ran, EvaluateSettings()))
    assert result.comparison is not None
    assert result.comparison.rows[0].scores.n == 3


def test_what_people_said_is_never_judged_by_itself(labelled):
    store = labelled.labels()
    for track in (1, 2, 3, 4):
        store.add(HumanLabel(EPISODE_ID, track, track, label_of(track)))
    store.close()
    run(train_student(labelled, [EPISODE_ID], LabelSettings(), TrainSettings(epochs=2, folds=2)))
    result = run(evaluate_run(labelled, EvaluateSettings()))
    assert result.comparison is not None and result.comparison.rows[0].scores.n == 4
    assert result.comparison.row("fused") is None, "their targets are the labels themselves"


def test_targets_that_people_gave_are_left_out_of_the_fused_row(labelled, tmp_path):
    store = labelled.labels()
    store.add(HumanLabel(EPISODE_ID, 1, 1, label_of(1)))
    store.close()
    run(train_student(labelled, [EPISODE_ID], LabelSettings(), TrainSettings(epochs=2, folds=2)))
    gold = write_gold(tmp_path / "gold.csv", labelled, GOLD)
    comparison = run(evaluate_run(labelled, EvaluateSettings(gold=gold))).comparison
    assert comparison is not None
    assert {row.name: row.scores.n for row in comparison.rows if row.scores.n != 40} == {"fused": 39}


def test_a_run_is_judged_on_the_cut_that_it_was_trained_on(ran, tmp_path):
    store = ran.labels()
    store.add(HumanLabel(EPISODE_ID, 3, 3, "disgust"))
    store.close()
    gold = write_gold(tmp_path / "gold.csv", ran, GOLD)
    before = run(evaluate_run(ran, EvaluateSettings(gold=gold)))
    table = review_table(ran, EPISODE_ID, before.run_id)
    cut_again(ran)
    after = run(evaluate_run(ran, EvaluateSettings()))
    assert after.to_contract()["comparison"] == before.to_contract()["comparison"]
    pd.testing.assert_frame_equal(review_table(ran, EPISODE_ID, before.run_id), table)
    newest = review_table(ran, EPISODE_ID, None)
    told = newest[newest["human_label"].notna()]
    assert told[["cue_id", "human_label"]].to_numpy().tolist() == [[3, "disgust"]]
    assert told["track_id"].tolist() != [3], "that number has another face now"


def test_the_report_says_which_words_rest(ran):
    report = run(evaluate_run(ran, EvaluateSettings())).report
    assert "not in this cut" not in report.read_text(encoding="utf-8")
    store = ran.labels()
    store.add(HumanLabel(EPISODE_ID, 3, 3, "disgust", pin=FacePin("another", 10, 0, 0, 5, 5)))
    store.close()
    report = run(evaluate_run(ran, EvaluateSettings())).report
    assert "1 label not in this cut" in report.read_text(encoding="utf-8")


def test_the_report_says_what_is_not_known_of_the_teacher(ran):
    (record,) = ran.runs()
    path = ran.run_folder(record) / "config.json"
    config = read_json(path)
    assert config["anchor"]["is_calibrated"] and config["anchor"]["name"] == "auto"
    before = run(evaluate_run(ran, EvaluateSettings())).report.read_text(encoding="utf-8")
    assert "never measured on labelled lines" not in before
    assert set(config["image_opinion"]) == {"of", "gain", "standard_errors"}
    config["image_opinion"] = {"of": "baseline", "gain": -0.01, "standard_errors": -1.25}
    config["anchor"] |= {"is_calibrated": False, "is_strange": True, "says": "the lines are like nothing"}
    write_json(path, config)
    after = run(evaluate_run(ran, EvaluateSettings())).report.read_text(encoding="utf-8")
    assert "never measured on labelled lines" in after and "The lines are like nothing." in after
    assert "hardly knows this show" not in after


def test_the_report_says_when_the_face_network_was_not_believed(ran):
    (record,) = ran.runs()
    path = ran.run_folder(record) / "config.json"
    told = {"of": "students of the lines", "gain": 0.09, "standard_errors": 5.25}
    write_json(path, read_json(path) | {"image_opinion": told})
    page = run(evaluate_run(ran, EvaluateSettings())).report.read_text(encoding="utf-8")
    assert "5.2 standard errors" in page and "hardly knows this show" in page


def test_an_unknown_run_is_told(ran):
    with pytest.raises(InputError, match="known runs: best_witness-"):
        run(evaluate_run(ran, EvaluateSettings(run_id="nowhere")))


def test_a_lost_crop_is_told(ran):
    for crop in ran.cut_folder(ran.episode(EPISODE_ID)).glob("crops/*.jpg"):
        crop.unlink()
    with pytest.raises(StorageError, match="crop .* is missing or damaged"):
        run(evaluate_run(ran, EvaluateSettings()))


@pytest.mark.parametrize(
    ("folder", "pattern", "says"),
    [("joyless", None, "joyless.*maps to none"), ("joy", "film-[0-9]+", "matches nothing"), ("joy", "(", "no regular")],
)
def test_wrong_pictures_are_told_before_the_work(ran, tmp_path, folder, pattern, says):
    (tmp_path / "faces" / folder).mkdir(parents=True)
    Image.new("RGB", (40, 40)).save(tmp_path / "faces" / folder / "a_1.png")
    (tmp_path / "faces" / folder / "b.png").mkdir()
    stage = evaluate_run(ran, EvaluateSettings(faces=tmp_path / "faces", group_pattern=pattern))
    with pytest.raises(InputError, match=says):
        next(stage)


def test_without_any_gold_there_is_a_report_and_no_table(ran):
    result = run(evaluate_run(ran, EvaluateSettings()))
    assert result.comparison is None and result.to_contract()["comparison"] is None
    assert "report" in result.to_contract() and result.report.is_file()
    assert not (result.report.parent / "comparison.json").exists()


def test_gold_of_another_episode_is_told(ran, tmp_path):
    gold = tmp_path / "gold.csv"
    gold.write_text("cue,start_ms,end_ms,emotion\n1,9000000,9001000,joy\n")
    with pytest.raises(InputError, match="fits a usable face"):
        run(evaluate_run(ran, EvaluateSettings(gold=gold)))
    assert run(evaluate_run(ran, EvaluateSettings())).comparison is None, "what fits nothing is not kept"


def test_labelled_pictures_are_judged_by_film(ran, tmp_path):
    for label in ("joy", "sadness"):
        (tmp_path / "faces" / label).mkdir(parents=True)
        for film in ("a", "b"):
            pixels = np.random.default_rng(0).integers(0, 256, (80, 60, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "faces" / label / f"{film}_1.png")
    settings = EvaluateSettings(faces=tmp_path / "faces", group_pattern="^[^_]+")
    result = run(evaluate_run(ran, settings))
    assert result.comparison is None and result.on_faces is not None
    contract = result.to_contract()["comparison"]
    assert contract["unit"] == "film" and contract["gain"]["units"] == 2
    assert [row["name"] for row in contract["rows"]] == ["majority", "image_only", "student"]
    assert not any("--group-pattern" in note for note in contract["notes"])
    alone = run(evaluate_run(ran, EvaluateSettings(faces=tmp_path / "faces"))).to_contract()["comparison"]
    assert alone["gain"]["units"] == 4 and any("--group-pattern" in note for note in alone["notes"])


def test_no_run_is_told(labelled):
    with pytest.raises(InputError, match=r"pipelines\.train"):
        run(evaluate_run(labelled, EvaluateSettings()))


def test_a_notice_of_synthetic_material_stands_in_the_report(ran):
    (ran.episode_folder(EPISODE_ID) / SYNTHETIC_FILE).write_text("These faces are <drawn>.")
    report = run(evaluate_run(ran, EvaluateSettings())).report.read_text()
    assert "These faces are &lt;drawn&gt;." in report


def test_the_review_table_keeps_opinions_apart(ran):
    run_id = ran.runs()[0]
    table = review_table(ran, EPISODE_ID, run_id)
    assert len(table) == 40 and table["student_label"].isin(EKMAN7.labels).all()
    row = table.iloc[0]
    votes = track_opinions(ran, EPISODE_ID, run_id, int(row["track_id"]))
    assert set(votes) == {"teacher", "image", "target", "student"}
    for source, probs in votes.items():
        assert probs is not None and sum(probs.values()) == pytest.approx(1, abs=1e-4)
        assert probs[row[f"{source}_label"]] == pytest.approx(row[f"{source}_confidence"])
    without = review_table(ran, EPISODE_ID, None)
    assert without["student_label"].isna().all() and len(without) == 40


def test_a_person_promotes_a_student_that_collapsed(ran):
    # Flat targets and two epochs: the student says one emotion only, and is not used by itself.
    settings = TrainSettings(recipe="anchored_em", epochs=2, folds=2)
    run(train_student(ran, [EPISODE_ID], LabelSettings(), settings))
    assert run(evaluate_run(ran, EvaluateSettings())).to_contract()["promotion"]["promoted"] is False
    said = run(evaluate_run(ran, EvaluateSettings(promote=True))).to_contract()["promotion"]
    assert said == {"promoted": True, "by": "person", "why": "a person promoted it"}
    assert run(evaluate_run(ran, EvaluateSettings())).promotion.promoted, "the word stays"
    assert not run(evaluate_run(ran, EvaluateSettings(promote=False))).promotion.promoted
