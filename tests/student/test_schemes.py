"""Schemes: each learns, keeps a person's word, leaves its input alone and says where it cannot work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmemo.errors import InputError
from mmemo.progress import Progress, Stage, run
from mmemo.student.crossfit import TrainingSet, cross_fit, fit_all, lesson_of
from mmemo.student.fitters import Fitted, HeadFitter, SourceFaces, Task
from mmemo.student.heads import LinearHead
from mmemo.student.lesson import Lesson, out_of_fold_opinion
from mmemo.student.recipes import recipe_named
from mmemo.student.schemes import (
    SCHEMES,
    attentive_bags,
    averaged,
    best_witness,
    co_teaching,
    mean_teacher,
    replayed,
    two_components,
)
from mmemo.student.settings import TrainSettings
from mmemo.student.targets import Opinions, Targets

K, D = 7, 10
SETTINGS = TrainSettings(epochs=15, learning_rate=0.05)


def show(tracks: int = 70, faces_a_track: int = 2, seed: int = 0) -> tuple[TrainingSet, HeadFitter, np.ndarray]:
    """A show whose text is right for three tracks of four, and whose baseline knows nothing."""
    rng = np.random.default_rng(seed)
    truth = np.arange(tracks) % K
    item = np.repeat(np.arange(tracks), faces_a_track)
    features = np.eye(K, D)[truth[item]][:, None] * 3 + rng.normal(size=(len(item), 2, D)) * 0.3
    said = np.where(rng.random(tracks) < 0.75, truth, rng.integers(0, K, tracks))
    teacher = np.full((tracks, K), 0.04, np.float32)
    teacher[np.arange(tracks), said] = 1 - 0.04 * (K - 1)
    image = rng.dirichlet(np.ones(K) * 20, tracks).astype(np.float32)
    confusion = np.full((K, K), 0.05)
    np.fill_diagonal(confusion, 0.7)
    even = np.full((K, K), 1 / K)
    opinions = Opinions(teacher, image, np.full(tracks, -1), confusion, even, np.full(K, 1 / K))
    start = LinearHead(np.zeros((K, D), np.float32), np.zeros(K, np.float32))
    source = SourceFaces(features[:14].astype(np.float32), np.eye(K, dtype=np.float32)[truth[item[:14]]])
    return (
        TrainingSet(item, np.arange(tracks) // 2, opinions),
        HeadFitter(features.astype(np.float32), start, source),
        truth,
    )


def lesson(data: TrainingSet) -> Lesson:
    return lesson_of(data, np.arange(len(data.group_of_item)), recipe_named("anchored_em"), SETTINGS)


class Witness:
    """A fitter that learns nothing, writes down its tasks, and always gives the same opinion (N, K) of the faces."""

    def __init__(self, opinion: np.ndarray) -> None:
        self.tasks: list[Task] = []
        self._opinion = opinion

    def fit(self, task: Task, settings: TrainSettings, stage: str) -> Stage[Fitted]:
        self.tasks.append(task)
        yield Progress(stage, 1, 1)
        return Fitted({}, (), lambda rows: self._opinion[rows])


@pytest.mark.parametrize("name", SCHEMES)
def test_every_scheme_learns_from_noisy_text(name):
    data, fitter, truth = show()
    features = fitter.features.copy()
    fitted = run(SCHEMES[name](lesson(data), fitter, SETTINGS, "train"))
    right = fitted.probs(np.arange(len(features))).argmax(1) == truth[data.item_of_face]
    assert right.mean() > 0.8, "the text alone is right for three of four"
    assert fitted.tensors["head.weight"].shape == (K, D)
    np.testing.assert_array_equal(fitter.features, features)


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("tracks", [1, 4])
def test_every_scheme_takes_a_tiny_show(name, tracks):
    data, fitter, _ = show(tracks)
    probs = run(SCHEMES[name](lesson(data), fitter, replace(SETTINGS, epochs=2), "train")).probs(np.arange(tracks))
    np.testing.assert_allclose(probs.sum(1), 1.0, atol=1e-5)


def test_progress_never_falls_back_beyond_its_total():
    data, fitter, _ = show(20)
    seen: list[Progress] = []
    recipe = recipe_named("co_teaching")
    run(cross_fit(data, fitter, recipe, replace(SETTINGS, epochs=2, folds=2)), seen.append)
    assert seen and all(0 <= p.done <= p.total for p in seen)


def test_the_averaged_head_is_half_way_to_the_baseline():
    data, fitter, _ = show()
    alone = run(SCHEMES["plain"](lesson(data), fitter, SETTINGS, "train")).tensors["head.weight"]
    both = run(averaged(lesson(data), fitter, SETTINGS, "train")).tensors["head.weight"]
    np.testing.assert_allclose(both, alone / 2, atol=1e-6)


@pytest.mark.parametrize("scheme", [averaged, mean_teacher, replayed])
def test_schemes_of_the_head_refuse_another_fitter(scheme):
    data, _, _ = show(6)
    with pytest.raises(InputError, match="head alone"):
        run(scheme(lesson(data), Witness(np.full((12, K), 1 / K, np.float32)), SETTINGS, "train"))


def test_what_a_scheme_lacks_is_said():
    data, fitter, _ = show(6)
    with pytest.raises(InputError, match="no head to average"):
        run(averaged(lesson(data), replace(fitter, start=None), SETTINGS, "train"))
    with pytest.raises(InputError, match="no source faces"):
        run(replayed(lesson(data), replace(fitter, source=None), SETTINGS, "train"))


def test_replayed_faces_steer_the_head_as_much_as_the_show(monkeypatch):
    data, fitter, _ = show()
    seen: list[Task] = []
    monkeypatch.setattr(HeadFitter, "fit", lambda _, task, *rest: seen.append(task) or iter(()))
    run(replayed(lesson(data), fitter, SETTINGS, "train"))
    (task,) = seen
    own = task.rows < len(fitter.features)
    assert (~own).sum() == 14
    assert task.weights[own].sum() == pytest.approx(task.weights[~own].sum())
    assert not set(task.groups[own].tolist()) & set(task.groups[~own].tolist())


def test_co_teaching_passes_over_the_faces_that_the_other_doubts():
    data, _, truth = show()
    opinion = np.full((len(data.item_of_face), K), 0.01, np.float32)
    opinion[np.arange(len(opinion)), truth[data.item_of_face]] = 1 - 0.01 * (K - 1)
    witness = Witness(opinion)
    run(co_teaching(lesson(data), witness, SETTINGS, "train"))
    first, last = witness.tasks[0], witness.tasks[-1]
    assert len(last.rows) < 0.8 * len(first.rows)

    def right(task: Task) -> float:
        return float((task.targets.argmax(1) == truth[data.item_of_face[task.rows]]).mean())

    assert right(last) > right(first)


def test_two_components_relabel_what_the_student_contradicts():
    data, _, truth = show(tracks=140)
    opinion = np.full((len(data.item_of_face), K), 0.01, np.float32)
    opinion[np.arange(len(opinion)), truth[data.item_of_face]] = 1 - 0.01 * (K - 1)
    witness = Witness(opinion)
    run(two_components(lesson(data), witness, SETTINGS, "train"))
    last = witness.tasks[-1]
    assert (last.targets.argmax(1) == truth[data.item_of_face[last.rows]]).mean() > 0.97


def test_a_person_is_never_overruled():
    data, _, truth = show(tracks=140)
    wrong = (truth + 1) % K
    known = np.where(np.arange(140) < 20, wrong, -1)
    data = replace(data, opinions=replace(data.opinions, known=known))
    opinion = np.full((len(data.item_of_face), K), 0.01, np.float32)
    opinion[np.arange(len(opinion)), truth[data.item_of_face]] = 1 - 0.01 * (K - 1)
    for scheme in (two_components, co_teaching, SCHEMES["self_training"]):
        witness = Witness(opinion)
        run(scheme(lesson(data), witness, SETTINGS, "train"))
        last = witness.tasks[-1]
        told = data.item_of_face[last.rows] < 20
        assert told.sum() == 40
        np.testing.assert_array_equal(last.targets[told].argmax(1), wrong[data.item_of_face[last.rows]][told])


def test_attention_moves_weight_inside_a_track_and_never_between_tracks():
    data, _, truth = show(tracks=14)
    opinion = np.full((28, K), 1 / K, np.float32)
    opinion[::2] = 0.01
    opinion[np.arange(0, 28, 2), truth] = 1 - 0.01 * (K - 1)
    data = replace(data, opinions=replace(data.opinions, known=truth))
    witness = Witness(opinion)
    run(attentive_bags(lesson(data), witness, SETTINGS, "train"))
    weights = witness.tasks[-1].weights.reshape(14, 2)
    assert (weights[:, 0] > 3 * weights[:, 1]).all()
    np.testing.assert_allclose(weights.sum(1), SETTINGS.human_weight, rtol=1e-6)


def test_an_out_of_fold_opinion_comes_from_students_that_did_not_see_the_group():
    data, _, _ = show()
    witness = Witness(np.full((len(data.item_of_face), K), 1 / K, np.float32))
    said = run(out_of_fold_opinion(lesson(data), witness, SETTINGS, "train"))
    assert said.shape == (70, K)
    shown = [set(task.groups.tolist()) for task in witness.tasks]
    assert len(shown) == 3
    assert all(sum(group not in seen for seen in shown) == 1 for group in range(35))


def test_items_of_weight_nought_are_not_in_the_task():
    data, _, _ = show(10)
    weights = np.array([0.0] * 4 + [1.0] * 6)
    given = lesson(data)
    task = given.task(replace(given.targets, weights=weights))
    np.testing.assert_array_equal(task.rows, np.arange(8, 20))
    assert isinstance(given.targets, Targets)


def test_one_student_of_everything():
    data, fitter, truth = show()
    fitted = run(fit_all(data, fitter, recipe_named("anchored_em"), SETTINGS))
    assert (fitted.probs(np.arange(140)).argmax(1) == truth[data.item_of_face]).mean() > 0.85


def test_a_baseline_that_knows_nothing_is_replaced_by_students_of_the_lines():
    data, fitter, truth = show(210)
    recipe = recipe_named("best_witness")
    fit = run(cross_fit(data, fitter, recipe, SETTINGS))
    assert fit.verdict is not None and fit.verdict.second_is_better
    plain_targets = recipe.targets(data.opinions).probs
    right = [float((t.argmax(1) == truth).mean()) for t in (plain_targets, fit.targets.probs)]
    assert right[1] > right[0] + 0.1
    assert (data.mean_by_track(fit.out_of_fold).argmax(1) == truth).mean() > 0.95


def test_a_baseline_that_knows_the_show_stays():
    data, fitter, truth = show()
    image = np.full((len(truth), K), 0.01, np.float32)
    image[np.arange(len(truth)), truth] = 0.94
    data = replace(data, opinions=replace(data.opinions, image=image))
    taught = lesson_of(data, np.arange(len(truth)), recipe_named("best_witness"), SETTINGS)
    fitted = run(best_witness(taught, fitter, SETTINGS, "train"))
    assert fitted.verdict is not None and not fitted.verdict.second_is_better
    assert fitted.taught is taught.targets


def test_what_a_person_said_stays_certain_whichever_witness_is_taken():
    data, fitter, truth = show(210)
    known = np.where(np.arange(210) < 10, (truth + 1) % K, -1)
    data = replace(data, opinions=replace(data.opinions, known=known))
    taught = lesson_of(data, np.arange(210), recipe_named("best_witness"), SETTINGS)
    fitted = run(best_witness(taught, fitter, SETTINGS, "train"))
    assert fitted.taught is not None and fitted.verdict is not None and fitted.verdict.second_is_better
    np.testing.assert_allclose(fitted.taught.probs[:10], np.eye(K)[known[:10]], atol=1e-6)


def test_two_rounds_are_shown_as_one_piece_of_work():
    data, fitter, _ = show()
    taught = lesson_of(data, np.arange(len(data.group_of_item)), recipe_named("best_witness"), SETTINGS)
    seen = []
    run(best_witness(taught, fitter, SETTINGS, "train"), seen.append)
    assert len({progress.total for progress in seen}) == 1
    assert [p.done for p in seen] == sorted(p.done for p in seen) and seen[-1].done <= seen[-1].total
