"""The trunk: sparse says what dense says at a threshold of 1, and costs less below it."""

from __future__ import annotations

import copy
from itertools import pairwise

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from mmemo.errors import InputError
from mmemo.fusion.end_to_end.trunk import Sparsity, Trunk

SHAPES = [(3, 48, 48), (112, 7, 7), (1, 64, 50)]


def both(shape: tuple[int, int, int], threshold: float = 1.0) -> tuple[Trunk, Trunk]:
    """A dense and a sparse trunk of the same weights."""
    torch.manual_seed(0)
    sparse = Trunk(shape, (8, 12, 16, 16), 1, 24, 10, 6, Sparsity(threshold))
    dense = Trunk(shape, (8, 12, 16, 16), 1, 24, 10)
    dense.load_state_dict({name: one for name, one in sparse.state_dict().items() if not name.startswith("looks")})
    return dense, sparse


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [False, True])
def test_sparse_is_dense_when_nothing_is_left_out(shape: tuple[int, int, int], training: bool):
    dense, sparse = both(shape)
    maps, text = torch.randn(4, *shape), torch.randn(4, 6)
    dense.train(training), sparse.train(training)
    said, computed = sparse(maps, text)
    torch.testing.assert_close(said, dense(maps)[0], atol=1e-4, rtol=1e-4)
    assert computed.tolist() == [1, 1, 1]
    if training:
        for norm in ("first_norm", "second_norm"):
            one, other = (getattr(trunk.blocks[0], norm).running_mean for trunk in (dense, sparse))
            torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-4)


def operations(trunk: Trunk, shape: tuple[int, int, int]) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        trunk.eval()(torch.randn(6, *shape, generator=torch.Generator().manual_seed(1)), torch.zeros(6, 6))
    return int(counter.get_total_flops())


def test_operations_and_places_fall_with_the_threshold():
    shape = (3, 48, 48)
    dense, full = both(shape)
    counts, shares = [], []
    for threshold in (0.9, 0.7, 0.5, 0.2):
        trunk = both(shape, threshold)[1]
        counts.append(operations(trunk, shape))
        torch.manual_seed(2)
        shares.append(trunk(torch.randn(6, *shape), torch.randn(6, 6))[1])
    every = operations(dense, shape)
    assert every < operations(full, shape) < 1.2 * every  # the attention itself
    assert counts[0] < every
    assert counts == sorted(counts, reverse=True)
    assert all((less <= more).all() for more, less in pairwise(shares))
    assert float(shares[-1].max()) < 0.3


def test_the_attention_learns_only_when_it_is_to():
    shape = (3, 32, 32)
    for trained in (True, False):
        torch.manual_seed(0)
        trunk = Trunk(shape, (4, 6), 0, 8, 5, 6, Sparsity(0.6, trained))
        trunk(torch.randn(3, *shape), torch.randn(3, 6))[0].sum().backward()
        gradient = trunk.looks[0].of_text.weight.grad
        assert (gradient is not None and float(gradient.abs().sum()) > 0) is trained


def test_gradients_of_sparse_are_those_of_dense_when_nothing_is_left_out():
    shape = (3, 32, 32)
    dense, sparse = both(shape)
    dense.double(), sparse.double()
    sparse.sparsity = Sparsity(1.0, trained=False)
    maps, text = torch.randn(3, *shape, dtype=torch.float64), torch.randn(3, 6, dtype=torch.float64)
    dense(maps)[0].square().sum().backward()
    sparse(maps, text)[0].square().sum().backward()
    others = dict(sparse.named_parameters())
    for name, one in dense.named_parameters():
        torch.testing.assert_close(one.grad, others[name].grad, msg=name)


def test_one_place_left_in_training_uses_stored_statistics():
    trunk = Trunk((3, 32, 32), (4, 6), 0, 8, 5, 0, Sparsity(1e-9)).train()
    assert trunk(torch.randn(1, 3, 32, 32))[0].isfinite().all()


@pytest.mark.parametrize("threshold", [0.0, 1.1, -1.0])
def test_a_threshold_outside_is_refused(threshold: float):
    with pytest.raises(InputError, match="threshold"):
        Sparsity(threshold)


def test_weights_are_the_same_things_in_both():
    dense, sparse = both((3, 48, 48))
    assert set(dense.state_dict()) == {name for name in sparse.state_dict() if not name.startswith("looks")}
    assert copy.deepcopy(sparse).state_dict().keys() == sparse.state_dict().keys()
