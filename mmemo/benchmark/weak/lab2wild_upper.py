"""`lab2wild` with the upper blocks trained on cached activations of the lower ones.

Every student is kept in the cache, so a run that was stopped goes on with the next one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mmemo.benchmark.outcome import Outcome
from mmemo.benchmark.weak.lab2wild import (
    Lab2WildBenchmark,
    LabMaterial,
    checks,
    lab_material,
    opinions_on,
    rows_by_size,
    told,
)
from mmemo.benchmark.weak.lab2wild_looks import content_of, looks_kept, target_looks
from mmemo.benchmark.weak.table import DEFAULT_RECIPE
from mmemo.errors import InputError
from mmemo.evaluate.rows import GOLD_CEILING
from mmemo.labels import EKMAN7
from mmemo.progress import Stage
from mmemo.store.files import hash_value, publish_file, read_array
from mmemo.student.backbones.augmentation import ANY_STYLE
from mmemo.student.backbones.training import balanced_weights, smoothed
from mmemo.student.baseline import ImageBaseline
from mmemo.student.crossfit import TrainingSet, fit_all, lesson_of
from mmemo.student.fitters import Fitted, Task
from mmemo.student.losses import soft_cross_entropy
from mmemo.student.recipes import recipe_named
from mmemo.student.schemes import averaged, mean_teacher, replayed
from mmemo.student.settings import TrainSettings
from mmemo.student.top_blocks import SourceLooks, TopBlocks, TopBlocksFitter, lower_blocks, opinions_of

_LAB_LOOKS = 8
# They change the head itself, on features that do not move.
HEAD_SCHEMES = (averaged, mean_teacher, replayed)


@dataclass(frozen=True, slots=True)
class Lab2WildUpper:
    """The benchmark, and how each student is trained; `recipes` of the benchmark empty stands for the default one."""

    benchmark: Lab2WildBenchmark
    how: TopBlocks = field(default_factory=TopBlocks)


@dataclass(frozen=True, slots=True, eq=False)
class LabLooks:
    """What the lower blocks give: for the faces of each size (N, V, C, h, w), for the test, and for the lab."""

    target: dict[int, np.ndarray]
    test: np.ndarray
    source: SourceLooks | None


def benchmark_lab2wild_upper(settings: Lab2WildUpper) -> Stage[Outcome]:
    """As `benchmark_lab2wild`, with the upper blocks trained; a recipe for heads alone raises InputError."""
    recipes = list(settings.benchmark.recipes or (DEFAULT_RECIPE,))
    for name in recipes:
        if recipe_named(name).scheme_function() in HEAD_SCHEMES:
            raise InputError(f"{name!r} trains the head alone", hint="choose another recipe, or leave out --finetune")
    material = yield from lab_material(settings.benchmark)
    looks = yield from _looks(material, settings)
    baseline = material.baseline
    test_opinion = _opinion(baseline, looks.test, settings)
    seen = {count: _opinion(baseline, found, settings) for count, found in looks.target.items()}

    def judge(count: int, seed: int, name: str) -> Stage[np.ndarray]:
        said = yield from _student(material, looks, settings, seen[count], seed, name)
        return said

    names = [*recipes, GOLD_CEILING]
    rows = yield from rows_by_size(material, settings.benchmark, names, test_opinion, judge)
    how = settings.how
    student = (
        f"last {how.blocks} blocks and the head on cached looks, {_steps(material, settings)} steps of "
        f"{how.batch_size} up to {how.learning_rate:g}, {how.source_share:.0%} of a batch from the lab"
    )
    return Outcome("lab2wild", rows, told(material, settings.benchmark, recipes, student), checks(rows))


def _steps(material: LabMaterial, settings: Lab2WildUpper) -> str:
    total = len(material.target.labels)
    counts = [settings.how.steps_for(min(size or total, total)) for size in settings.benchmark.sizes]
    return ", ".join(map(str, dict.fromkeys(counts)))


def _looks(material: LabMaterial, settings: Lab2WildUpper) -> Stage[LabLooks]:
    """Let the lower blocks see every face that is needed, once."""
    cache, backbone = settings.benchmark.cache, material.baseline.backbone
    lower = lower_blocks(backbone, settings.how.blocks)
    total = len(material.target.labels)
    found: dict[int, np.ndarray] = {}
    for size in settings.benchmark.sizes:
        count = min(size or total, total)
        found[count] = yield from target_looks(cache, backbone, lower, material.target.images, count)
    test = yield from looks_kept(cache, backbone, lower, material.test.images)
    if not settings.how.replayed:
        return LabLooks(found, test, None)
    # Mixed, because the changes of style borrow from faces nearby.
    lab, mixed = material.lab, np.random.default_rng(0).permutation(len(material.lab.labels))
    shown = yield from looks_kept(cache, backbone, lower, lab.images[mixed], _LAB_LOOKS, ANY_STYLE)
    source = SourceLooks(shown, smoothed(lab.targets[mixed]), balanced_weights(lab.labels[mixed]))
    return LabLooks(found, test, source)


def _opinion(baseline: ImageBaseline, looks: np.ndarray, settings: Lab2WildUpper) -> np.ndarray:
    """(n, 7) what the lab's network says."""
    return opinions_of(baseline.backbone, baseline.head, settings.how.blocks, looks)


