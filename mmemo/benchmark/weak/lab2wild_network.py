"""`lab2wild` with the whole network trained: faces of the target, and a fifth of every batch from the lab.

Hours on a processor, minutes on a graphics card; every student is kept in the cache, and one that was stopped goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from mmemo.benchmark.outcome import Outcome
from mmemo.benchmark.weak.lab2wild import (
    Lab2WildBenchmark,
    LabMaterial,
    checks,
    lab_features,
    lab_material,
    opinions_on,
    rows_by_size,
    told,
)
from mmemo.benchmark.weak.lab2wild_looks import content_of
from mmemo.errors import InputError
from mmemo.evaluate.rows import GOLD_CEILING
from mmemo.flow.student.train_baseline import grey_crops
from mmemo.labels import EKMAN7
from mmemo.progress import Stage
from mmemo.store.files import hash_value, publish_file, read_array
from mmemo.student.backbones import Backbone, features_of
from mmemo.student.backbones.training import (
    NetworkSettings,
    Source,
    balanced_weights,
    smoothed,
    train_network,
)
from mmemo.student.baseline import ImageBaseline
from mmemo.student.heads import LinearHead
from mmemo.student.losses import soft_cross_entropy
from mmemo.student.recipes import recipe_named

_LAB_SHARE = 0.2
_RECIPES = ("calibrated_fusion", "lines_alone")


@dataclass(frozen=True, slots=True)
class Lab2WildNetwork:
    """The benchmark, and how each student is trained; `recipes` of the benchmark empty stands for two that are
    fitted once, since the default one asks for three networks a student."""

    benchmark: Lab2WildBenchmark
    steps: int = 400
    batch_size: int = 256
    learning_rate: float = 5e-4

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch_size < 2:
            raise InputError("the whole network needs at least one step and two faces a batch", hint="use the defaults")


def benchmark_lab2wild_network(settings: Lab2WildNetwork) -> Stage[Outcome]:
    """As `benchmark_lab2wild`, with fine-tuned networks. A recipe with a scheme of its own raises InputError."""
    recipes = [recipe_named(name).name for name in settings.benchmark.recipes or _RECIPES]
    for name in recipes:
        if recipe_named(name).scheme != "plain":
            raise InputError(f"{name!r} trains the head alone", hint="choose a recipe without a scheme")
    material = yield from lab_material(settings.benchmark)
    features = yield from lab_features(material, settings.benchmark)
    seen = material.baseline.probs_from_features(features.target)

    def judge(count: int, seed: int, name: str) -> Stage[np.ndarray]:
        said = yield from _student(material, settings, seen[:count], seed, name)
        return said

    names = [*recipes, GOLD_CEILING]
    rows = yield from rows_by_size(material, settings.benchmark, names, features.test_opinion, judge)
    student = (
        f"whole network, {settings.steps} steps of {settings.batch_size} up to {settings.learning_rate:g}, "
        f"{_LAB_SHARE:.0%} of a batch from the lab"
    )
    return Outcome("lab2wild", rows, told(material, settings.benchmark, recipes, student), checks(rows))


def _student(
    material: LabMaterial, settings: Lab2WildNetwork, seen: np.ndarray, seed: int, name: str
) -> Stage[np.ndarray]:
    """(n, 7) opinions on the test of one fine-tuned student, computed once."""
    how = NetworkSettings(
        settings.steps, settings.batch_size, settings.learning_rate, seed=seed, checkpoint_steps=min(10, settings.steps)
    )
    sources = [_target(material, seen, seed, name), _lab(material)]
    loss = "soft_cross_entropy" if name == GOLD_CEILING else recipe_named(name).loss
    arrays = [array for source in sources for array in (source.images, source.targets, source.weights)]
    parts = [material.baseline.identity, loss, how, *map(content_of, [*arrays, material.test.images])]
    path = settings.benchmark.cache / f"student-{hash_value(parts)}.npy"
    if path.is_file():
        return read_array(path)
    checkpoint = path.with_suffix(".checkpoint")
    network, _ = yield from train_network(_whole(material.baseline), sources, how, checkpoint)
    said = yield from _said(_as_baseline(network, material.baseline), material.test.images, path)
    checkpoint.unlink(missing_ok=True)
    return said


def _target(material: LabMaterial, seen: np.ndarray, seed: int, name: str) -> Source:
    """Target faces with what the recipe makes of the opinions, or with their gold for the ceiling."""
    count = len(seen)
    images, labels = material.target.images[:count], material.target.labels[:count]
    share = 1 - _LAB_SHARE
    if name == GOLD_CEILING:
        one_hot = np.eye(len(EKMAN7), dtype=np.float32)[labels]
        return Source(images, smoothed(one_hot), np.ones(count), soft_cross_entropy, share)
    recipe = recipe_named(name)
    targets = recipe.targets(opinions_on(material, seen, seed))
    weights = np.ones(count) if targets.weights is None else targets.weights
    kept = np.flatnonzero(weights > 0)
    return Source(images[kept], targets.probs[kept], weights[kept], recipe.loss_function(targets.noise), share)


def _lab(material: LabMaterial) -> Source:
    lab = material.lab
    return Source(lab.images, smoothed(lab.targets), balanced_weights(lab.labels), soft_cross_entropy, _LAB_SHARE)


def _whole(baseline: ImageBaseline) -> nn.Module:
    """A network of its own with the weights of the lab's, head included."""
    import timm

    from mmemo.student.backbones.starting import ARCHITECTURE

    network: nn.Module = timm.create_model(ARCHITECTURE, pretrained=False, num_classes=len(EKMAN7))
    state = dict(baseline.backbone.module.state_dict())
    assert baseline.backbone.head is not None
    state.update({f"classifier.{key}": value for key, value in baseline.backbone.head.state_dict().items()})
    network.load_state_dict(state)
    return network


def _as_baseline(network: nn.Module, like: ImageBaseline) -> ImageBaseline:
    head = network.classifier
    assert isinstance(head, nn.Linear), "the last layer of EfficientNet-Lite0"
    network.reset_classifier(0)  # type: ignore[operator]
    backbone = Backbone("student", like.backbone.feature_dim, like.backbone.preprocessing, network.eval(), head)
    weight, bias = (value.detach().float().cpu().numpy().copy() for value in (head.weight, head.bias))
    return ImageBaseline("student", backbone, LinearHead(weight, bias), like.confusion, like.prior)


def _said(baseline: ImageBaseline, images: np.ndarray, path: Path) -> Stage[np.ndarray]:
    """(N, 7) opinions, computed once."""
    if not path.is_file():
        features = yield from features_of(baseline.backbone, grey_crops(images))
        with publish_file(path) as temporary, temporary.open("wb") as stream:
            np.save(stream, baseline.probs_from_features(features))
    return read_array(path)
