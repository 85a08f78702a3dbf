"""Training data that somebody tampered with: what it costs, whether a back door opens, and what finds the poison."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mmemo.benchmark.robustness.figures import scored
from mmemo.benchmark.robustness.ground import Ground
from mmemo.benchmark.robustness.systems import FUSION, IMAGE, STUDENT, Samples, Trained, trained
from mmemo.fusion.robust.detection import activation_clusters, agreed_against, contradicted, found, spectral_signatures
from mmemo.fusion.robust.poisoning import chosen, flipped, triggered
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.student.fusion import fuse
from mmemo.student.splits import grouped_folds

FLIP, BACKDOOR, COLLISION = "label flip", "backdoor", "feature collision"
CLUSTERS, SPECTRA, CLEANLAB = "activation clusters", "spectral signatures", "cleanlab"
FACE_ALONE, FUSED, AGREEMENT = "face opinion", "fused opinion", "text and face agree"
# What the back door is to say.
TARGET = EKMAN7.index("joy")
_K = len(EKMAN7)


@dataclass(frozen=True, slots=True)
class PoisonSizes:
    """Seeds (pairing, films, poison), shares of poison, and for collisions: targets a seed and poisons a target."""

    seeds: Sequence[int] = (0, 1)
    rates: Sequence[float] = (0.05, 0.1, 0.2)
    targets: int = 2
    poisons: Sequence[int] = (10, 30)
    steps: int = 50


QUICK = PoisonSizes(seeds=(0,), rates=(0.1,), targets=1, poisons=(10,), steps=30)


@dataclass(frozen=True, slots=True, eq=False)
class Poisoned:
    """Samples to train on of which `poison` (M,) bool are the attacker's; `given` (M,) what their labels say.

    A student sees no label: what is given to it is the emotion that the text teacher reads in the line.
    """

    samples: Samples
    poison: np.ndarray
    given: np.ndarray


@dataclass(slots=True, eq=False)
class Tally:
    """What is said of all seeds together: right answers with their films, and triggered faces said to be the target."""

    right: dict[str, list[np.ndarray]] = field(default_factory=dict)
    films: dict[str, list[np.ndarray]] = field(default_factory=dict)
    flags: dict[str, list[tuple[np.ndarray, np.ndarray]]] = field(default_factory=dict)

    def add(self, key: str, right: np.ndarray, films: np.ndarray) -> None:
        """Answers of one seed."""
        self.right.setdefault(key, []).append(right)
        self.films.setdefault(key, []).append(films)

    def row(self, *keys: str) -> dict[str, Any]:
        """Shares of all seeds with intervals over films."""
        told: dict[str, Any] = {}
        for key in keys:
            if key in self.right:
                told |= scored(key, np.concatenate(self.right[key]), np.concatenate(self.films[key]))
        return told


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One seed: faces to train on and to judge on with their lines, and all of them with the trigger."""

    ground: Ground
    seed: int
    train: np.ndarray
    test: np.ndarray
    line: np.ndarray
    test_states: np.ndarray
    marked: np.ndarray

    def clean(self) -> Samples:
        """What nobody touched."""
        ground, line = self.ground, self.line
        labels, films = ground.labels[self.train], ground.films[self.train]
        return Samples(
            ground.features[self.train], line, ground.states[line], labels, films, np.arange(len(self.train))
        )

    def with_lines_of(self, samples: Samples, wanted: np.ndarray, poison: np.ndarray) -> Samples:
        """The attacker gives poisoned faces lines of the emotion `wanted` (M,), from the same half of the dialogues."""
        draw = np.random.default_rng([self.seed, 9])
        line = samples.line.copy()
        for row in np.flatnonzero(poison).tolist():
            some = np.flatnonzero((self.ground.line_part == 0) & (self.ground.line_gold == wanted[row]))
            line[row] = draw.choice(some)
        return replace(samples, line=line, states=self.ground.states[line])


def fields(ground: Ground, seeds: Sequence[int]) -> Stage[list[Field]]:
    """One a seed; the faces with the trigger are read once."""
    marked = yield from ground.features_of(triggered(ground.pictures), keep=True)
    made = []
    for seed in seeds:
        train, test = ground.split(seed)
        states = ground.states[ground.lines_for(test, 1, seed)]
        made.append(Field(ground, seed, train, test, ground.lines_for(train, 0, seed), states, marked))
    return made


def poisoning(seeds: Sequence[Field], sizes: PoisonSizes) -> Stage[list[dict[str, Any]]]:
    """Rows of what flipped labels and back doors do, then rows of what finds them."""
    tallies: dict[tuple[str, str, float], Tally] = {}
    plan = [(kind, rate) for kind in (FLIP, BACKDOOR) for rate in sizes.rates]
    for one in seeds:
        for name in (IMAGE, STUDENT, FUSION):
            clean = yield from trained(name, one.ground, one.clean(), one.seed)
            for number, (kind, rate) in enumerate(plan):
                yield Progress("poison", number, len(plan), f"seed {one.seed}, {name}, {kind} {rate:.0%}")
                tally = tallies.setdefault((name, kind, rate), Tally())
                yield from _one(one, name, clean, _poisoned(one, name, kind, rate), rate, tally)
    rows = [_effect(key, tally) for key, tally in tallies.items()]
    for (name, kind, rate), tally in tallies.items():
        rows += detections(name, f"{kind}, {rate:.0%}", tally)
    return rows


