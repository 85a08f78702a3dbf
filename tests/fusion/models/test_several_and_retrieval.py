"""Several labels at once with numbers beside them, finding the other side of a pair, and what distillation compares."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmemo.errors import InputError
from mmemo.fusion.model import answers
from mmemo.fusion.models.distillation import correlation_loss, feature_loss
from mmemo.fusion.models.joint_embedding import JointEmbedding, retrieval
from mmemo.fusion.prepared import PreparedSet
from mmemo.fusion.scoring import score_dimensions, score_several
from mmemo.fusion.task import Task
from mmemo.fusion.training import FusionTraining, train
from mmemo.labels import EMOTIC26
from mmemo.progress import run
from tests.fusion.made import DIM, fresh, kept, three_task

EMOTIC = Task(EMOTIC26, several=True, dimensions=("valence", "arousal", "dominance"), scale=10.0)
SETTINGS = FusionTraining(epochs=30, batch_size=32, learning_rate=5e-3)


def persons(n: int = 300, seed: int = 0) -> PreparedSet:
    """Body and context show two labels each and the numbers; a tenth of the numbers is not known."""
    rng = np.random.default_rng(seed)
    vectors = {name: rng.normal(0, 1, (n, DIM)).astype(np.float32) for name in ("context", "body")}
    labels = np.zeros((n, 26), np.float32)
    for column, (name, place) in enumerate([("context", 0), ("context", 1), ("body", 2), ("body", 3)]):
        labels[:, column] = vectors[name][:, place] > 0.3
    numbers = 5 + 2 * np.stack([vectors["body"][:, 4], vectors["context"][:, 4], vectors["body"][:, 5]], 1)
    numbers[rng.random(n) < 0.1] = np.nan
    arrays = {name: kept(list(one[:, None])) for name, one in vectors.items()}
    groups = np.array([f"film{i % 20}" for i in range(n)])
    return PreparedSet(arrays, groups, labels, numbers.astype(np.float32))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["joint_embedding", "concat", "intermediate"])
def test_several_labels_and_numbers(name: str):
    torch.manual_seed(0)
    model = fresh(name, EMOTIC, {}, "context", "body")
    run(train(model, persons(), SETTINGS))
    test = persons(seed=1)
    probs, numbers = answers(model, test.batches())
    assert test.labels is not None
    assert test.dimensions is not None
    assert numbers is not None
    figures = score_several(test.labels, probs.numpy(), EMOTIC26.labels)
    assert figures["mean_average_precision"] > 0.8
    errors = score_dimensions(test.dimensions, numbers.numpy(), EMOTIC.dimensions)["dimensions"]
    assert all(one["mean_absolute_error"] < 0.8 * one["of_the_mean"] for one in errors.values())


def pairs(n: int = 300, seed: int = 0) -> PreparedSet:
    """Both sides of a sample hold the same six numbers in other places, and noise; the class is one of three."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 1, (n, 6))
    sides = {}
    for name, turn in (("text", 1), ("face", 4)):
        vectors = rng.normal(0, 0.1, (n, 1, DIM))
        vectors[:, 0, :6] += np.roll(shared, turn, axis=1)
        sides[name] = kept(list(vectors.astype(np.float32)))
    labels = shared[:, :3].argmax(1).astype(np.int64)
    return PreparedSet(sides, np.array([f"film{i % 20}" for i in range(n)]), labels)


@pytest.mark.slow
@pytest.mark.parametrize("alone_first", [False, True])
def test_the_joint_space_finds_the_other_side_and_separate_spaces_do_not(alone_first: bool):
    found = {}
    for name in ("joint_embedding", "separate_embedding"):
        torch.manual_seed(0)
        model = fresh(name, three_task(), {"alone_first": alone_first} if name == "joint_embedding" else {})
        assert isinstance(model, JointEmbedding)
        run(train(model, pairs(), SETTINGS))
        found[name] = retrieval(model, pairs(100, seed=1).batches(), "text", "face")
    assert found["joint_embedding"]["recall_at_5_forth"] > 0.5
    assert found["separate_embedding"]["recall_at_5_forth"] < 0.3
    assert found["joint_embedding"]["chance_at_5"] == 0.05


def test_positives_of_a_class_pull_more_together_than_pairs():
    model = fresh("joint_embedding", three_task(), {"positives": "class"})
    assert isinstance(model, JointEmbedding)
    batch = pairs(40).batch(np.arange(40))
    loss = model.contrastive_loss(model(batch).vectors, batch)
    assert loss.isfinite()
    alone = model.contrastive_loss(model(batch.without("face")).vectors, batch.without("face"))
    assert float(alone.detach()) == 0
    with pytest.raises(InputError, match="unknown positives"):
        fresh("joint_embedding", three_task(), {"positives": "all"})


def test_losses_of_distillation_are_0_for_the_teacher_itself():
    logits, features = torch.randn(20, 3), torch.randn(20, 8)
    assert float(correlation_loss(logits, logits, 2.0, three_task())) == pytest.approx(0, abs=1e-5)
    assert float(feature_loss(features, features, 0.2)) == pytest.approx(0, abs=1e-5)
    assert float(correlation_loss(-logits, logits, 2.0, three_task())) > 0.5
    assert float(feature_loss(torch.randn(20, 8), features, 0.2)) > 0.1


def test_a_student_needs_a_teacher_and_reads_nothing_of_it():
    model = fresh("distill", three_task())
    assert model.reads == ("face",)
    with pytest.raises(InputError, match="cannot teach"):
        fresh("distill", three_task(), {}, "face")
