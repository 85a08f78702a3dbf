"""Small made datasets: what belongs to which class is known, and whether it takes both modalities to tell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mmemo.datasets.paired import FACE, PairedSet
from mmemo.fusion.batch import Batch
from mmemo.fusion.encoders import Encoder, Reader
from mmemo.fusion.model import FusionModel, answers
from mmemo.fusion.models import model_class
from mmemo.fusion.prepared import Kept, PreparedSet
from mmemo.fusion.task import Task
from mmemo.labels import EKMAN7, SENTIMENT3, Vocabulary

YES_NO = Vocabulary("yes-no", ("no", "yes"))
DIM = 8


class MadeReader(Reader):
    """Stands for a frozen network whose vectors are there already."""

    identity = "made"
    like = np.zeros((0, DIM), np.float32)


def made_encoders(*names: str) -> dict[str, Encoder]:
    return {name: Encoder(MadeReader(), DIM, {"spec": "made", "identity": "made"}) for name in names}


def kept(steps: list[np.ndarray]) -> Kept:
    starts = np.concatenate([[0], np.cumsum([len(one) for one in steps])])
    return Kept(np.concatenate([MadeReader.like, *steps]).astype(np.float32), starts)


def vectors_of(sign: np.ndarray, rng: np.random.Generator, direction: int, steps: int = 1) -> list[np.ndarray]:
    """(T, 8) a sample: its sign (or its column) stands in one place, the rest is noise."""
    found = rng.normal(0, 0.3, (len(sign), steps, DIM))
    found[:, :, direction] += sign[:, None]
    return list(found.astype(np.float32))


def xor_set(n: int = 400, seed: int = 0, steps: int = 1) -> PreparedSet:
    """The class is whether text and face disagree: neither alone says anything."""
    rng = np.random.default_rng(seed)
    text, face = rng.integers(0, 2, (2, n))
    arrays = {
        "text": kept(vectors_of(2.0 * text - 1, rng, 1)),
        "face": kept(vectors_of(2.0 * face - 1, rng, 4, steps)),
    }
    groups = np.array([f"film{i % 20}" for i in range(n)])
    return PreparedSet(arrays, groups, (text ^ face).astype(np.int64))


def agreeing_set(n: int = 300, seed: int = 0, classes: int = 3, noise: float = 0.8) -> PreparedSet:
    """Both modalities show the class, each with noise of its own."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    arrays = {}
    for name in ("text", "face"):
        vectors = rng.normal(0, noise, (n, 1, DIM))
        vectors[np.arange(n), 0, labels] += 1.5
        arrays[name] = kept(list(vectors.astype(np.float32)))
    return PreparedSet(arrays, np.array([f"film{i % 20}" for i in range(n)]), labels)


def yes_no_task() -> Task:
    return Task(YES_NO)


def three_task() -> Task:
    return Task(SENTIMENT3)


def accuracy(model: FusionModel, data: PreparedSet) -> float:
    assert data.labels is not None
    probs, _ = answers(model, data.batches())
    return float((probs.argmax(dim=1).numpy() == data.labels).mean())


def without(data: PreparedSet, *names: str) -> Batch:
    return data.batch(np.arange(len(data))).without(*names)


def fresh(name: str, task: Task, settings: Mapping[str, object] | None = None, *modalities: str) -> FusionModel:
    kind = model_class(name)
    return kind(made_encoders(*(modalities or ("text", "face"))), task, kind.Settings(**(settings or {})))


def small_pairs(n: int = 12, seed: int = 0) -> PairedSet:
    """Real lines and pictures of 24 pixels: bright ones are joy, dark ones sadness; six films."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2 + 1
    pictures = [
        [np.clip(rng.normal(190 if label == 1 else 60, 20, (24, 24, 3)), 0, 255).astype(np.uint8)] * (1 + row % 2)
        for row, label in enumerate(labels)
    ]
    lines = {1: "I am so happy today!", 2: "It hurts, I could cry."}
    return PairedSet(
        name="made",
        vocabulary=EKMAN7,
        ids=[f"s{i}" for i in range(n)],
        groups=[f"film{i % 6}" for i in range(n)],
        labels=labels.astype(np.int64),
        texts=[f"{lines[label]} {row}" for row, label in enumerate(labels)],
        pictures={FACE: pictures},
    )