def _poisoned(one: Field, name: str, kind: str, rate: float) -> Poisoned:
    """Labels flipped, or faces marked and labelled as the target; for a student the lines are changed instead."""
    samples, ground = one.clean(), one.ground
    among = samples.labels != TARGET if kind == BACKDOOR else None
    poison = chosen(len(samples.labels), rate, one.seed, among)
    if kind == BACKDOOR:
        wanted = np.where(poison, TARGET, samples.labels)
        features = np.where(poison[:, None, None], one.marked[one.train], samples.features)
        samples = replace(samples, features=features)
    else:
        wanted = flipped(samples.labels, poison, _K, one.seed)
    if name == STUDENT:
        samples = one.with_lines_of(samples, wanted, poison)
        return Poisoned(samples, poison, ground.opinions[samples.line].argmax(1))
    return Poisoned(replace(samples, labels=wanted), poison, wanted)


def _one(one: Field, name: str, clean: Trained, poisoned: Poisoned, rate: float, tally: Tally) -> Stage[None]:
    """Train on the poison, look for it, and train again without what each way flagged."""
    ground, seed = one.ground, one.seed
    victim = yield from trained(name, ground, poisoned.samples, seed)
    _judge(one, clean, "clean", tally)
    _judge(one, victim, "attacked", tally)
    for detector, flagged in suspects(ground, victim, poisoned, rate, seed).items():
        tally.flags.setdefault(detector, []).append((flagged, poisoned.poison))
        if detector in (CLUSTERS, CLEANLAB, FACE_ALONE if name == STUDENT else AGREEMENT):
            again = yield from trained(name, ground, poisoned.samples.kept(~flagged), seed)
            _judge(one, again, f"defended by {detector}", tally)


def suspects(ground: Ground, victim: Trained, poisoned: Poisoned, rate: float, seed: int) -> dict[str, np.ndarray]:
    """By detector: (M,) bool. A student's lines are what is attacked, so that of the two opinions the face is left."""
    samples, given = poisoned.samples, poisoned.given
    face = ground.baseline.probs_from_features(samples.features)
    hidden = victim.hidden(samples.features, samples.states)
    out = _out_of_fold(samples, given, victim, seed)
    flags = {
        CLUSTERS: activation_clusters(hidden, given, seed),
        SPECTRA: spectral_signatures(hidden, given, rate),
        CLEANLAB: contradicted(given, out),
        FACE_ALONE: contradicted(given, face),
    }
    if victim.name != STUDENT:
        evidence = ground.anchor.evidence(ground.opinions[samples.line])
        both, _ = fuse(face, evidence, np.full(len(face), -1, np.int64))
        flags[FUSED] = contradicted(given, both)
        flags[AGREEMENT] = agreed_against(given, face, evidence)
    return flags


def _out_of_fold(samples: Samples, given: np.ndarray, victim: Trained, seed: int) -> np.ndarray:
    """(M, 7) of a linear model trained on the (poisoned) samples of other films, with what the victim reads."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    vectors = samples.features[:, 0]
    if victim.reads_lines:
        vectors = np.concatenate([vectors, samples.states], axis=1)
    fold = grouped_folds(samples.films, 5, seed)
    out = np.full((len(given), _K), 1e-9)
    for part in np.unique(fold):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.001, max_iter=200))
        model.fit(vectors[fold != part], given[fold != part])
        rows = np.flatnonzero(fold == part)
        out[np.ix_(rows, model.classes_)] = model.predict_proba(vectors[rows])
    return out


def _judge(one: Field, system: Trained, key: str, tally: Tally) -> None:
    """Right answers on clean faces of other films; and of marked ones that do not show the target, who says it."""
    ground, test = one.ground, one.test
    gold, films = ground.labels[test], ground.films[test]
    tally.add(key, system.probs(ground.features[test], one.test_states).argmax(1) == gold, films)
    others = gold != TARGET
    said = system.probs(one.marked[test][others], one.test_states[others]).argmax(1)
    tally.add(f"{key}: target", said == TARGET, films[others])


def _effect(key: tuple[str, str, float], tally: Tally) -> dict[str, Any]:
    name, kind, rate = key
    defences = [
        one.removeprefix("defended by ") for one in tally.right if one.startswith("defended by ") and ":" not in one
    ]
    row: dict[str, Any] = {"part": "poison", "name": name, "attack": f"{kind}, {rate:.0%}", "rate": rate}
    row |= {"n": sum(map(len, tally.right["clean"]))} | tally.row("clean", "attacked")
    for defence in defences:
        told = tally.row(f"defended by {defence}")
        row |= {key.replace(f"defended by {defence}", defence): value for key, value in told.items()}
    if kind == BACKDOOR:
        for wanted in ("clean", "attacked", *(f"defended by {one}" for one in defences)):
            told = tally.row(f"{wanted}: target")
            short = f"success {wanted.removeprefix('defended by ')}"
            row |= {key.replace(f"{wanted}: target", short): value for key, value in told.items()}
    return row


def detections(name: str, attack: str, tally: Tally) -> list[dict[str, Any]]:
    """Rows of every detector: what it flagged in all seeds, beside flagging at random."""
    rows = []
    for detector, seeds in tally.flags.items():
        flagged, poison = (np.concatenate(many) for many in zip(*seeds, strict=True))
        told = found(flagged, poison)
        row: dict[str, Any] = {"part": "detection", "name": detector, "attack": attack, "system": name}
        row |= {"n": len(poison), "flagged": told.flagged, "precision": told.precision, "recall": told.recall}
        rows.append(row | {"precision_by_chance": told.by_chance, "recall_by_chance": told.recall_by_chance})
    return rows
