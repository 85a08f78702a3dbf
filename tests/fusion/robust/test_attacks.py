"""Attacks: they change little, the system falls for them, and nothing to attack is no error."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmemo.datasets.paired import FACE
from mmemo.errors import InputError
from mmemo.fusion.batch import of_vectors
from mmemo.fusion.encoders import TEXT
from mmemo.fusion.robust.attacks import attacked, cleaned, few_pixels, fgsm, pgd, with_pixels
from mmemo.fusion.robust.seeing import FaceFeatures, FusionSystem, HeadSystem, as_pictures, as_pixels, prepared
from mmemo.progress import run
from tests.fusion.made import made_encoders, three_task
from tests.fusion.robust.made import PREPROCESSING, SIDE, bright_or_dark, faces, made_backbone


def system(sharpness: float = 1.0) -> HeadSystem:
    return HeadSystem(FaceFeatures(made_backbone(), mirror=True), bright_or_dark(sharpness)).eval()


def said(pictures: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return system()(torch.from_numpy(as_pixels(pictures))).argmax(1).numpy()


def test_pixels_are_prepared_as_bytes_are():
    pictures, _ = faces(3)
    ours = prepared(torch.from_numpy(as_pixels(pictures)), PREPROCESSING)
    assert torch.allclose(ours, PREPROCESSING(list(pictures)), atol=1e-5)
    larger = np.random.default_rng(0).integers(0, 256, (2, 40, 40, 3)).astype(np.uint8)
    assert torch.allclose(
        prepared(torch.from_numpy(as_pixels(larger)), PREPROCESSING), PREPROCESSING(list(larger)), atol=1e-4
    )
    assert (as_pictures(as_pixels(larger)) == larger).all()


@pytest.mark.parametrize("attack", [fgsm(8), pgd(8, 10)])
def test_attacks_by_gradient_turn_every_answer_within_their_bounds(attack):
    pictures, labels = faces()
    assert (said(pictures) == labels).all()
    changed = run(attacked(system(), pictures, labels, np.arange(8), attack))
    assert changed.shape == pictures.shape and changed.dtype == np.uint8
    assert np.abs(changed.astype(int) - pictures).max() <= 8
    assert (said(changed) != labels).all()


def test_a_step_too_small_turns_nothing():
    pictures, labels = faces()
    changed = run(attacked(system(), pictures, labels, np.arange(8), fgsm(1)))
    assert (said(changed) == labels).all() and (changed != pictures).any()


def test_pixels_are_changed_at_their_places():
    face = np.zeros((3, 4, 4), np.float32)
    copies = with_pixels(face, np.array([[[1.5, 2.5, 1, 0.5, 0]], [[0, 0, 0, 0, 1]]]))
    assert copies.shape == (2, 3, 4, 4) and (copies != 0).any(1).sum() == 2
    assert copies[0, 0, 1, 2] == 1 and copies[0, 1, 1, 2] == pytest.approx(128 / 255) and copies[1, 2, 0, 0] == 1


def test_few_pixels_turn_a_face_that_is_close_and_leave_one_that_is_wrong():
    pictures, labels = faces(2, away=2)
    attack = few_pixels(16, population=40, generations=8)
    changed = run(attacked(system(), pictures, labels, np.arange(2), attack))
    assert ((changed != pictures).any(3).sum((1, 2)) <= 16).all()
    assert (said(changed) != labels).all()
    wrong = run(attacked(system(), pictures, 1 - labels, np.arange(2), attack))
    assert (wrong == pictures).all()
    with pytest.raises(InputError, match="above 0"):
        few_pixels(0)


def test_nothing_to_attack_gives_nothing():
    empty = np.zeros((0, SIDE, SIDE, 3), np.uint8)
    assert run(attacked(system(), empty, np.zeros(0, int), np.zeros(0, int), fgsm(8))).shape == empty.shape
    assert cleaned(empty).shape == empty.shape


def test_a_median_takes_single_pixels_away():
    pictures, _ = faces(2, away=40)
    spotted = pictures.copy()
    spotted[:, 5, 5] = 255
    assert np.abs(cleaned(spotted).astype(int) - pictures)[:, 5, 5].max() < 30


def test_a_fusion_model_is_attacked_through_its_face_alone():
    from mmemo.fusion.models import model_class

    kind = model_class("concat")
    model = kind(made_encoders(TEXT, FACE), three_task(), kind.Settings()).eval()
    backbone = made_backbone()
    backbone.module[2] = torch.nn.Sequential(backbone.module[2], torch.nn.Linear(12, 8))
    lines = of_vectors(np.random.default_rng(0).normal(size=(5, 8)).astype(np.float32))
    fused = FusionSystem(FaceFeatures(backbone, mirror=False), model, {TEXT: lines})
    pictures, _ = faces(5)
    pixels = torch.from_numpy(as_pixels(pictures))
    together = fused.about(np.arange(5))(pixels)
    assert together.shape == (5, 3) and torch.allclose(together.exp().sum(1), torch.ones(5), atol=1e-5)
    alone = fused.about(np.array([3]))(pixels[3:4].expand(4, -1, -1, -1))
    assert torch.allclose(alone[2], together[3], atol=1e-5)
    own = together.argmax(1).numpy()
    changed = run(attacked(fused, pictures, own, np.arange(5), pgd(64, 10)))
    after = fused.about(np.arange(5))(torch.from_numpy(as_pixels(changed)))
    assert (after[np.arange(5), own] < together[np.arange(5), own]).all()
