"""`robustness`: clean, attacked and defended, for baseline, student and fusion."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.benchmark.outcome import Outcome
from mmemo.benchmark.robustness.collision import collisions
from mmemo.benchmark.robustness.evasion import ATTACKED, DAMAGED, QUICK, WORDED, EvasionSizes, evasion, pixel_search
from mmemo.benchmark.robustness.figures import lines_of, scored
from mmemo.benchmark.robustness.ground import FOLDS, Ground, ground
from mmemo.benchmark.robustness.poison import QUICK as QUICK_POISON
from mmemo.benchmark.robustness.poison import TARGET, PoisonSizes, fields, poisoning
from mmemo.datasets.ferplus import read_ferplus
from mmemo.errors import InputError, ModelUnavailable
from mmemo.labels import EKMAN7
from mmemo.progress import Stage
from mmemo.store.files import to_json

PARTS = ("evasion", "pixels", "poison", "collision")
FERPLUS = "baseline on FER+ test"
_FERPLUS_FACES = 1000


@dataclass(frozen=True, slots=True)
class RobustnessBenchmark:
    """`data` holds film_faces_train, meld and ferplus; `cache` keeps what frozen networks say of clean pictures."""

    data: Path
    cache: Path
    quick: bool = False
    parts: Sequence[str] = PARTS


def benchmark_robustness(settings: RobustnessBenchmark) -> Stage[Outcome]:
    """Judge all systems on all parts."""
    if unknown := [name for name in settings.parts if name not in PARTS]:
        raise InputError(f"there is no part {', '.join(unknown)}", hint=f"choose from {', '.join(PARTS)}")
    if find_spec("art") is None:
        raise ModelUnavailable(
            "adversarial-robustness-toolbox is not installed", hint="pip install -r requirements-fusion.txt"
        )
    started = time.process_time()
    evading = QUICK if settings.quick else EvasionSizes()
    tampering = QUICK_POISON if settings.quick else PoisonSizes()
    found = yield from ground(settings.data, settings.cache)
    rows: list[dict[str, Any]] = [_on_ferplus(found, settings.data)]
    if "evasion" in settings.parts:
        rows += yield from evasion(found, evading)
    if "pixels" in settings.parts:
        rows += yield from pixel_search(found, evading)
    if {"poison", "collision"} & set(settings.parts):
        seeds = yield from fields(found, tampering.seeds)
        if "poison" in settings.parts:
            rows += yield from poisoning(seeds, tampering)
        if "collision" in settings.parts:
            rows += yield from collisions(seeds, tampering)
    return Outcome("robustness", rows, _told(settings, found, evading, tampering, time.process_time() - started))


def _on_ferplus(found: Ground, data: Path) -> dict[str, Any]:
    """That the baseline works where it was made for, so that what is attacked is no guess."""
    faces = read_ferplus(data / "ferplus" / "test.npz")
    crops = faces.crops()[:_FERPLUS_FACES]
    right = found.baseline.probs(crops).argmax(1) == faces.labels[: len(crops)]
    row: dict[str, Any] = {"part": FERPLUS, "name": "baseline", "attack": "none", "n": len(crops)}
    return row | scored("clean", right, np.arange(len(crops)))


def _told(
    settings: RobustnessBenchmark, found: Ground, evading: EvasionSizes, tampering: PoisonSizes, seconds: float
) -> dict[str, Any]:
    return {
        "pairing": "synthetic: a line of MELD test of the same emotion for each film face; trained on lines of one half of the dialogues, judged on the other",
        "faces": len(found.labels),
        "films": len(np.unique(found.films)),
        "trained_on": f"{FOLDS - 1} of {FOLDS} of the films, judged on the rest",
        "interval": "2000 bootstrap draws of whole films with what all seeds say of them, seed 0; of chosen faces for success of collisions",
        "attacker": "knows all weights and the right class, may not know of the defence",
        "evasion": {**asdict(evading), "seed": 0, "pixel_search": "100 candidates a generation"},
        "poison": {**asdict(tampering), "back_door_says": EKMAN7.labels[TARGET]},
        "cpu_seconds": round(seconds, 1),
    }


_OF_EVASION = {
    "attack": "", "name": "system", "n": "faces", "clean": "clean %", "attacked": "attacked %",
    "defended": "defended %", "clean_defended": "clean, defended %",
}  # fmt: skip
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    FERPLUS: {"name": "", "n": "faces", "clean": "right %"},
    ATTACKED: _OF_EVASION,
    DAMAGED: _OF_EVASION,
    WORDED: _OF_EVASION,
    "detection": {
        "attack": "", "system": "system", "name": "detector", "flagged": "flagged", "precision": "precision %",
        "precision_by_chance": "by chance %", "recall": "recall %", "recall_by_chance": "by chance %",
    },
}  # fmt: skip


def table_lines(outcome: Outcome) -> list[str]:
    """All tables for a terminal."""
    lines: list[str] = []
    for part in dict.fromkeys(str(row["part"]) for row in outcome.rows):
        rows = [row for row in outcome.rows if row["part"] == part]
        for title, some, columns in _tables(part, rows):
            lines += ["", f"robustness, {title}", *lines_of(some, columns)]
    return [*lines, "", to_json(outcome.settings)]


def _tables(
    part: str, rows: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[str, Sequence[Mapping[str, Any]], Mapping[str, str]]]:
    """Title, rows and columns; of poison the accuracy, then how often the attacker gets what is wanted."""
    if part in _COLUMNS:
        yield part, rows, _COLUMNS[part]
        return
    keys = [key for key in dict.fromkeys(key for row in rows for key in row) if not key.endswith("_ci95")]
    named = {"attack": "", "name": "system"}
    shares = [key for key in keys if key not in (*named, "part", "rate", "n", "faces", "targets")]
    yield f"{part}: right %", rows, named | {key: key for key in shares if not key.startswith("success")}
    opened = [row for row in rows if "success attacked" in row]
    if opened:
        wanted = {key: key.removeprefix("success ") for key in shares if key.startswith("success")}
        yield f"{part}: what the attacker wants is said, %", opened, named | wanted
