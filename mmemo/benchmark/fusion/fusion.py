"""`fusion`: every fusion model beside the single modalities, on two made pairings and two episodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmemo.benchmark.fusion.entries import CLIP_ROWS, ENTRIES, IMAGE_ROW, NO_CLIP, TEXT_ROW, Entry, clip_entries
from mmemo.benchmark.fusion.episodes import episode_dev_part, sample_part
from mmemo.benchmark.fusion.judging import judge
from mmemo.benchmark.fusion.material import FOLDS, Material, meld_film, msctd_ferplus
from mmemo.benchmark.fusion.table import rows_of
from mmemo.benchmark.outcome import Outcome
from mmemo.errors import InputError
from mmemo.fusion.encoders.image_text import TWO_TOWERS, image_text_network
from mmemo.progress import Progress, Stage

PARTS = ("meld_film", "msctd_ferplus", "sample", "episode_dev")
_SINGLE = (TEXT_ROW, IMAGE_ROW)
_QUICK_PAIRS, _PAIRS = 400, 600


@dataclass(frozen=True, slots=True)
class FusionBenchmark:
    """`data` holds film_faces_train, meld, ferplus, msctd and episode_dev; `cache` keeps what frozen networks say.

    models: rows of the table, all when empty; the single modalities are always there. clip: a folder with the weights
    of an image-text model; without it the rows clip_* say that there is none.
    """

    data: Path
    cache: Path
    seeds: Sequence[int] = (0,)
    quick: bool = False
    models: Sequence[str] = ()
    parts: Sequence[str] = PARTS
    clip: Path | None = None


def benchmark_fusion(settings: FusionBenchmark) -> Stage[Outcome]:
    """Judge all rows on all parts."""
    if unknown := [name for name in settings.parts if name not in PARTS]:
        raise InputError(f"there is no part {', '.join(unknown)}", hint=f"choose from {', '.join(PARTS)}")
    entries, missing = chosen(settings)
    if settings.quick:
        settings = replace(settings, seeds=tuple(settings.seeds)[:1])
    rows: list[dict[str, Any]] = []
    says, units = {}, {}
    for name in settings.parts:
        yield Progress("fusion", settings.parts.index(name), len(settings.parts), name)
        material = yield from _material(name, settings)
        judged = yield from judge(material, entries, settings.seeds, settings.cache)
        rows += rows_of(material, [material.pairing(seed) for seed in settings.seeds], judged)
        rows += [{"name": row, "part": name, "missing": why} for row, why in missing.items()]
        says[name], units[name] = material.says, material.unit
    return Outcome("fusion", rows, _told(settings, says, units))


def chosen(settings: FusionBenchmark) -> tuple[list[Entry], dict[str, str]]:
    """The rows to judge, and those that cannot be judged here with the reason."""
    entries, missing = list(ENTRIES), dict.fromkeys(CLIP_ROWS, NO_CLIP)
    if settings.clip is not None:
        network = image_text_network(str(settings.clip))
        entries += clip_entries(str(settings.clip), network.kind in TWO_TOWERS)
        missing = {}
    known = [*(entry.name for entry in entries), *missing]
    if unknown := [name for name in settings.models if name not in known]:
        raise InputError(f"there is no row {', '.join(unknown)}", hint=f"choose from {', '.join(known)}")
    wanted = {*(settings.models or known), *_SINGLE}
    # A row that joins the members of another one can train them itself.
    kept = [
        replace(entry, shares=entry.shares if entry.shares in wanted else "")
        for entry in entries
        if entry.name in wanted
    ]
    return kept, {name: why for name, why in missing.items() if name in wanted}


def _material(name: str, settings: FusionBenchmark) -> Stage[Material]:
    if name == "sample":
        return (yield from sample_part(settings.cache))
    if name == "episode_dev":
        return (yield from episode_dev_part(settings.data, settings.cache))
    if name == "meld_film":
        return meld_film(settings.data, _QUICK_PAIRS if settings.quick else None)
    return msctd_ferplus(settings.data, _QUICK_PAIRS if settings.quick else _PAIRS)


def _told(settings: FusionBenchmark, says: dict[str, str], units: dict[str, str]) -> dict[str, Any]:
    return {
        "parts": says,
        "pairing": "synthetic in every part: see docs/models.md",
        "unit": units,
        "seeds": list(settings.seeds),
        "a_seed_draws": "pairing, folds, weights, order of samples, dropout",
        "folds": FOLDS,
        "validation": "15 % of the groups of the training folds; early stopping and weights of members see nothing else",
        "interval": "2000 bootstrap draws of whole units with what all seeds say of them, seed 0",
        "train_s": "CPU seconds to train on one set of folds, features read before",
        "predict_ms": "CPU milliseconds a sample in a batch of 16, frozen networks included",
        "retrieval": "a face is paired with any line of its class, so no more than the class can be found again",
        "operations": "of one sample, frozen networks included; a multiply and an add are two",
    }
