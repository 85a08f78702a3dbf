"""Random changes of faces: none, all, and the seed that decides."""

from __future__ import annotations

import torch

from mmemo.student.backbones.augmentation import NO_CHANGE, STRONG, Augmentation, augment


def faces(count: int = 4) -> torch.Tensor:
    return torch.rand(count, 1, 48, 48, generator=torch.Generator().manual_seed(3))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_without_changes_it_is_the_plain_resize():
    resized = torch.nn.functional.interpolate(faces(), 112, mode="bilinear", align_corners=False)
    torch.testing.assert_close(augment(faces(), 112, NO_CHANGE, seeded()), resized, atol=2e-4, rtol=0)


def test_the_seed_decides_and_values_stay_in_range():
    one, again, other = (augment(faces(), 64, STRONG, seeded(s)) for s in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert one.shape == (4, 1, 64, 64) and one.min() >= 0 and one.max() <= 1


def test_a_mirror_is_a_mirror():
    mirrored = augment(faces(), 48, Augmentation(0, 0, 0, 0, 0, 0, 0, mirrored=1.0), seeded())
    torch.testing.assert_close(mirrored, faces().flip(3), atol=2e-4, rtol=0)


def test_erasing_touches_one_rectangle_and_blurring_keeps_the_mean():
    erased = augment(faces(1), 48, Augmentation(0, 0, 0, 0, 0, 0, erased=1.0, mirrored=0), seeded())
    changed = (erased - faces(1)).abs() > 1e-3
    assert 0 < changed.float().mean() < 1 / 8
    blurred = augment(faces(1), 48, Augmentation(0, 0, 0, 0, 0, blurred=1.0, erased=0, mirrored=0), seeded())
    assert blurred.std() < 0.5 * faces(1).std()
    torch.testing.assert_close(blurred.mean(), faces(1).mean(), atol=0.02, rtol=0)


def test_no_faces():
    assert augment(faces(0), 48, STRONG, seeded()).shape == (0, 1, 48, 48)
