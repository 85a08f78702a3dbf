"""`sparsity`: what the sparse end-to-end model leaves out, counted and timed beside the dense one.

Frames and sound of the bundled episode, its lines, and networks that are trained from pixels. The scenes of one fold
are held out; the figures on them are there to show that the models learn, on too few samples to rank them.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmemo.benchmark.fusion.episodes import sample_part
from mmemo.benchmark.outcome import Outcome
from mmemo.datasets.paired import FACE, SOUND_HZ, PairedSet
from mmemo.episode.speech_activity import read_sound
from mmemo.errors import InputError
from mmemo.flow.student.face_opinions import training_faces
from mmemo.fusion.batch import Batch
from mmemo.fusion.building import new_encoders, new_model, task_of
from mmemo.fusion.encoders import AUDIO, TEXT
from mmemo.fusion.model import FusionModel, answers
from mmemo.fusion.prepared import PreparedSet, prepare
from mmemo.fusion.training import FusionTraining, train
from mmemo.progress import Progress, Stage
from mmemo.settings import SAMPLE
from mmemo.store.workspace import Workspace
from mmemo.student.splits import grouped_folds

SPECS = {TEXT: "teacher", FACE: "frames:48", AUDIO: "mel_maps"}
# The published command trains so: its convolutions, and the transformer of its example.
PAPER: Mapping[str, Any] = {
    "widths": (64, 128, 256, 512), "stem_blocks": 2, "feature_dim": 1024,
    "trans_dim": 64, "trans_layers": 4, "trans_heads": 4,
}  # fmt: skip
THRESHOLDS = (1.0, 0.9, 0.8, 0.6, 0.4)
_BATCH, _FOLDS = 8, 4


@dataclass(frozen=True, slots=True)
class SparsityBenchmark:
    """`cache` keeps the bundled episode. repeats: how often each model is timed, one after the other in turns."""

    cache: Path
    thresholds: Sequence[float] = THRESHOLDS
    training: FusionTraining = field(
        default_factory=lambda: FusionTraining(epochs=15, patience=15, batch_size=16, class_weights="root")
    )
    repeats: int = 7

    def __post_init__(self) -> None:
        if not self.thresholds or not all(0 < one <= 1 for one in self.thresholds) or self.repeats < 1:
            raise InputError("thresholds lie above 0 and up to 1", hint="such as 0.8; and time it at least once")


@dataclass(frozen=True, slots=True)
class Cost:
    """Operations (two a multiplication and addition) of a batch, in its trunks and in all; share of places computed."""

    trunk: int
    whole: int
    computed: float


def benchmark_sparsity(settings: SparsityBenchmark) -> Stage[Outcome]:
    """Small models, trained, and those of the paper's sizes as they are before training."""
    data = yield from sample_with_sound(settings.cache)
    encoders = new_encoders(data, SPECS)
    prepared = yield from prepare(data, encoders, settings.cache)
    fold = grouped_folds(prepared.groups, _FOLDS, 0)
    kinds: list[tuple[str, str, dict[str, Any]]] = [("dense", "mme2e", {})]
    kinds += [(f"sparse {p:g}", "mme2e_sparse", {"threshold": p}) for p in settings.thresholds]
    least = min(settings.thresholds, key=lambda p: abs(p - 0.8))
    kinds += [(f"sparse {least:g}, attention random", "mme2e_sparse", {"threshold": least, "attention_learns": False})]
    rows: list[dict[str, Any]] = []
    small: dict[str, FusionModel] = {}
    for number, (name, model, changes) in enumerate(kinds):
        yield Progress("sparsity", number, len(kinds), f"train {name}")
        made = new_model(model, encoders, task_of(data), changes)
        trained = yield from train(made, prepared, settings.training, np.flatnonzero(fold != 0))
        small[name] = trained.model
        judged = _accuracy(trained.model, prepared, np.flatnonzero(fold == 0))
        rows.append({"name": name, "sizes": "small", "accuracy": judged, "train_s": trained.seconds})
    batch = prepared.batch(np.flatnonzero(fold == 0)[:_BATCH])
    rows = _with_costs(rows, small, batch, settings.repeats)
    paper = {
        name: new_model(model, encoders, task_of(data), {**PAPER, **changes}) for name, model, changes in kinds[:-1]
    }
    yield Progress("sparsity", len(kinds), len(kinds), "time the sizes of the paper")
    told = [{"name": name, "sizes": "paper, not trained"} for name in paper]
    rows += _with_costs(told, paper, batch, max(1, settings.repeats // 2))
    n = {"samples": len(data), "held_out": int((fold == 0).sum())}
    return Outcome("sparsity", rows, {"encoders": SPECS, "training": settings.training, "timed": _steps(batch), **n})


def sample_with_sound(cache: Path) -> Stage[PairedSet]:
    """The bundled episode's tracks, the line of each, and the sound while it is said."""
    material = yield from sample_part(cache)
    workspace = Workspace(cache / "sample")
    episode = workspace.episodes()[0]
    cues = workspace.cues(episode).set_index("cue_id")
    cue_of = training_faces(workspace, episode).groupby("track_id")["cue_id"].first()
    cue_of.index = cue_of.index.astype(str)
    said = cues.loc[cue_of[list(material.faces.ids)]]
    pieces = list(read_sound(SAMPLE / "episode.mp4", int(cues["end_ms"].max()) + 1000))
    whole = np.concatenate([np.zeros(0, np.float32), *pieces])
    spans = zip(said["start_ms"], said["end_ms"], strict=True)
    return replace(
        material.faces, audio=[whole[start * SOUND_HZ // 1000 : end * SOUND_HZ // 1000] for start, end in spans]
    )


def cost_of(model: FusionModel, batch: Batch) -> Cost:
    """Counted while it answers, by PyTorch's counter of matrix products and convolutions."""
    from torch.utils.flop_counter import FlopCounterMode

    model.eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        told = model(batch).vectors
    by_part = counter.get_flop_counts()
    trunk = sum(sum(counts.values()) for part, counts in by_part.items() if part.endswith(".trunk"))
    shares = [one for name, one in told.items() if name.startswith("computed_") and len(one)]
    return Cost(trunk, int(counter.get_total_flops()), float(torch.cat(shares).mean()) if shares else 1.0)


def times(models: Mapping[str, FusionModel], batch: Batch, repeats: int) -> dict[str, list[float]]:
    """Milliseconds of processor time a model and round; the models take turns, so that load meets all alike."""
    found: dict[str, list[float]] = {name: [] for name in models}
    with torch.inference_mode():
        for turn in range(repeats + 1):
            for name, model in models.items():
                started = time.process_time()
                model(batch)
                if turn:  # the first one fills caches
                    found[name].append(1000 * (time.process_time() - started))
    return found


def _with_costs(
    rows: Sequence[dict[str, Any]], models: Mapping[str, FusionModel], batch: Batch, repeats: int
) -> list[dict[str, Any]]:
    """Each row with what its model costs, and that as a share of the first one, the dense model."""
    costs = {name: cost_of(model, batch) for name, model in models.items()}
    spent = times(models, batch, repeats)
    dense = next(iter(models))
    found = []
    for row in rows:
        name = row["name"]
        cost = costs[name]
        ratios = [one / whole for one, whole in zip(spent[name], spent[dense], strict=True)]
        found.append(
            {
                **row,
                "computed": cost.computed,
                "trunk_operations": cost.trunk,
                "operations": cost.whole,
                "trunk_share": cost.trunk / costs[dense].trunk,
                "ms": statistics.median(spent[name]),
                "time_share": statistics.median(ratios),
                "parameters": models[name].parameters_in_all()[0],
            }
        )
    return found


def _accuracy(model: FusionModel, data: PreparedSet, rows: np.ndarray) -> float:
    assert data.labels is not None
    return float((answers(model, data.batches(rows))[0].argmax(dim=1).numpy() == data.labels[rows]).mean())


def _steps(batch: Batch) -> dict[str, int]:
    """What the timed batch holds."""
    return {"samples": len(batch), **{name: int(one.mask.sum()) for name, one in batch.signals.items()}}


def lines_of_rows(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The table for a terminal: millions of operations, shares of the dense model in percent."""
    head = f"{'':<30}{'sizes':<20}{'places %':>9}{'trunk Mop':>11}{'of dense %':>11}{'ms':>9}{'of dense %':>11}"
    head += f"{'held out acc %':>15}"
    return [head, "-" * len(head), *map(_line, rows)]


def _line(row: Mapping[str, Any]) -> str:
    text = f"{row['name']:<30}{row['sizes']:<20}{100 * row['computed']:>9.0f}{row['trunk_operations'] / 1e6:>11.0f}"
    text += f"{100 * row['trunk_share']:>11.0f}{row['ms']:>9.1f}{100 * row['time_share']:>11.0f}"
    return text + (f"{100 * row['accuracy']:>15.1f}" if "accuracy" in row else "")
