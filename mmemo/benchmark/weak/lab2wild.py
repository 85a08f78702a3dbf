"""`lab2wild`: a baseline that knows posed faces alone adapts to faces from the web without labels.

The baseline learns from CK+ and 250 neutral faces of FER+ valid. The target is 1,000, 4,000 or all faces of FER+
train, each with a real line of MELD test of the same emotion, drawn at random: the pairing is synthetic. The judge is
FER+ test with the majority of its votes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.benchmark.outcome import Check, Outcome
from mmemo.benchmark.weak.data import LabelledLines, features_kept, meld_lines
from mmemo.benchmark.weak.lab2wild_looks import chunks
from mmemo.benchmark.weak.pairing import pair
from mmemo.benchmark.weak.table import DEFAULT_RECIPE, rows_of
from mmemo.datasets.ferplus import FerPlus, read_ferplus
from mmemo.errors import InputError
from mmemo.evaluate.rows import GOLD_CEILING, IMAGE_ONLY, TEACHER
from mmemo.flow.student.train_baseline import (
    BaselineFaces,
    BaselineSettings,
    TrainedBaseline,
    baseline_key,
    grey_crops,
    lab_faces,
)
from mmemo.flow.student.train_baseline import train_baseline as train_lab
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage, run
from mmemo.student.baseline import ImageBaseline, load_baseline
from mmemo.student.crossfit import TrainingSet, fit_all
from mmemo.student.fitters import HeadFitter, SourceFaces, Task
from mmemo.student.losses import soft_cross_entropy
from mmemo.student.recipes import RECIPES, recipe_named
from mmemo.student.settings import TrainSettings
from mmemo.student.targets import Opinions
from mmemo.teacher import load_teacher

ANCHOR = "meld_dev"
ALL = 0
SIZES = (1000, 4000, ALL)
# Accuracy in percent that is asked of the default recipe.
_ASKED = {1000: 56.0, 4000: 60.0, ALL: 66.0}
_LAB_STEPS, _LAB_BATCH = 240, 64


@dataclass(frozen=True, slots=True)
class Lab2WildBenchmark:
    """`data` holds ck48.npz, ferplus/ and meld/; `cache` keeps the baseline, features and checkpoints.

    sizes: numbers of target faces, 0 is all; each smaller set is part of the larger ones. start: what the baseline
    starts from. A seed draws the pairing, the order of the faces and the dropout; the faces are the same for all.
    """

    data: Path
    cache: Path
    seeds: Sequence[int] = (0, 1, 2)
    sizes: Sequence[int] = SIZES
    recipes: Sequence[str] = ()
    start: str = "imagenet"

    def __post_init__(self) -> None:
        if not self.seeds or not self.sizes or min(self.sizes) < 0:
            raise InputError("lab2wild needs at least one seed and sizes of 0 or more", hint="0 takes all faces")


@dataclass(frozen=True, slots=True, eq=False)
class LabMaterial:
    """The lab's faces, the target in its fixed order, the judge, lines with opinions, and the lab's network."""

    lab: BaselineFaces
    target: FerPlus
    test: FerPlus
    lines: LabelledLines
    baseline: ImageBaseline
    trained: TrainedBaseline


# Opinions (n, 7) on the test faces of a student of a recipe, or of the ceiling: size, seed, name of the recipe.
Judge = Callable[[int, int, str], Stage[np.ndarray]]


def benchmark_lab2wild(settings: Lab2WildBenchmark) -> Stage[Outcome]:
    """The head on features of the lab's network, for every size, recipe and seed."""
    recipes = [recipe_named(name).name for name in settings.recipes or RECIPES]
    material = yield from lab_material(settings)
    features = yield from lab_features(material, settings)
    rows = yield from rows_by_size(material, settings, [*recipes, GOLD_CEILING], features.test_opinion, features.judge)
    return Outcome("lab2wild", rows, told(material, settings, recipes, "head on cached features"), checks(rows))


def lab_material(settings: Lab2WildBenchmark) -> Stage[LabMaterial]:
    """Read all faces and lines, and train the lab's network where it is not there yet."""
    lab = BaselineSettings(
        settings.data / "ferplus",
        settings.data / "ck48.npz",
        settings.start,
        steps=_LAB_STEPS,
        batch_size=_LAB_BATCH,
        checkpoint_steps=20,
    )
    folder = settings.cache / f"lab-{baseline_key(lab)}"
    trained = yield from train_lab(lab, folder)
    target, test = (read_ferplus(lab.ferplus / f"{part}.npz") for part in ("train", "test"))
    order = np.random.default_rng(0).permutation(len(target.labels))
    target = FerPlus(target.images[order], target.labels[order], target.votes[order])
    lines = yield from meld_lines(settings.data / "meld", "test", load_teacher(), settings.cache)
    return LabMaterial(lab_faces(lab), target, test, lines, load_baseline(folder), trained)


