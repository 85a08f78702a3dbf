"""`film`: a baseline of FER+ faces adapts to film faces without labels and is judged on films it did not see.

Faces are real and lines are real; which line belongs to which face is drawn at random among those of the same
emotion, so the pairing is synthetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.benchmark.outcome import Check, Outcome
from mmemo.benchmark.weak.data import LabelledCrops, LabelledLines, features_kept, film_faces, meld_lines
from mmemo.benchmark.weak.pairing import pair, random_order, some_known
from mmemo.benchmark.weak.protocol import Trial, gold_ceiling, judged, out_of_fold
from mmemo.benchmark.weak.table import DEFAULT_RECIPE, rows_of
from mmemo.evaluate.rows import IMAGE_ONLY
from mmemo.progress import Progress, Stage, run
from mmemo.student.baseline import ImageBaseline, load_baseline
from mmemo.student.crossfit import TrainingSet
from mmemo.student.fitters import HeadFitter
from mmemo.student.recipes import RECIPES, recipe_named
from mmemo.student.review_order import clusters_of, expected_gain
from mmemo.student.settings import TrainSettings
from mmemo.student.targets import Opinions
from mmemo.teacher import load_teacher

ANCHOR = "meld_dev"
CORRECTIONS = 100


@dataclass(frozen=True, slots=True)
class FilmBenchmark:
    """`data` holds film_faces_train/ and meld/; `cache` keeps features and opinions; one seed a pairing.

    recipes: those of the table, all when empty. corrected: recipes that are shown with 100 corrections as well.
    """

    data: Path
    cache: Path
    seeds: Sequence[int] = (0, 1, 2, 3, 4)
    recipes: Sequence[str] = ()
    corrected: Sequence[str] = (DEFAULT_RECIPE, "fused")


@dataclass(frozen=True, slots=True, eq=False)
class FilmMaterial:
    """Faces with features (N, 2, D) and lines with opinions, from which every pairing is made."""

    faces: LabelledCrops
    features: np.ndarray
    lines: LabelledLines
    baseline: ImageBaseline

    def trial(self, seed: int) -> Trial:
        """One pairing; its seed also draws the folds, the order of the faces and the dropout."""
        anchor = load_teacher().anchor(ANCHOR)
        n = len(self.faces.gold)
        teacher = self.lines.teacher[pair(self.faces.gold, self.lines.gold, seed)]
        opinions = Opinions(
            teacher=teacher,
            image=self.baseline.probs_from_features(self.features),
            known=np.full(n, -1, np.int64),
            teacher_confusion=anchor.confusion,
            image_confusion=self.baseline.confusion,
            teacher_prior=anchor.prior,
            evidence=anchor.evidence(teacher),
        )
        _, film = np.unique(self.faces.groups, return_inverse=True)
        fitter = HeadFitter(self.features, self.baseline.head)
        return Trial(TrainingSet(np.arange(n), film, opinions), fitter, self.faces.gold, TrainSettings(seed=seed))


def film_material(data: Path, cache: Path) -> Stage[FilmMaterial]:
    """Read faces and lines, and let the networks see each once."""
    faces = film_faces(data / "film_faces_train")
    baseline = load_baseline()
    features = yield from features_kept(cache, baseline.backbone, faces.crops)
    lines = yield from meld_lines(data / "meld", "test", load_teacher(), cache)
    return FilmMaterial(faces, features, lines, baseline)


def benchmark_film(settings: FilmBenchmark) -> Stage[Outcome]:
    """Judge every recipe on all pairings, then what 100 corrections add."""
    recipes = [recipe_named(name).name for name in settings.recipes or RECIPES]
    material = yield from film_material(settings.data, settings.cache)
    trials = [material.trial(seed) for seed in settings.seeds]
    systems = yield from judged(trials, recipes, stage="film")
    corrected = yield from _corrected(trials, material.features, settings.corrected)
    rows = rows_of(material.faces.gold, material.faces.groups, {**systems, **corrected})
    return Outcome("film", rows, _told(settings, material, recipes), _checks(rows))


def _corrected(
    trials: Sequence[Trial], features: np.ndarray, recipes: Sequence[str]
) -> Stage[dict[str, list[np.ndarray]]]:
    """Opinions after about 100 corrections a training part: in all 5/4 as many, as a fifth lies in the judged fold."""
    systems: dict[str, list[np.ndarray]] = {}
    for number, trial in enumerate(trials):
        count = CORRECTIONS * trial.settings.folds // (trial.settings.folds - 1)
        orders = {
            "random": random_order(len(trial.gold), trial.settings.seed),
            "in_review_order": _review_order(trial, features),
        }
        yield Progress("corrections", number, len(trials))
        by_chance = some_known(trial.gold, orders["random"], count)
        systems.setdefault(f"gold_{CORRECTIONS}_alone", []).append(run(gold_ceiling(trial, by_chance)))
        for name in recipes:
            for chosen, order in orders.items():
                helped = trial.with_known(some_known(trial.gold, order, count))
                fitted = run(out_of_fold(helped, recipe_named(name)))
                systems.setdefault(f"{name}+{CORRECTIONS}_{chosen}", []).append(fitted)
    return systems


def _review_order(trial: Trial, features: np.ndarray) -> np.ndarray:
    """(M,) faces in the order in which the app would show them before anybody has spoken."""
    opinions = trial.training.opinions
    posterior = recipe_named(DEFAULT_RECIPE).targets(opinions).probs
    cluster = clusters_of(features.mean(axis=1), trial.settings.seed)
    return expected_gain(opinions.teacher, opinions.image, posterior, cluster, opinions.known).order()


def _told(settings: FilmBenchmark, material: FilmMaterial, recipes: Sequence[str]) -> dict[str, Any]:
    return {
        "pairing": "synthetic: a random line of MELD test of the same emotion for every face",
        "seeds": list(settings.seeds),
        "a_seed_draws": "pairing, folds by film, order of faces, dropout",
        "recipes": list(recipes),
        "faces": len(material.faces.gold),
        "films": len(np.unique(material.faces.groups)),
        "crop": "the middle square of each picture, which is cut to a face already",
        "anchor": ANCHOR,
        "train": TrainSettings(),
        "baseline": material.baseline.identity,
        "teacher": load_teacher().identity,
        "interval": "2000 bootstrap draws of whole films with what all pairings say of them, seed 0",
    }


def _checks(rows: Sequence[dict[str, Any]]) -> list[Check]:
    """What is asked of the default recipe, in points of accuracy; nothing when it was not run."""
    found = {row["name"]: row for row in rows}
    assert IMAGE_ONLY in found
    checks = []
    if default := found.get(DEFAULT_RECIPE):
        interval = default["gain_accuracy_ci95"] or (float("nan"),)
        checks += [
            Check(f"{DEFAULT_RECIPE}: points of accuracy over image only", 3.0, 100 * default["gain_accuracy"]),
            Check(f"{DEFAULT_RECIPE}: lower end of the interval", 0.0, 100 * interval[0]),
            Check(f"{DEFAULT_RECIPE}: macro-F1 over image only", 0.0, 100 * default["gain_macro_f1"]),
        ]
    if with_help := found.get(f"{DEFAULT_RECIPE}+{CORRECTIONS}_random"):
        checks.append(Check(f"{DEFAULT_RECIPE} with 100 corrections", 4.0, 100 * with_help["gain_accuracy"]))
    return checks
