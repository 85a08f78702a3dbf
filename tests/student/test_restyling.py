"""Changes of style: what each leaves as it is, what it changes, and that nothing is drawn for a share of 0."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from mmemo.student.backbones import restyling
from mmemo.student.backbones.augmentation import ANY_STYLE, augment

CHANGES = [
    restyling.equalised,
    restyling.borrowed_spectrum,
    restyling.coarse,
    restyling.noisy,
    restyling.compressed,
    restyling.transplanted,
]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def faces(count: int = 4, side: int = 48) -> Tensor:
    """Smooth blobs of different brightness and contrast."""
    generator = seeded(3)
    small = torch.rand(count, 1, 6, 6, generator=generator)
    blobs = torch.nn.functional.interpolate(small, side, mode="bicubic").clamp(0, 1)
    low, span = (torch.rand(count, 1, 1, 1, generator=generator) * 0.5 for _ in range(2))
    return low + (0.2 + span) * blobs


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_is_bounded_drawn_by_the_seed_and_leaves_its_input(change: Callable[..., Tensor]):
    given = faces()
    before = given.clone()
    one, again, other = (change(given, 1.0, seeded(s)) for s in (1, 1, 2))
    assert torch.equal(given, before)
    assert torch.equal(one, again) and not torch.equal(one, other) and not torch.equal(one, given)
    assert one.shape == given.shape and one.min() >= 0 and one.max() <= 1


@pytest.mark.parametrize("change", CHANGES)
def test_a_share_of_nothing_draws_nothing(change: Callable[..., Tensor]):
    generator = seeded()
    assert change(faces(), 0.0, generator) is not None
    assert torch.equal(torch.rand(1, generator=generator), torch.rand(1, generator=seeded()))
    assert change(faces(0), 1.0, seeded()).shape == (0, 1, 48, 48)
    assert change(faces(1), 1.0, seeded()).shape == (1, 1, 48, 48)


def test_a_borrowed_spectrum_has_the_lenders_brightness_and_contrast():
    dark, bright = 0.3 + 0.1 * faces(1), 0.6 + 0.2 * faces(1).flip(3)
    changed = restyling.borrowed_spectrum(torch.cat([dark, bright]), 1.0, seeded(4))
    lent = [min((dark, bright), key=lambda face: float((face.mean() - one.mean()).abs())) for one in changed]
    assert {round(float(face.mean()), 2) for face in lent} <= {round(float(f.mean()), 2) for f in (dark, bright)}
    for one, lender in zip(changed, lent, strict=True):
        assert float(one.mean()) == pytest.approx(float(lender.mean()), abs=0.02)
        assert float(one.std()) == pytest.approx(float(lender.std()), rel=0.1)


def test_equalising_keeps_the_order_of_grey_values():
    given = faces(1)
    changed = restyling.equalised(given, 1.0, seeded())
    order = given.flatten().argsort()
    assert (changed.flatten()[order].diff() >= -1e-4).all()


def test_transplanting_keeps_the_middle_and_takes_the_corners_from_another():
    pair = torch.cat([torch.full((1, 1, 48, 48), 0.2), torch.full((1, 1, 48, 48), 0.8)])
    found = torch.cat([restyling.transplanted(pair, 1.0, seeded(s)) for s in range(8)])
    own = torch.tensor([0.2, 0.8]).repeat(8)
    torch.testing.assert_close(found[:, 0, 24, 24], own)
    corners = found[:, 0, 0, 0]
    assert {round(float(v), 1) for v in corners} == {0.2, 0.8}
    assert (corners != own).any()


def test_compression_without_whole_blocks_is_left_out_and_with_them_rounds():
    odd = faces(2, 45)
    assert torch.equal(restyling.compressed(odd, 1.0, seeded()), odd)
    assert (restyling.compressed(faces(2), 1.0, seeded()) - faces(2)).abs().max() < 0.3


def test_all_changes_together_are_an_augmentation():
    changed = augment(faces(), 32, ANY_STYLE, seeded())
    assert changed.shape == (4, 1, 32, 32) and changed.min() >= 0 and changed.max() <= 1
    assert torch.equal(changed, augment(faces(), 32, ANY_STYLE, seeded()))
