"""Cross-fitting: no face is judged by a student that learned from its group, and people's labels stay out too."""

from __future__ import annotations

import numpy as np
import pytest

from mmemo.progress import Progress, Stage, run
from mmemo.student.crossfit import TrainingSet, cross_fit, cross_fit_gold, mean_by_item
from mmemo.student.fitters import Fitted, HeadFitter, Task
from mmemo.student.losses import soft_cross_entropy
from mmemo.student.recipes import recipe_named
from mmemo.student.settings import TrainSettings
from mmemo.student.targets import Opinions

K = 7
SETTINGS = TrainSettings(epochs=2, folds=4)


def training_set(tracks: int = 24, faces_a_track: int = 2, known: np.ndarray | None = None) -> TrainingSet:
    rng = np.random.default_rng(0)
    votes = rng.dirichlet(np.ones(K), tracks).astype(np.float32)
    confusion = np.full((K, K), 0.1)
    np.fill_diagonal(confusion, 0.4)
    opinions = Opinions(
        votes, votes, np.full(tracks, -1) if known is None else known, confusion, confusion, np.full(K, 1 / K)
    )
    return TrainingSet(np.repeat(np.arange(tracks), faces_a_track), np.arange(tracks) // 2, opinions)


class Witness:
    """A fitter that learns nothing and writes down what it was shown."""

    def __init__(self) -> None:
        self.tasks: list[Task] = []

    def fit(self, task: Task, settings: TrainSettings, stage: str) -> Stage[Fitted]:
        self.tasks.append(task)
        number = float(len(self.tasks))
        yield Progress(stage, 1, 1)
        return Fitted({}, (), lambda rows: np.full((len(rows), K), number, np.float32))


def test_a_face_is_judged_by_the_student_that_never_saw_its_group():
    data, witness = training_set(), Witness()
    fit = run(cross_fit(data, witness, recipe_named("teacher_soft"), SETTINGS))
    for face, number in enumerate(fit.out_of_fold[:, 0].astype(int)):
        shown = witness.tasks[number - 1]
        assert face not in shown.rows
        assert data.group_of_item[data.item_of_face[face]] not in shown.groups
    assert len(witness.tasks) == 5
    assert len(witness.tasks[-1].rows) == 48, "the last student learns from all faces"


def test_targets_of_a_fold_do_not_depend_on_what_people_said_in_it():
    known = np.full(24, -1)
    plain, told = Witness(), Witness()
    run(cross_fit(training_set(known=known), plain, recipe_named("anchored_em"), SETTINGS))
    fit = run(cross_fit(training_set(known=known), told, recipe_named("anchored_em"), SETTINGS))
    fold = int(fit.fold_of_face[0])
    said = known.copy()
    said[0] = 3
    told = Witness()
    run(cross_fit(training_set(known=said), told, recipe_named("anchored_em"), SETTINGS))
    np.testing.assert_array_equal(told.tasks[fold].targets, plain.tasks[fold].targets)
    other = (fold + 1) % 4
    assert (told.tasks[other].targets != plain.tasks[other].targets).any()
    assert told.tasks[other].weights.max() == SETTINGS.human_weight / 2, "shared by the two faces of the track"


def test_the_ceiling_learns_from_gold_alone():
    data, witness = training_set(), Witness()
    gold = np.arange(24) % K
    gold[:4] = -1
    run(cross_fit_gold(data, gold, witness, soft_cross_entropy, SETTINGS))
    everything = witness.tasks[-1]
    assert len(everything.rows) == 40
    np.testing.assert_array_equal(everything.targets.argmax(1), gold[data.item_of_face[everything.rows]])


def test_it_runs_with_a_real_head_and_reports_its_curves():
    data = training_set()
    features = np.random.default_rng(1).normal(size=(48, 2, 5)).astype(np.float32)
    fit = run(cross_fit(data, HeadFitter(features, None), recipe_named("anchored_em"), SETTINGS))
    np.testing.assert_allclose(fit.out_of_fold.sum(1), 1.0, atol=1e-5)
    assert set(fit.curves["fold"]) == {-1, 0, 1, 2, 3}
    assert fit.targets.noise is not None
    assert set(fit.student.tensors) == {"head.weight", "head.bias"}


def test_means_by_track():
    values, item = np.array([[1.0, 0], [0, 1], [1, 0]]), np.array([0, 0, 1])
    np.testing.assert_allclose(mean_by_item(values, item), [[0.5, 0.5], [1, 0]])
    np.testing.assert_allclose(mean_by_item(values, item, np.array([1.0, 3, 0.5])), [[0.25, 0.75], [1, 0]])


def with_quality(data: TrainingSet, quality: np.ndarray) -> TrainingSet:
    return TrainingSet(data.item_of_face, data.group_of_item, data.opinions, quality)


def test_a_track_counts_once_and_its_faces_by_their_quality():
    plain = training_set()
    uneven = TrainingSet(np.r_[0, plain.item_of_face], plain.group_of_item, plain.opinions)
    quality = np.tile([1.0, 0.5], 24)
    for data in (plain, uneven, with_quality(plain, quality)):
        np.testing.assert_allclose(np.bincount(data.item_of_face, data.face_shares()), 1.0)
    witness = Witness()
    run(cross_fit(with_quality(plain, quality), witness, recipe_named("teacher_soft"), SETTINGS))
    everything = witness.tasks[-1]
    np.testing.assert_allclose(everything.weights, np.tile([2 / 3, 1 / 3], 24))


def test_what_a_person_labelled_counts_more_whatever_its_faces():
    known = np.full(24, -1)
    known[3] = 2
    witness = Witness()
    run(cross_fit(training_set(known=known), witness, recipe_named("teacher_soft"), SETTINGS))
    weights = np.bincount(np.repeat(np.arange(24), 2), witness.tasks[-1].weights)
    assert weights[3] == SETTINGS.human_weight
    assert (np.delete(weights, 3) == 1.0).all()


def test_a_face_without_any_worth_is_no_training_face():
    with pytest.raises(AssertionError):
        with_quality(training_set(), np.zeros(48))


def test_a_stage_can_be_cancelled():
    stage = cross_fit(training_set(), Witness(), recipe_named("fused"), SETTINGS)
    next(stage)
    stage.close()
    with pytest.raises(StopIteration):
        next(stage)
