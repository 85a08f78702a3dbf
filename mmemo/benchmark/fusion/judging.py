"""One part of the table: every row is trained on all folds but one and judged on that one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from mmemo.benchmark.fusion.entries import Entry, training_of
from mmemo.benchmark.fusion.material import Material, Pairing, taken
from mmemo.datasets.paired import FACE, PairedSet
from mmemo.fusion.building import new_model
from mmemo.fusion.encoders import TEXT, Encoder, new_encoder
from mmemo.fusion.model import FusionModel, answers
from mmemo.fusion.models.ensemble import Ensemble
from mmemo.fusion.models.joint_embedding import JointEmbedding, retrieval
from mmemo.fusion.prepared import Kept, PreparedSet, prepare
from mmemo.fusion.task import Task
from mmemo.fusion.training import FusionTraining, holdout, stack_out_of_fold, train
from mmemo.progress import Progress, Stage, run

_TIMED = 16


@dataclass(slots=True, eq=False)
class Judged:
    """What a row said of all samples, seed by seed, and what it cost."""

    probs: list[np.ndarray] = field(default_factory=list)
    train_s: list[float] = field(default_factory=list)
    parameters: tuple[int, int] = (0, 0)
    operations: int = 0
    predict_ms: float = 0.0
    reads: tuple[str, ...] = ()
    retrieval: list[dict[str, float]] = field(default_factory=list)


class Reading:
    """Faces and lines of a part as arrays; each encoder reads them once, whatever the pairing."""

    def __init__(self, material: Material, cache: Path) -> None:
        self._material, self._cache = material, cache
        self._kept: dict[tuple[str, str], Kept] = {}

    def source(self, modality: str) -> PairedSet:
        """The side that has the modality."""
        return self._material.lines if modality == TEXT else self._material.faces

    def paired(self, encoders: dict[str, Encoder], pairing: Pairing) -> Stage[PreparedSet]:
        """The samples of a pairing."""
        arrays = {}
        for name, encoder in encoders.items():
            key = name, encoder.reader.identity
            if key not in self._kept:
                found = yield from prepare(self.source(name), {name: encoder}, self._cache)
                kept = found.arrays[name]
                assert isinstance(kept, Kept)
                self._kept[key] = kept
            arrays[name] = taken(self._kept[key], pairing.line if name == TEXT else pairing.face)
        return PreparedSet(arrays, pairing.groups, pairing.labels)


def judge(material: Material, entries: Sequence[Entry], seeds: Sequence[int], cache: Path) -> Stage[dict[str, Judged]]:
    """All rows on one part."""
    reading, task = Reading(material, cache), Task(material.vocabulary)
    found = {entry.name: Judged() for entry in entries}
    done, total = 0, len(seeds) * len(entries)
    for seed in seeds:
        pairing = material.pairing(seed)
        shared: dict[tuple[str, int], tuple[Ensemble, float]] = {}
        for entry in entries:
            yield Progress(f"fusion, {material.name}", done, total, f"seed {seed}, {entry.name}")
            encoders = {name: new_encoder(name, spec, reading.source(name)) for name, spec in entry.encoders.items()}
            data = yield from reading.paired(encoders, pairing)
            model = run(_cross_fit(entry, encoders, task, data, pairing, seed, found[entry.name], shared))
            if seed == seeds[0]:
                _cost(model, found[entry.name], reading)
            done += 1
    return found


def _cross_fit(
    entry: Entry,
    encoders: dict[str, Encoder],
    task: Task,
    data: PreparedSet,
    pairing: Pairing,
    seed: int,
    judged: Judged,
    shared: dict[tuple[str, int], tuple[Ensemble, float]],
) -> Stage[FusionModel]:
    probs = np.zeros((len(data), task.classes), np.float32)
    seconds = []
    for fold in np.unique(pairing.fold):
        rows, test = np.flatnonzero(pairing.fold != fold), np.flatnonzero(pairing.fold == fold)
        settings = training_of(entry, seed)
        model = new_model(entry.model, encoders, task, entry.settings, seed)
        if entry.shares and (entry.shares, int(fold)) in shared:
            spent = yield from _joined_otherwise(model, shared[entry.shares, int(fold)], data, settings, rows)
        else:
            spent = (yield from train(model, data, settings, rows)).seconds
        if isinstance(model, Ensemble):
            shared.setdefault((entry.name, int(fold)), (model, spent))
        seconds.append(spent)
        if isinstance(model, JointEmbedding) and {TEXT, FACE} <= set(model.modalities):
            judged.retrieval.append(retrieval(model, data.batches(test), TEXT, FACE))
        probs[test] = answers(model, data.batches(test))[0].numpy()
    judged.probs.append(probs)
    judged.train_s.append(float(np.mean(seconds)))
    judged.parameters = model.parameters_in_all()
    judged.reads = model.reads
    return model


def _joined_otherwise(
    model: FusionModel,
    shared: tuple[Ensemble, float],
    data: PreparedSet,
    settings: FusionTraining,
    rows: np.ndarray,
) -> Stage[float]:
    """Give an ensemble the trained members of another one; the time is that of the members and of what is new."""
    other, spent = shared
    assert isinstance(model, Ensemble)
    started = time.process_time()
    inner, held = holdout(data, settings, rows)
    untrained = model.like_new()
    model.take_members(other)
    with torch.no_grad():
        model.eval().settle(data.batches(held))
    if model.folds:
        yield from stack_out_of_fold(model, untrained, data, settings, inner, held)
    return spent + time.process_time() - started


def _cost(model: FusionModel, judged: Judged, reading: Reading) -> None:
    """Operations and time for one sample: its frozen networks, and the model itself."""
    from torch.utils.flop_counter import FlopCounterMode

    from mmemo.fusion.batch import Batch, padded

    model.eval()
    readers = {name: model.encoder(name).reader for name in model.modalities}
    rows = {name: range(min(_TIMED, len(reading.source(name)))) for name in readers}
    started = time.process_time()
    with torch.inference_mode():
        read = {
            name: reader.read(reading.source(name), rows[name])
            for name, reader in readers.items()
            if name in model.reads
        }
        count = min(len(one) for one in read.values())
        signals = {name: padded(one[:count], readers[name].like) for name, one in read.items()}
        for name in set(readers) - set(read):  # what only teaches is not there when it answers
            signals[name] = padded([readers[name].like] * count, readers[name].like)
        model(Batch(signals))
    judged.predict_ms = 1000 * (time.process_time() - started) / max(1, count)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        one = {name: padded([readers[name].read(reading.source(name), [0])[0]], readers[name].like) for name in read}
        one |= {name: padded([readers[name].like], readers[name].like) for name in set(readers) - set(read)}
        model(Batch(one))
    judged.operations = counter.get_total_flops()
