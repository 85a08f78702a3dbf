"""`corrections`: how fast a person's corrections pay off, and how much more in the proposed order than in any order.

The curve is on film faces with synthetic pairings, where a correction is the face's gold; the time is measured on
20,000 made-up features of the right size, because a head takes as long on any.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.benchmark.outcome import Check, Outcome
from mmemo.benchmark.weak.film import FilmMaterial, film_material
from mmemo.benchmark.weak.pairing import random_order, some_known
from mmemo.benchmark.weak.protocol import Trial, out_of_fold
from mmemo.benchmark.weak.table import DEFAULT_RECIPE, rows_of
from mmemo.evaluate.rows import IMAGE_ONLY
from mmemo.evaluate.statistics import paired_gain
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage, run
from mmemo.student.crossfit import TrainingSet, cross_fit
from mmemo.student.fitters import HeadFitter
from mmemo.student.heads import LinearHead
from mmemo.student.quick import quick_for_many
from mmemo.student.recipes import recipe_named
from mmemo.student.review_order import clusters_of, expected_gain
from mmemo.student.settings import TrainSettings
from mmemo.student.targets import Opinions

SEEDS = (0, 1, 2, 3, 4)
COUNTS = (0, 25, 50, 100, 200)
FACES = 20_000
_CLASSES, _WIDTH = len(EKMAN7), 1280
_FACES_A_TRACK, _TRACKS_A_SCENE = 3, 8
ORDERS = ("active", "random")


@dataclass(frozen=True, slots=True)
class CorrectionsBenchmark:
    """`data` holds film_faces_train/ and meld/, or is None for the time alone; `cache` keeps features and opinions.

    counts: corrections in the training part of each fold; one seed a pairing; `faces` of the timed set.
    """

    data: Path | None
    cache: Path
    seeds: Sequence[int] = SEEDS
    counts: Sequence[int] = COUNTS
    recipe: str = DEFAULT_RECIPE
    faces: int = FACES


def benchmark_corrections(settings: CorrectionsBenchmark) -> Stage[Outcome]:
    """Time one retraining, then draw the curve over corrections in both orders."""
    yield Progress("time", 0, 1, f"{settings.faces:,} faces")
    timed = time_retraining(settings.faces, settings.recipe)
    rows: list[dict[str, Any]] = []
    told: dict[str, Any] = {"recipe": settings.recipe, "seeds": list(settings.seeds), "timed": timed}
    checks = [Check(f"{settings.faces:,} faces: seconds to re-estimate and retrain", 10.0, timed["wall_s"], True)]
    if settings.data is not None:
        material = yield from film_material(settings.data, settings.cache)
        systems = yield from curve(material, settings)
        rows = rows_of(material.faces.gold, material.faces.groups, systems)
        paired = _paired(material, systems, settings.counts)
        told["active_over_random"] = paired
        checks += [
            Check(f"{count} corrections: points of the proposed order over a random one", 0.0, 100 * gain["accuracy"])
            for count, gain in paired.items()
        ]
        told["pairing"] = "synthetic: a random line of MELD test of the same emotion for every face"
        told["corrections"] = "gold of the chosen faces; as many in the training part of each fold, on average"
        found = {row["name"]: row for row in rows}
        best = found.get(f"{settings.recipe}+100_active")
        if best is not None:
            checks.append(
                Check("100 corrections, proposed order: points over image only", 4.0, 100 * best["gain_accuracy"])
            )
    return Outcome("corrections", rows, told, checks)


def curve(material: FilmMaterial, settings: CorrectionsBenchmark) -> Stage[dict[str, list[np.ndarray]]]:
    """Out-of-fold opinions (M, 7) by system, one array a pairing: image only, and every count in both orders."""
    recipe = recipe_named(settings.recipe)
    cluster = clusters_of(material.features.mean(1))
    systems: dict[str, list[np.ndarray]] = {}
    for number, seed in enumerate(settings.seeds):
        trial = material.trial(seed)
        systems.setdefault(IMAGE_ONLY, []).append(trial.training.opinions.image)
        for order in ORDERS:
            for count, known in zip(settings.counts, _known(trial, order, cluster, settings), strict=True):
                name = f"{recipe.name}+{count}_{order}" if count else recipe.name
                if count == 0 and order != ORDERS[0]:
                    continue
                yield Progress("curve", number, len(settings.seeds), f"seed {seed}, {name}")
                systems.setdefault(name, []).append(run(out_of_fold(trial.with_known(known), recipe)))
    return systems


def _known(trial: Trial, order: str, cluster: np.ndarray, settings: CorrectionsBenchmark) -> list[np.ndarray]:
    """(M,) gold of the faces that were corrected by then, -1 elsewhere, for every count."""
    folds = trial.settings.folds
    totals = [count * folds // (folds - 1) for count in settings.counts]
    if order == "random":
        shuffled = random_order(len(trial.gold), trial.settings.seed)
        return [some_known(trial.gold, shuffled, total) for total in totals]
    known, found = np.full(len(trial.gold), -1, np.int64), []
    for total in totals:
        opinions = trial.with_known(known).training.opinions
        posterior = recipe_named(settings.recipe).targets(opinions).probs
        order_now = expected_gain(opinions.teacher, opinions.image, posterior, cluster, known).order()
        chosen = order_now[: total - int((known >= 0).sum())]
        known = known.copy()
        known[chosen] = trial.gold[chosen]
        found.append(known)
    return found


def _paired(
    material: FilmMaterial, systems: dict[str, list[np.ndarray]], counts: Sequence[int]
) -> dict[str, dict[str, Any]]:
    """What the proposed order gains over a random one, with the interval over films, all pairings together."""
    found: dict[str, dict[str, Any]] = {}
    for count in counts:
        pair = [next((v for k, v in systems.items() if k.endswith(f"+{count}_{order}")), None) for order in ORDERS]
        if pair[0] is None or pair[1] is None:
            continue
        seeds = len(pair[0])
        active, random = (np.concatenate(opinions).argmax(1) for opinions in pair if opinions is not None)
        gold, films = np.tile(material.faces.gold, seeds), np.tile(material.faces.groups, seeds)
        gain = paired_gain(gold, active, random, films)
        found[str(count)] = {
            "accuracy": gain.accuracy,
            "accuracy_ci95": gain.accuracy_ci95,
            "macro_f1": gain.macro_f1,
            "macro_f1_ci95": gain.macro_f1_ci95,
        }
    return found


def time_retraining(faces: int, recipe: str = DEFAULT_RECIPE, seed: int = 0) -> dict[str, Any]:
    """Seconds to estimate the noise again and to train every head again, on made-up features of the right size.

    `cpu_s` is what the process used: on a busy machine it says more than `wall_s`. The accuracies show that the
    quick head learns: the made-up faces of a class lie around one point, and the teacher is right in half of them.
    """
    training, fitter, gold = made_up(faces, seed)
    wall, cpu = time.perf_counter(), time.process_time()
    fit = run(cross_fit(training, quick_for_many(fitter), recipe_named(recipe), TrainSettings(recipe=recipe)))
    seconds = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    hints = time.process_time()
    opinions = training.opinions
    cluster = clusters_of(training.mean_by_track(fitter.features.mean(1)))
    expected_gain(opinions.teacher, opinions.image, fit.targets.probs, cluster, opinions.known)
    seconds["cpu_of_the_next_review_order_s"] = time.process_time() - hints
    image = training.opinions.image[training.item_of_face].argmax(1)
    return {
        "faces": faces,
        "tracks": len(training.group_of_item),
        "features": "made up",
        **{name: round(value, 2) for name, value in seconds.items()},
        "heads": int(fit.curves["fold"].nunique()),
        "image_only_accuracy": float((image == gold).mean()),
        "student_accuracy": float((fit.out_of_fold.argmax(1) == gold).mean()),
    }


def made_up(faces: int, seed: int) -> tuple[TrainingSet, HeadFitter, np.ndarray]:
    """A training set of so many faces in tracks of three and scenes of eight tracks, its fitter, and gold (N,)."""
    draw = np.random.default_rng(seed)
    tracks = -(-faces // _FACES_A_TRACK)
    item = np.arange(faces) // _FACES_A_TRACK
    gold = draw.integers(0, _CLASSES, tracks)
    middle = draw.normal(0, 0.06, (_CLASSES, _WIDTH)).astype(np.float32)
    features = draw.standard_normal((faces, 2, _WIDTH), dtype=np.float32) + middle[gold[item]][:, None]
    weight = (0.3 * middle + draw.normal(0, 0.03, middle.shape)).astype(np.float32)
    start = LinearHead(weight, np.zeros(_CLASSES, np.float32))
    said = np.where(draw.random(tracks) < 0.42, gold, draw.integers(0, _CLASSES, tracks))
    teacher = (0.5 * np.eye(_CLASSES)[said] + 0.5 * draw.dirichlet(np.ones(_CLASSES), tracks)).astype(np.float32)
    confusion = (0.3 * np.eye(_CLASSES) + 0.1).astype(np.float32)
    known = np.where(np.arange(tracks) < 100, gold, -1)
    image = np.zeros((tracks, _CLASSES), np.float32)
    prior = np.full(_CLASSES, 1 / _CLASSES, np.float32)
    opinions = Opinions(teacher, image, known, confusion, confusion, prior)
    training = TrainingSet(item, np.arange(tracks) // _TRACKS_A_SCENE, opinions)
    image[:] = training.mean_by_track(start.probs(features))
    return training, HeadFitter(features, start), gold[item]
