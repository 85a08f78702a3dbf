"""Convolution at some places of a map: the same as an ordinary one where all are left, and nothing where none is."""

from __future__ import annotations

import pytest
import torch

from mmemo.fusion.end_to_end.positions import at, convolved, everywhere


def maps_of(*size: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("size", [(2, 3, 5, 7), (1, 1, 1, 1), (3, 2, 1, 4)])
def test_all_places_give_an_ordinary_convolution(size: tuple[int, int, int, int]):
    maps, weight = maps_of(*size), maps_of(4, size[1], 3, 3, seed=1)
    places = everywhere(maps)
    found = convolved(places, places.neighbours(), weight).dense()
    torch.testing.assert_close(found, torch.nn.functional.conv2d(maps, weight, padding=1))


def test_some_places_give_an_ordinary_convolution_of_maps_that_are_0_elsewhere():
    maps, weight = maps_of(2, 3, 6, 5), maps_of(4, 3, 3, 3, seed=1)
    index = torch.tensor([0, 1, 7, 12, 29, 30, 41, 58])
    places = at(maps, index)
    whole = torch.nn.functional.conv2d(places.dense(), weight, padding=1)
    torch.testing.assert_close(convolved(places, places.neighbours(), weight).features, at(whole, index).features)


def test_the_gradient_is_right():
    maps, weight = maps_of(2, 2, 4, 3).requires_grad_(), maps_of(3, 2, 3, 3, seed=1).requires_grad_()
    index = torch.tensor([0, 1, 4, 5, 11, 12, 20, 23])
    around = at(maps, index).neighbours()
    assert torch.autograd.gradcheck(lambda m, w: convolved(at(m, index), around, w).features, (maps, weight))


@pytest.mark.parametrize("sides", [(4, 6), (5, 7), (1, 4)])
def test_halving_all_places_is_max_pooling(sides: tuple[int, int]):
    maps = maps_of(2, 3, *sides).relu()
    pooled = everywhere(maps).halved() if min(sides) > 1 else None
    if pooled is not None:
        torch.testing.assert_close(pooled.dense(), torch.nn.functional.max_pool2d(maps, 2))
        assert pooled.share == 1


def test_halving_keeps_only_what_had_a_place():
    maps = maps_of(1, 1, 4, 4).relu() + 1
    left = at(maps, torch.tensor([0, 15])).halved()
    assert left.index.tolist() == [0, 3]
    assert left.features[:, 0].tolist() == [float(maps[0, 0, 0, 0]), float(maps[0, 0, 3, 3])]
    assert left.share == 0.5


def test_no_maps():
    places = everywhere(torch.zeros(0, 2, 3, 3))
    assert convolved(places, places.neighbours(), torch.zeros(4, 2, 3, 3)).dense().shape == (0, 4, 3, 3)
    assert places.share == 1
