"""The systems under test, each trained as it is trained elsewhere: image, student, fusion; and the baseline as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from mmemo.benchmark.robustness.ground import Ground
from mmemo.datasets.paired import FACE
from mmemo.fusion.batch import Batch, Signal, of_vectors
from mmemo.fusion.building import new_model
from mmemo.fusion.encoders import TEXT, Encoder, Reader
from mmemo.fusion.model import FusionModel
from mmemo.fusion.prepared import Kept, PreparedSet
from mmemo.fusion.robust.seeing import FusionSystem, HeadSystem, System
from mmemo.fusion.task import Task
from mmemo.fusion.training import FusionTraining, train
from mmemo.labels import EKMAN7
from mmemo.progress import Stage
from mmemo.student.crossfit import TrainingSet, fit_all
from mmemo.student.fitters import HeadFitter
from mmemo.student.heads import LinearHead
from mmemo.student.recipes import recipe_named
from mmemo.student.settings import TrainSettings
from mmemo.student.targets import Opinions

BASELINE, IMAGE, STUDENT, FUSION = "baseline", "image", "student", "concat"


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """M faces to learn from: features (M, 2, D), line (M,) rows of the ground's lines, states (M, E), labels, films (M,).

    sample (M,): faces of one number are versions of the same one, as damaged copies are.
    """

    features: np.ndarray
    line: np.ndarray
    states: np.ndarray
    labels: np.ndarray
    films: np.ndarray
    sample: np.ndarray

    def kept(self, rows: np.ndarray) -> Samples:
        """Fewer of them: rows (R,) or (M,) bool."""
        _, sample = np.unique(self.sample[rows], return_inverse=True)
        features, line, states = self.features[rows], self.line[rows], self.states[rows]
        return Samples(features, line, states, self.labels[rows], self.films[rows], sample)

    def with_copies(self, features: np.ndarray, states: np.ndarray) -> Samples:
        """Each with a second version beside it."""
        twice = (np.concatenate([one, one]) for one in (self.labels, self.films, self.sample))
        line = np.concatenate([self.line, self.line])
        return Samples(np.concatenate([self.features, features]), line, np.concatenate([self.states, states]), *twice)


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A system: opinions of faces (M, 2, D) with states of lines (M, E), and what it is attacked through.

    `hidden` gives what it makes of samples before its last layer. reads_lines: whether words can harm it.
    """

    name: str
    probs: Callable[[np.ndarray, np.ndarray], np.ndarray]
    hidden: Callable[[np.ndarray, np.ndarray], np.ndarray]
    system: Callable[[np.ndarray], System]
    reads_lines: bool = False


def baseline_system(ground: Ground) -> Trained:
    """The embedded network as it ships; it learns nothing here, so that nothing here can poison it."""
    return _head_system(BASELINE, ground, ground.baseline.head)


def student_system(ground: Ground, samples: Samples, seed: int) -> Stage[Trained]:
    """A student of the default recipe: it learns from lines and from the baseline's opinions, and sees no label."""
    first = np.unique(samples.sample, return_index=True)[1]
    lines = samples.line[first]
    teacher = ground.opinions[lines]
    opinions = Opinions(
        teacher=teacher,
        image=ground.baseline.probs_from_features(samples.features[first]),
        known=np.full(len(first), -1, np.int64),
        teacher_confusion=ground.anchor.confusion,
        image_confusion=ground.baseline.confusion,
        teacher_prior=ground.anchor.prior,
        evidence=ground.anchor.evidence(teacher),
    )
    films = np.unique(samples.films[first], return_inverse=True)[1]
    settings = TrainSettings(seed=seed)
    fitter = HeadFitter(samples.features, ground.baseline.head)
    fitted = yield from fit_all(
        TrainingSet(samples.sample, films, opinions), fitter, recipe_named(settings.recipe), settings
    )
    head = LinearHead(fitted.tensors["head.weight"], fitted.tensors["head.bias"])
    return _head_system(STUDENT, ground, head)


def gold_system(ground: Ground, samples: Samples, seed: int, *, with_lines: bool) -> Stage[Trained]:
    """`image` or `concat`, trained on labels (which may be poisoned)."""
    dims = {FACE: samples.features.shape[2], **({TEXT: samples.states.shape[1]} if with_lines else {})}
    encoders = {name: Encoder(Reader(), dim, {}) for name, dim in dims.items()}
    model = new_model("concat", encoders, Task(EKMAN7), seed=seed)
    arrays = {FACE: _one_step(samples.features[:, 0])}
    if with_lines:
        arrays[TEXT] = _one_step(samples.states)
    data = PreparedSet(arrays, samples.films, samples.labels)
    yield from train(model, data, FusionTraining(class_weights="root", seed=seed))
    return _fusion_system(FUSION if with_lines else IMAGE, ground, model.eval())


def trained(name: str, ground: Ground, samples: Samples, seed: int) -> Stage[Trained]:
    """The system of a name, trained on these samples."""
    if name == BASELINE:
        return baseline_system(ground)
    if name == STUDENT:
        return (yield from student_system(ground, samples, seed))
    return (yield from gold_system(ground, samples, seed, with_lines=name == FUSION))


def _head_system(name: str, ground: Ground, head: LinearHead) -> Trained:
    return Trained(
        name,
        lambda features, states: head.probs(features),
        lambda features, states: features.mean(1),
        lambda states: HeadSystem(ground.with_gradients(mirror=True), head),
    )


def _fusion_system(name: str, ground: Ground, model: FusionModel) -> Trained:
    def answer(features: np.ndarray, states: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.inference_mode():
            said = model(Batch(_signals(model, features[:, 0], states)))
            return model.task.probs(said.logits), said.vectors["fused"]

    def system(states: np.ndarray) -> System:
        others = {TEXT: of_vectors(states)} if TEXT in model.modalities else {}
        return FusionSystem(ground.with_gradients(mirror=False), model, others)

    return Trained(
        name,
        lambda features, states: np.asarray(answer(features, states)[0].numpy()),
        lambda features, states: np.asarray(answer(features, states)[1].numpy()),
        system,
        reads_lines=TEXT in model.modalities,
    )


def _signals(model: FusionModel, faces: np.ndarray, states: np.ndarray) -> dict[str, Signal]:
    return {name: of_vectors(states if name == TEXT else faces) for name in model.modalities}


def _one_step(vectors: np.ndarray) -> Kept:
    return Kept(np.ascontiguousarray(vectors, np.float32), np.arange(len(vectors) + 1))
