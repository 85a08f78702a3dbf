"""Feature collision: poison with right labels that makes one chosen face be misread (Shafahi et al. 2018)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mmemo.benchmark.robustness.figures import scored
from mmemo.benchmark.robustness.poison import COLLISION, Field, Poisoned, PoisonSizes, Tally, detections, suspects
from mmemo.benchmark.robustness.systems import FUSION, IMAGE, STUDENT, Samples, Trained, trained
from mmemo.fusion.robust.poisoning import colliding
from mmemo.progress import Progress, Stage

_SYSTEMS = (IMAGE, STUDENT, FUSION)


@dataclass(frozen=True, slots=True, eq=False)
class Aim:
    """A face to judge on that shall be misread, its row among them, the class it shall be read as, and the bases.

    `bases`: rows of training faces that show that class; `features` (P, 2, D) those of their poisoned versions.
    """

    row: int
    wanted: int
    bases: np.ndarray
    features: np.ndarray


def collisions(fields: list[Field], sizes: PoisonSizes) -> Stage[list[dict[str, Any]]]:
    """Rows of what collisions do, then rows of what finds them."""
    tallies = {(name, count): Tally() for name in _SYSTEMS for count in sizes.poisons}
    for one in fields:
        clean = {}
        for name in _SYSTEMS:
            clean[name] = yield from trained(name, one.ground, one.clean(), one.seed)
        for number in range(sizes.targets):
            aim = yield from _aimed(one, clean, number, sizes)
            for (name, count), tally in tallies.items():
                yield Progress("collision", number, sizes.targets, f"seed {one.seed}, {name}, {count} faces")
                yield from _hit(one, clean[name], aim, count, tally)
    rows = [_effect(name, count, tally) for (name, count), tally in tallies.items()]
    for (name, count), tally in tallies.items():
        rows += detections(name, f"{COLLISION}, {count} faces", tally)
    return rows


def _aimed(one: Field, clean: dict[str, Trained], number: int, sizes: PoisonSizes) -> Stage[Aim]:
    """A face that image and fusion read rightly, drawn; the class that it shall be read as; and the poison."""
    ground, draw = one.ground, np.random.default_rng([one.seed, 11, number])
    gold = ground.labels[one.test]
    row = int(next(_read_rightly(one, clean, draw)))
    classes, counts = np.unique(ground.labels[one.train], return_counts=True)
    others = classes[(classes != gold[row]) & (counts >= max(sizes.poisons))]
    wanted = int(draw.choice(others if len(others) else classes[classes != gold[row]]))
    bases = draw.permutation(np.flatnonzero(ground.labels[one.train] == wanted))[: max(sizes.poisons)]
    pictures = yield from colliding(
        ground.with_gradients(mirror=True),
        ground.pictures[one.test[row]],
        ground.pictures[one.train[bases]],
        sizes.steps,
    )
    features = yield from ground.features_of(pictures)
    return Aim(row, wanted, bases, features)


def _read_rightly(one: Field, clean: dict[str, Trained], draw: np.random.Generator) -> Iterator[int]:
    ground, gold = one.ground, one.ground.labels[one.test]
    right = np.ones(len(gold), bool)
    for name in (IMAGE, FUSION):
        right &= clean[name].probs(ground.features[one.test], one.test_states).argmax(1) == gold
    yield from draw.permutation(np.flatnonzero(right) if right.any() else np.arange(len(gold))).tolist()


def _hit(one: Field, clean: Trained, aim: Aim, count: int, tally: Tally) -> Stage[None]:
    """Train with the first `count` poisons in the place of their bases; labels and lines stay."""
    ground, samples = one.ground, one.clean()
    bases = aim.bases[:count]
    features = samples.features.copy()
    features[bases] = aim.features[:count]
    poison = np.zeros(len(features), bool)
    poison[bases] = True
    changed = replace(samples, features=features)
    given = ground.opinions[samples.line].argmax(1) if clean.name == STUDENT else samples.labels
    victim = yield from trained(clean.name, ground, changed, one.seed)
    _judge(one, clean, aim, "clean", tally)
    _judge(one, victim, aim, "attacked", tally)
    found = suspects(ground, victim, Poisoned(changed, poison, given), count / len(features), one.seed)
    for detector, flagged in found.items():
        tally.flags.setdefault(detector, []).append((flagged, poison))
    best = "activation clusters"
    again = yield from trained(clean.name, ground, _kept(changed, found[best]), one.seed)
    _judge(one, again, aim, f"defended by {best}", tally)


def _kept(samples: Samples, flagged: np.ndarray) -> Samples:
    return samples.kept(~flagged)


def _judge(one: Field, system: Trained, aim: Aim, key: str, tally: Tally) -> None:
    ground = one.ground
    said = system.probs(ground.features[one.test], one.test_states).argmax(1)
    tally.add(key, said == ground.labels[one.test], ground.films[one.test])
    tally.add(f"{key}: target", said[aim.row : aim.row + 1] == aim.wanted, np.array([f"{one.seed}/{aim.row}"]))


def _effect(name: str, count: int, tally: Tally) -> dict[str, Any]:
    row: dict[str, Any] = {"part": "poison", "name": name, "attack": f"{COLLISION}, {count} faces", "faces": count}
    row |= {"n": sum(map(len, tally.right["clean"])), "targets": len(tally.right["attacked: target"])}
    for key in ("clean", "attacked", "defended by activation clusters"):
        short = key.removeprefix("defended by ")
        for wanted, title in ((key, short), (f"{key}: target", f"success {short}")):
            told = scored("x", np.concatenate(tally.right[wanted]), np.concatenate(tally.films[wanted]))
            row |= {title: told["x"], f"{title}_ci95": told["x_ci95"]}
    return row
