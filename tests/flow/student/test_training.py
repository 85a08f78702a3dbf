"""Training from a labelled episode: what is written, what is skipped, what a person's word changes."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from mmemo.errors import InputError, StorageError
from mmemo.flow.review.human_labels import Resting
from mmemo.flow.student.training import RunRecord, train_student
from mmemo.flow.teacher.label import LabelSettings, label_episode
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.store.files import read_json, read_table
from mmemo.store.labels import REJECT, HumanLabel
from mmemo.store.tables import probs_of
from mmemo.store.workspace import Workspace
from mmemo.student.backbones import load_backbone
from mmemo.student.model import load_student
from mmemo.student.settings import TrainSettings
from mmemo.teacher.anchors import TeacherAnchor, save_anchor
from tests.flow.conftest import cut_again
from tests.student.test_backbone_loading import timm_folder
from tests.teacher.tiny import save_two_head
from tests.ui.made import EPISODE_ID

__all__ = ["timm_folder"]  # a fixture

FAST = TrainSettings(epochs=2, folds=2)


def trained(workspace: Workspace, settings: TrainSettings = FAST) -> RunRecord:
    return run(train_student(workspace, [EPISODE_ID], LabelSettings(), settings))


def say(workspace: Workspace, track: int, label: str) -> None:
    store = workspace.labels()
    store.add(HumanLabel(EPISODE_ID, track, track, label))
    store.close()


def test_a_run_holds_all_that_it_promises(labelled):
    record = trained(labelled)
    assert (record.faces, record.tracks, record.human_labels, record.skipped) == (40, 40, 0, False)
    for name in ("teacher", "image", "targets", "predictions"):
        table = read_table(record.folder / f"{name}.parquet")
        assert len(table) == 40
        np.testing.assert_allclose(probs_of(table).sum(1), 1.0, atol=1e-4)
    assert set(read_table(record.folder / "targets.parquet")["source"]) == {"weak"}
    assert set(read_table(record.folder / "predictions.parquet")["fold"]) == {0, 1}
    noise = read_json(record.folder / "noise.json")
    np.testing.assert_allclose(np.sum(noise["T"], axis=1), 1.0, atol=1e-5)
    assert noise["labels"] == list(EKMAN7.labels)
    config = read_json(record.folder / "config.json")
    assert TrainSettings(**config["train"]) == FAST
    assert LabelSettings(**config["label"]) == LabelSettings()
    probs = load_student(record.folder).probs([np.full((60, 60, 3), 120, np.uint8)])
    assert probs.shape == (1, 7)


def test_the_same_again_is_skipped_and_another_seed_is_not(labelled):
    first, again = trained(labelled), trained(labelled)
    assert again.skipped and again.run_id == first.run_id
    other = trained(labelled, TrainSettings(epochs=2, folds=2, seed=1))
    assert not other.skipped and other.run_id != first.run_id
    assert labelled.runs()[0] == other.run_id


def test_a_persons_word_makes_a_new_run_with_that_target(labelled):
    first = trained(labelled)
    say(labelled, 3, "disgust")
    second = trained(labelled)
    assert second.run_id != first.run_id and second.human_labels == 1
    targets = read_table(second.folder / "targets.parquet").set_index("track_id")
    assert targets.loc[3, "p_disgust"] == 1.0 and targets.loc[3, "source"] == "human"
    assert (targets["source"] == "human").sum() == 1
    teacher = read_table(second.folder / "teacher.parquet").set_index("track_id")
    assert teacher.loc[3, "p_disgust"] < 1.0, "what the teacher said is another fact and stays"


def test_a_rejected_face_teaches_nothing(labelled):
    say(labelled, 5, REJECT)
    record = trained(labelled)
    assert record.tracks == 39
    assert 5 not in set(read_table(record.folder / "tracks.parquet")["track_id"])


def test_a_persons_word_stays_with_its_face_after_another_cut(labelled):
    say(labelled, 3, "disgust")
    cut_again(labelled)
    record = trained(labelled)
    assert (record.tracks, record.human_labels) == (40, 1)
    targets = read_table(record.folder / "targets.parquet")
    tracks = read_table(record.folder / "tracks.parquet").set_index("track_id")
    told = targets.loc[targets["source"] == "human", "track_id"].tolist()
    assert told != [3] and tracks.loc[told, "cue_id"].tolist() == [3], "the number is another, the line is the same"
    assert record.resting == Resting()


def test_a_word_on_a_face_that_is_no_longer_cut_rests(labelled):
    say(labelled, 3, "disgust")
    say(labelled, 4, "joy")
    first = trained(labelled)
    episode = labelled.episode(EPISODE_ID)
    cut_again(labelled, without=3)
    record = trained(labelled)
    assert (record.human_labels, record.resting) == (1, Resting(not_in_cut=1))
    assert record.to_contract()["labels_resting"] == {"not_in_cut": 1, "not_in_use": 0}
    labelled.save_episode(episode)
    again = trained(labelled)
    assert again.run_id == first.run_id and again.skipped and again.resting == Resting()


def test_a_word_that_is_said_during_the_training_belongs_to_the_next_run(labelled):
    say(labelled, 3, "disgust")
    stage, said = train_student(labelled, [EPISODE_ID], LabelSettings(), FAST), False
    while True:
        try:
            progress = next(stage)
        except StopIteration as stop:
            during: RunRecord = stop.value
            break
        if not said and progress.stage == "read faces":  # the key is made, the labels are about to be used
            say(labelled, 4, "joy")
            say(labelled, 5, REJECT)
            say(labelled, 3, "anger")
            said = True
    assert said and (during.tracks, during.human_labels) == (40, 1)
    targets = read_table(during.folder / "targets.parquet").set_index("track_id")
    assert targets.loc[3, "p_disgust"] == 1.0 and targets.loc[4, "source"] == "weak"
    assert read_json(during.folder / "config.json")["last_words"] == {EPISODE_ID: 1}
    after = trained(labelled)
    assert after.run_id != during.run_id and (after.tracks, after.human_labels) == (39, 2)


def test_saying_the_same_again_is_no_news(labelled):
    for track in (3, 4):
        say(labelled, track, "disgust")
    first = trained(labelled)
    say(labelled, 3, "disgust")
    assert trained(labelled).run_id == first.run_id


def test_an_episode_that_is_named_twice_counts_once(labelled):
    record = run(train_student(labelled, [EPISODE_ID, EPISODE_ID], LabelSettings(), FAST))
    assert (record.episodes, record.faces, record.tracks) == ((EPISODE_ID,), 40, 40)
    assert trained(labelled).skipped


def test_a_teacher_that_was_measured_since_trains_anew(labelled, tmp_path):
    label = LabelSettings(teacher=str(save_two_head(tmp_path / "teacher")))
    run(label_episode(labelled, labelled.episode(EPISODE_ID), label))
    unmeasured = run(train_student(labelled, [EPISODE_ID], label, FAST))
    save_anchor(tmp_path / "teacher" / "anchors.json", TeacherAnchor("meld_dev", np.eye(7), np.full(7, 1 / 7)))
    measured = run(train_student(labelled, [EPISODE_ID], label, FAST))
    assert not measured.skipped and measured.run_id != unmeasured.run_id
    assert run(train_student(labelled, [EPISODE_ID], label, FAST)).skipped


def test_other_weights_of_the_backbone_train_anew(labelled, timm_folder):
    settings = TrainSettings(epochs=2, folds=2, backbone=f"timm:local-dir:{timm_folder}")
    first = trained(labelled, settings)
    assert trained(labelled, settings).skipped
    weights = load_file(timm_folder / "model.safetensors")
    save_file(
        {name: np.asarray(2 * value, value.dtype) for name, value in weights.items()}, timm_folder / "model.safetensors"
    )
    second = trained(labelled, settings)
    assert not second.skipped and second.run_id != first.run_id
    with pytest.raises(StorageError, match="other weights"):
        load_student(first.folder)
    assert load_student(second.folder).probs([np.full((60, 60, 3), 120, np.uint8)]).shape == (1, 7)


def test_damaged_features_are_told(labelled):
    trained(labelled)
    (features,) = labelled.root.rglob("features.npy")
    features.write_bytes(features.read_bytes()[:100])
    with pytest.raises(StorageError, match=r"features\.npy is missing or damaged"):
        trained(labelled, TrainSettings(epochs=2, folds=2, seed=1))
    features.unlink()
    assert not trained(labelled, TrainSettings(epochs=2, folds=2, seed=1)).skipped, "what is lost is made again"


def test_naive_recipes_have_no_noise_model(labelled):
    record = trained(labelled, TrainSettings(recipe="teacher_hard", epochs=1, folds=2))
    assert record.run_id.startswith("teacher_hard-")
    assert read_json(record.folder / "noise.json")["T"] is None


@pytest.mark.slow
def test_fine_tuning_trains_the_backbone_too(labelled):
    record = trained(labelled, TrainSettings(finetune=True, finetune_epochs=1, folds=2))
    student = load_student(record.folder)
    assert student.probs([np.full((60, 60, 3), 120, np.uint8)]).shape == (1, 7)
    assert (record.folder / "weights.safetensors").stat().st_size > 5e6


@pytest.mark.slow
def test_the_upper_blocks_alone_can_be_trained(labelled, monkeypatch):
    monkeypatch.setattr("mmemo.student.top_blocks._FEWEST_STEPS", 2)
    record = trained(labelled, TrainSettings(upper_blocks=1, folds=2))
    assert load_student(record.folder).probs([np.full((60, 60, 3), 120, np.uint8)]).shape == (1, 7)
    own, shipped = load_file(record.folder / "weights.safetensors"), load_backbone("embedded").module.state_dict()
    same = {
        name
        for name, value in shipped.items()
        if np.array_equal(own[f"backbone.{name}"].ravel(), value.numpy().ravel())
    }
    lower = {name for name in shipped if name.startswith(("conv_stem", "bn1", "blocks.0.", "blocks.4."))}
    assert lower and lower <= same
    assert any(name.startswith("blocks.6.") for name in shipped.keys() - same)


@pytest.mark.parametrize(
    ("ids", "settings", "says"),
    [
        ([], FAST, "no episode"),
        ([EPISODE_ID], TrainSettings(upper_blocks=99), "99 are to be trained"),
        (["nowhere"], FAST, "known episodes: harbour-lights"),
        ([EPISODE_ID], TrainSettings(recipe="magic"), "anchored_em"),
        ([EPISODE_ID], TrainSettings(backbone="magic"), "embedded"),
        ([EPISODE_ID], TrainSettings(anchor="magic"), "meld_dev"),
    ],
)
def test_wrong_wishes_are_told_and_leave_nothing(labelled, ids, settings, says):
    with pytest.raises(InputError, match=says):
        run(train_student(labelled, ids, LabelSettings(), settings))
    assert labelled.runs() == []


def test_impossible_blocks_are_told():
    with pytest.raises(InputError, match="--upper-blocks is -1"):
        TrainSettings(upper_blocks=-1)
    with pytest.raises(InputError, match="trains all blocks"):
        TrainSettings(upper_blocks=2, finetune=True)


def test_an_episode_that_nobody_read_is_told(labelled):
    with pytest.raises(InputError, match=r"pipelines\.label"):
        run(train_student(labelled, [EPISODE_ID], LabelSettings(context_lines=0), FAST))


def test_an_episode_without_usable_faces_is_told(labelled):
    for track in range(1, 41):
        say(labelled, track, REJECT)
    with pytest.raises(InputError, match="no face to learn from"):
        trained(labelled)


def test_cancelling_leaves_no_run(labelled):
    stage = train_student(labelled, [EPISODE_ID], LabelSettings(), FAST)
    for _ in range(3):
        next(stage)
    stage.close()
    assert labelled.runs() == []
    assert not list(labelled.root.rglob("*.tmp"))
