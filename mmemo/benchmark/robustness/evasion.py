"""Pictures and lines that are changed after training: by an attacker who knows the weights, or by bad luck."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmemo.benchmark.robustness.figures import scored
from mmemo.benchmark.robustness.ground import Ground
from mmemo.benchmark.robustness.systems import BASELINE, FUSION, STUDENT, Samples, Trained, trained
from mmemo.fusion.robust.attacks import Attack, attacked, cleaned, few_pixels, fgsm, pgd
from mmemo.fusion.robust.corruptions import CORRUPTIONS, STRENGTHS, corrupted, damaged_anyhow
from mmemo.fusion.robust.wording import WORDINGS, reworded
from mmemo.progress import Progress, Stage

_SYSTEMS = (BASELINE, STUDENT, FUSION)
_SHARES = (0.05, 0.1, 0.2)
ATTACKED, DAMAGED, WORDED = "attacked pictures", "damaged pictures", "damaged lines"
WASHED, HARDENED = "median and JPEG", "trained on damaged copies"


@dataclass(frozen=True, slots=True)
class EvasionSizes:
    """Faces that are judged on: by gradient, pixel by pixel, damaged; the steps of PGD and generations of a search."""

    by_gradient: int = 80
    by_pixels: int = 6
    damaged: int = 200
    steps: int = 10
    generations: int = 4


QUICK = EvasionSizes(by_gradient=24, by_pixels=2, damaged=60, steps=5, generations=2)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Faces to judge on, the same for every system: rows of the ground (M,), their lines (M,) and states (M, E)."""

    rows: np.ndarray
    line: np.ndarray
    states: np.ndarray


def pixel_search(ground: Ground, sizes: EvasionSizes, seed: int = 0) -> Stage[list[dict[str, Any]]]:
    """Rows of all systems when a few pixels are changed: thousands of looks a face, so that the faces are few."""
    samples = _samples(ground, seed)
    systems: dict[str, Trained] = {}
    for name in _SYSTEMS:
        systems[name] = yield from trained(name, ground, samples, seed)
    attacks = [
        (f"{count} pixel{'s' if count > 1 else ''}", few_pixels(count, generations=sizes.generations))
        for count in (1, 5)
    ]
    return (yield from _under_attack(ground, systems, _first(_judged(ground, seed), sizes.by_pixels), attacks))


def evasion(ground: Ground, sizes: EvasionSizes, seed: int = 0) -> Stage[list[dict[str, Any]]]:
    """Rows of all systems under attack by gradient and under damage; one seed, since faces are what varies most."""
    samples = _samples(ground, seed)
    copies = yield from _damaged_copies(ground, samples, ground.split(seed)[0], seed)
    systems: dict[str, Trained] = {}
    hardened: dict[str, Trained] = {}
    for name in _SYSTEMS:
        yield Progress("train", len(systems), len(_SYSTEMS), name)
        systems[name] = yield from trained(name, ground, samples, seed)
        if name != BASELINE:
            hardened[name] = yield from trained(name, ground, copies, seed)
    judged = _judged(ground, seed)
    attacks = [
        ("fgsm, 2 levels", fgsm(2)),
        ("fgsm, 8 levels", fgsm(8)),
        (f"pgd, 2 levels, {sizes.steps} steps", pgd(2, sizes.steps)),
    ]
    rows = yield from _under_attack(ground, systems, _first(judged, sizes.by_gradient), attacks)
    rows += yield from _damaged(ground, systems, hardened, _first(judged, sizes.damaged))
    rows += _worded(ground, systems[FUSION], hardened[FUSION], _first(judged, sizes.damaged), seed)
    return rows


def _samples(ground: Ground, seed: int) -> Samples:
    """What the systems learn from, as nobody touched it."""
    rows = ground.split(seed)[0]
    line = ground.lines_for(rows, 0, seed)
    features, states = ground.features[rows], ground.states[line]
    return Samples(features, line, states, ground.labels[rows], ground.films[rows], np.arange(len(rows)))


def _judged(ground: Ground, seed: int) -> Judged:
    """The faces of the other films in a drawn order, so that the first of them are a fair choice."""
    order = np.random.default_rng([seed, 3]).permutation(ground.split(seed)[1])
    line = ground.lines_for(order, 1, seed)
    return Judged(order, line, ground.states[line])


