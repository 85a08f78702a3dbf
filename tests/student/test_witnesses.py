"""Whom the lines speak for: the baseline as it is, read anew, or students, and what is learned then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmemo.progress import Stage, run
from mmemo.student.crossfit import TrainingSet, cross_fit, lesson_of
from mmemo.student.fitters import Fitted, HeadFitter, Task
from mmemo.student.heads import LinearHead
from mmemo.student.lesson import Lesson
from mmemo.student.recipes import recipe_named
from mmemo.student.settings import TrainSettings
from mmemo.student.targets import Opinions, reread_fusion
from mmemo.student.witnesses import best_witness, reread_baseline

K, D = 7, 9
SETTINGS = TrainSettings(epochs=8, learning_rate=0.02)
RECIPE = recipe_named("best_witness")
# Film people are angry more often than the faces that the baseline learned from, and less often neutral.
SHIFT = np.array([1.5, 0, 0, -1.5, 0, 0, 0], np.float32)


def show(tracks: int = 420, seed: int = 0, clarity: float = 1.0) -> tuple[TrainingSet, HeadFitter, np.ndarray]:
    """A show whose baseline has the right features and the wrong shares of emotions; lines say a little of each."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, K, tracks)
    item = np.repeat(np.arange(tracks), 2)
    features = (np.eye(K, D)[truth[item]] * 2 + draw.normal(size=(2 * tracks, D)))[:, None].repeat(2, 1)
    # The largest likelihood of such features: weights are the middles, biases half of their squares, alike for all.
    start = LinearHead((2 * np.eye(K, D)).astype(np.float32), SHIFT)
    heard = np.where(draw.random(tracks) < 0.5, truth, draw.integers(0, K, tracks))
    teacher = np.full((tracks, K), 0.5 / K)
    teacher[np.arange(tracks), heard] += 0.5
    even = np.full((K, K), 1 / K)
    data = TrainingSet(item, np.arange(tracks) // 6, _opinions(teacher, teacher, even))
    fitter = HeadFitter(features.astype(np.float32), start)
    image = data.mean_by_track(start.probs(fitter.features))
    return replace(data, opinions=replace(data.opinions, image=image)), fitter, truth


def _opinions(teacher: np.ndarray, image: np.ndarray, even: np.ndarray) -> Opinions:
    n = len(teacher)
    return Opinions(teacher.astype(np.float32), image, np.full(n, -1), even, even, even[0], evidence=teacher)


def lesson(data: TrainingSet) -> Lesson:
    return lesson_of(data, np.arange(len(data.group_of_item)), RECIPE, SETTINGS)


def right(fitted: Fitted, truth: np.ndarray, item: np.ndarray) -> float:
    return float((fitted.probs(np.arange(len(item))).argmax(1) == truth[item]).mean())


def test_a_baseline_that_knows_the_faces_is_only_read_anew():
    data, fitter, truth = show()
    fitted = run(best_witness(lesson(data), fitter, SETTINGS, "train"))
    assert fitted.verdict is not None and not fitted.verdict.second_is_better
    weight, start = fitted.tensors["head.weight"], fitter.start
    assert start is not None
    scale = weight[0, 0] / start.weight[0, 0]
    np.testing.assert_allclose(weight, scale * start.weight, atol=1e-5)
    bias = fitted.tensors["head.bias"] / scale
    assert np.ptp(bias) < 0.75 * np.ptp(start.bias), "the wrong shares are mostly undone"
    before = float((start.probs(fitter.features).argmax(1) == truth[data.item_of_face]).mean())
    assert right(fitted, truth, data.item_of_face) > before + 0.02
    assert fitted.taught is not None
    np.testing.assert_allclose(fitted.taught.probs, reread_fusion(data.opinions).probs, atol=1e-5)


def test_the_curve_says_that_the_lines_became_likelier_and_cross_fitting_takes_it():
    data, fitter, truth = show()
    fit = run(cross_fit(data, fitter, RECIPE, SETTINGS))
    of_all = fit.curves[fit.curves["fold"] == -1]
    assert of_all["epoch"].tolist() == [0, 1] and of_all["train_loss"].is_monotonic_decreasing
    assert of_all["val_loss"].isna().all()
    image = data.opinions.image.argmax(1)
    assert (data.mean_by_track(fit.out_of_fold).argmax(1) == truth).mean() > (image == truth).mean()


def test_lines_that_contradict_the_faces_are_not_trusted_with_it():
    data, fitter, _ = show()
    wrong = np.roll(data.opinions.text_evidence(), 1, axis=0)
    doubtful = replace(data, opinions=replace(data.opinions, teacher=wrong.astype(np.float32), evidence=wrong))
    given = lesson(doubtful)
    assert reread_baseline(given, fitter) is None
    fitted = run(best_witness(given, fitter, SETTINGS, "train"))
    assert fitted.taught is given.targets and len(fitted.curve) > 0


def test_without_a_head_of_ones_own_there_is_nothing_to_read_anew():
    data, fitter, _ = show(84)
    given = lesson(data)
    assert reread_baseline(given, replace(fitter, start=None)) is None
    other = LinearHead(np.zeros((K, D), np.float32), np.zeros(K, np.float32))
    assert reread_baseline(given, replace(fitter, start=other)) is None, "the opinion in the targets is another one's"

    class Whole:
        def fit(self, task: Task, settings: TrainSettings, stage: str) -> Stage[Fitted]:
            return (yield from fitter.fit(task, settings, stage))

    assert reread_baseline(given, Whole()) is None
    assert run(best_witness(given, Whole(), SETTINGS, "train")).taught is given.targets


@pytest.mark.parametrize("tracks", [1, 2, 12])
def test_a_handful_of_tracks(tracks):
    data, fitter, _ = show(tracks)
    fitted = run(best_witness(lesson(data), fitter, SETTINGS, "train"))
    assert np.isfinite(fitted.probs(np.arange(2 * tracks))).all()


def test_tracks_without_faces_do_not_count():
    data, fitter, _ = show(90)
    some = replace(data, item_of_face=np.where(data.item_of_face < 85, data.item_of_face, 0))
    image = some.opinions.image.copy()
    image[:1] = some.mean_by_track(fitter.start.probs(fitter.features))[:1]  # type: ignore[union-attr]
    some = replace(some, opinions=replace(some.opinions, image=image))
    reread = reread_baseline(lesson(some), fitter)
    assert reread is not None and np.isfinite(reread.tensors["head.bias"]).all()


def test_a_persons_word_moves_the_shares():
    data, fitter, truth = show(140)
    told = replace(data, opinions=replace(data.opinions, known=np.where(truth == 3, truth, -1)))
    before, after = (reread_baseline(lesson(d), fitter) for d in (data, told))
    assert before is not None and after is not None
    assert after.tensors["head.bias"][3] > before.tensors["head.bias"][3]


def test_all_rounds_are_one_piece_of_work():
    data, fitter, _ = show(84)
    seen = []
    run(best_witness(lesson(data), fitter, SETTINGS, "train"), seen.append)
    assert len({progress.total for progress in seen}) == 1
    shares = [p.done / p.total for p in seen]
    assert shares == sorted(shares) and shares[-1] <= 1