def _student(
    material: LabMaterial, looks: LabLooks, settings: Lab2WildUpper, seen: np.ndarray, seed: int, name: str
) -> Stage[np.ndarray]:
    """(n, 7) opinions on the test of one student, computed once."""
    baseline = material.baseline
    task, means = _task(material, seen, seed, name)
    parts = [baseline.identity, means, TrainSettings(seed=seed), settings.how, looks.target[len(seen)].shape]
    arrays = [task.rows, task.targets, task.weights, material.target.images[: len(seen)], material.test.images]
    if looks.source is not None:
        arrays += [looks.source.targets, looks.source.weights, material.lab.images]
    path = settings.benchmark.cache / f"student-{hash_value([*parts, *map(content_of, arrays)])}.npy"
    if not path.is_file():
        fitter = TopBlocksFitter(looks.target[len(seen)], baseline.backbone, baseline.head, settings.how, looks.source)
        fitted = yield from _fitted(material, fitter, seen, seed, name)
        with publish_file(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, fitter.judge(fitted, looks.test))
    return read_array(path)


def _task(material: LabMaterial, seen: np.ndarray, seed: int, name: str) -> tuple[Task, str]:
    """What a student learns (first, where it learns in rounds), and the names of its loss and its scheme."""
    if name == GOLD_CEILING:
        faces = np.arange(len(seen))
        one_hot = np.eye(len(EKMAN7), dtype=np.float32)[material.target.labels[: len(seen)]]
        return Task(faces, smoothed(one_hot), np.ones(len(seen)), faces, soft_cross_entropy), "soft_cross_entropy"
    recipe = recipe_named(name)
    lesson = lesson_of(_training(material, seen, seed), np.arange(len(seen)), recipe, TrainSettings(seed=seed))
    return lesson.task(), f"{recipe.loss}, {recipe.scheme}"


def _fitted(material: LabMaterial, fitter: TopBlocksFitter, seen: np.ndarray, seed: int, name: str) -> Stage[Fitted]:
    settings = TrainSettings(seed=seed)
    if name == GOLD_CEILING:
        fitted = yield from fitter.fit(_task(material, seen, seed, name)[0], settings, name)
        return fitted
    fitted = yield from fit_all(_training(material, seen, seed), fitter, recipe_named(name), settings)
    return fitted


def _training(material: LabMaterial, seen: np.ndarray, seed: int) -> TrainingSet:
    faces = np.arange(len(seen))
    return TrainingSet(faces, faces, opinions_on(material, seen, seed))