def _damaged_copies(ground: Ground, samples: Samples, rows: np.ndarray, seed: int) -> Stage[Samples]:
    """Each training face a second time, with damage of a drawn kind, and its line with a tenth of its letters wrong."""
    features = yield from ground.features_of(damaged_anyhow(ground.pictures[rows], seed), keep=True)
    texts = reworded([ground.lines.texts[row] for row in samples.line], "typos", 0.1, seed)  # type: ignore[index]
    return samples.with_copies(features, ground.states_of(samples.line, texts))


def _first(judged: Judged, count: int) -> Judged:
    return Judged(judged.rows[:count], judged.line[:count], judged.states[:count])


def _row(
    ground: Ground, system: Trained, judged: Judged, part: str, attack: str, probs: Mapping[str, np.ndarray | None]
) -> dict[str, Any]:
    gold, films = ground.labels[judged.rows], ground.films[judged.rows]
    row: dict[str, Any] = {"part": part, "name": system.name, "attack": attack, "n": len(gold)}
    for key, said in probs.items():
        row |= {key: None, f"{key}_ci95": None} if said is None else scored(key, said.argmax(1) == gold, films)
    return row


def _under_attack(
    ground: Ground, systems: Mapping[str, Trained], some: Judged, attacks: Sequence[tuple[str, Attack]]
) -> Stage[list[dict[str, Any]]]:
    rows = []
    for label, attack in attacks:
        clean = ground.pictures[some.rows]
        washed = yield from ground.features_of(cleaned(clean))
        for system in systems.values():
            changed = yield from attacked(
                system.system(some.states),
                clean,
                ground.labels[some.rows],
                np.arange(len(clean)),
                attack,
                f"{label}, {system.name}",
            )
            features = yield from ground.features_of(changed)
            defended = yield from ground.features_of(cleaned(changed))
            said = {
                "clean": system.probs(ground.features[some.rows], some.states),
                "attacked": system.probs(features, some.states),
                "defended": system.probs(defended, some.states),
                "clean_defended": system.probs(washed, some.states),
            }
            rows.append(_row(ground, system, some, ATTACKED, label, said) | {"defence": WASHED})
    return rows


def _damaged(
    ground: Ground, systems: Mapping[str, Trained], hardened: Mapping[str, Trained], judged: Judged
) -> Stage[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    clean = ground.features[judged.rows]
    for kind in CORRUPTIONS:
        for strength in STRENGTHS:
            yield Progress("damage", len(rows), len(CORRUPTIONS) * len(STRENGTHS) * len(systems), f"{kind} {strength}")
            features = yield from ground.features_of(corrupted(ground.pictures[judged.rows], kind, strength))
            for name, system in systems.items():
                other = hardened.get(name)
                said = {
                    "clean": system.probs(clean, judged.states),
                    "attacked": system.probs(features, judged.states),
                    "defended": None if other is None else other.probs(features, judged.states),
                    "clean_defended": None if other is None else other.probs(clean, judged.states),
                }
                row = _row(ground, system, judged, DAMAGED, f"{kind} {strength}", said)
                rows.append(row | {"defence": None if other is None else HARDENED})
    return rows


def _worded(ground: Ground, system: Trained, other: Trained, judged: Judged, seed: int) -> list[dict[str, Any]]:
    """Baseline and student read no line when they answer, so only the fusion model can be harmed."""
    rows = []
    clean = ground.features[judged.rows]
    texts = ground.lines.texts
    assert texts is not None
    for kind in WORDINGS:
        for share in _SHARES:
            words = reworded([texts[row] for row in judged.line], kind, share, seed)
            states = ground.states_of(judged.line, words)
            said = {
                "clean": system.probs(clean, judged.states),
                "attacked": system.probs(clean, states),
                "defended": other.probs(clean, states),
                "clean_defended": other.probs(clean, judged.states),
            }
            label = f"{kind.replace('_', ' ')}, {share:.0%}"
            rows.append(_row(ground, system, judged, WORDED, label, said) | {"defence": HARDENED})
    return rows