def opinions_on(material: LabMaterial, image: np.ndarray, seed: int) -> Opinions:
    """What is known of the first N target faces without a person: image (N, 7) opinions, and paired lines."""
    anchor = load_teacher().anchor(ANCHOR)
    lines = pair(material.target.labels[: len(image)], material.lines.gold, seed)
    teacher = material.lines.teacher[lines]
    return Opinions(
        teacher=teacher,
        image=image,
        known=np.full(len(image), -1, np.int64),
        teacher_confusion=anchor.confusion,
        image_confusion=material.baseline.confusion,
        teacher_prior=anchor.prior,
        evidence=anchor.evidence(teacher),
    )


def rows_by_size(
    material: LabMaterial, settings: Lab2WildBenchmark, names: Sequence[str], image_only: np.ndarray, judge: Judge
) -> Stage[list[dict[str, Any]]]:
    """The rows of every size; the unit of the intervals is the test face, with what all seeds say of it."""
    gold = material.test.labels
    rows: list[dict[str, Any]] = []
    for size in settings.sizes:
        count = min(size or len(material.target.labels), len(material.target.labels))
        paired = [material.lines.teacher[pair(gold, material.lines.gold, seed)] for seed in settings.seeds]
        systems: dict[str, list[np.ndarray]] = {IMAGE_ONLY: [image_only], TEACHER: paired}
        for name in names:
            # No pairing and so hardly any chance is in the ceiling: the first seed stands for all.
            seeds = settings.seeds[:1] if name == GOLD_CEILING else settings.seeds
            for number, seed in enumerate(seeds):
                yield Progress(f"lab2wild, {count} faces", number, len(seeds), name)
                systems.setdefault(name, []).append(run(judge(count, seed, name)))
        found = rows_of(gold, np.arange(len(gold)), systems)
        rows += [{**row, "part": f"{count} target faces", "target_faces": count, "size": size} for row in found]
    return rows


def told(material: LabMaterial, settings: Lab2WildBenchmark, recipes: Sequence[str], student: str) -> dict[str, Any]:
    """What was done, for the reader of the figures."""
    return {
        "pairing": "synthetic: a random line of MELD test of the same emotion for every face",
        "student": student,
        "seeds": list(settings.seeds),
        "a_seed_draws": "pairing, order of faces, dropout; the target faces are the same for all, the ceiling has one",
        "recipes": list(recipes),
        "test": "FER+ test, majority of the votes",
        "anchor": ANCHOR,
        "train": TrainSettings(),
        "baseline": material.baseline.identity,
        "baseline_data": material.lab.says,
        "baseline_start": settings.start,
        "baseline_scores": material.trained.scores,
        "teacher": load_teacher().identity,
        "interval": "2000 bootstrap draws of test faces with what all seeds say of them, seed 0",
    }


def checks(rows: Sequence[Mapping[str, Any]]) -> list[Check]:
    """The asked accuracy of the default recipe, for each size that was run."""
    return [
        Check(f"{DEFAULT_RECIPE}, {row['part']}: accuracy in percent", _ASKED[row["size"]], 100 * row["accuracy"])
        for row in rows
        if row["name"] == DEFAULT_RECIPE and row["size"] in _ASKED
    ]


@dataclass(frozen=True, slots=True, eq=False)
class LabFeatures:
    """Features (N, 2, D) of the target's first faces, (n, 2, D) of the test, and (S, 2, D) of the lab."""

    material: LabMaterial
    target: np.ndarray
    test: np.ndarray
    lab: np.ndarray

    @property
    def test_opinion(self) -> np.ndarray:
        """(n, 7) what the lab's network says of the test."""
        return self.material.baseline.probs_from_features(self.test)

    def judge(self, count: int, seed: int, name: str) -> Stage[np.ndarray]:
        """Train the head on `count` faces, without their labels unless it is the ceiling; judge the test faces."""
        material, settings = self.material, TrainSettings(seed=seed)
        seen = self.target[:count]
        source = SourceFaces(self.lab, material.lab.targets)
        fitter = HeadFitter(np.concatenate([seen, self.test]), material.baseline.head, source)
        faces = np.arange(count)
        if name == GOLD_CEILING:
            one_hot = np.eye(len(EKMAN7), dtype=np.float32)[material.target.labels[:count]]
            fitted = yield from fitter.fit(
                Task(faces, one_hot, np.ones(count), faces, soft_cross_entropy), settings, name
            )
        else:
            opinions = opinions_on(material, material.baseline.probs_from_features(seen), seed)
            fitted = yield from fit_all(TrainingSet(faces, faces, opinions), fitter, recipe_named(name), settings)
        return fitted.probs(np.arange(count, count + len(self.test)))


def lab_features(material: LabMaterial, settings: Lab2WildBenchmark) -> Stage[LabFeatures]:
    """Let the lab's network see every face that is needed, once."""
    total = len(material.target.labels)
    needed = max(size or total for size in settings.sizes)
    parts = []
    for start, stop in chunks(min(needed, total)):
        part = yield from _kept(material, settings.cache, material.target.images[start:stop])
        parts.append(part)
    test = yield from _kept(material, settings.cache, material.test.images)
    lab = yield from _kept(material, settings.cache, material.lab.images)
    return LabFeatures(material, np.concatenate(parts), test, lab)


def _kept(material: LabMaterial, cache: Path, images: np.ndarray) -> Stage[np.ndarray]:
    features = yield from features_kept(cache, material.baseline.backbone, grey_crops(images))
    return features
