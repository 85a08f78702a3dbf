"""Which places the line keeps."""

from __future__ import annotations

import torch

from mmemo.fusion.end_to_end.attention import CrossModalAttention, softmax_by_map, top_share
from mmemo.fusion.end_to_end.positions import everywhere

MAPS = torch.tensor([0, 0, 0, 0, 1, 1, 2])
SHARES = torch.tensor([0.1, 0.5, 0.15, 0.25, 0.4, 0.6, 1.0])


def test_the_fewest_places_that_add_up_to_the_threshold():
    assert top_share(SHARES, MAPS, 0.7).tolist() == [False, True, False, True, True, True, True]
    assert top_share(SHARES, MAPS, 0.5).tolist() == [False, True, False, False, False, True, True]
    assert top_share(SHARES, MAPS, 1e-6).tolist() == [False, True, False, False, False, True, True]


def test_at_1_all_places_are_kept_even_those_without_a_share():
    assert top_share(torch.tensor([1.0, 0.0, 0.0]), torch.zeros(3, dtype=torch.int64), 1.0).all()
    assert top_share(torch.zeros(0), torch.zeros(0, dtype=torch.int64), 0.5).shape == (0,)


def test_fewer_are_kept_when_the_threshold_falls():
    shares = torch.softmax(torch.randn(20, 30, generator=torch.Generator().manual_seed(0)), 1).flatten()
    of_map = torch.arange(20).repeat_interleave(30)
    counts = [int(top_share(shares, of_map, p).sum()) for p in (0.2, 0.4, 0.6, 0.8, 0.95, 1.0)]
    assert counts == sorted(counts)
    assert len(set(counts)) == len(counts)
    sums = torch.zeros(20).index_add(0, of_map, shares * top_share(shares, of_map, 0.6))
    assert float(sums.min()) >= 0.6


def test_shares_of_each_map_sum_to_1():
    shares = softmax_by_map(torch.tensor([1e4, 1e4, -1e4, 0.0, 3.0, 3.0, 9.0]), MAPS, 3)
    sums = torch.zeros(3).index_add(0, MAPS, shares)
    torch.testing.assert_close(sums, torch.ones(3))
    torch.testing.assert_close(shares[4:6], torch.tensor([0.5, 0.5]))


def test_the_line_changes_what_is_looked_at_and_no_line_is_no_error():
    torch.manual_seed(0)
    look = CrossModalAttention(3, 5, 4)
    places = everywhere(torch.randn(2, 3, 4, 4))
    said, other = (look(places, line) for line in (torch.randn(2, 5), torch.randn(2, 5)))
    assert not torch.allclose(said, other)
    torch.testing.assert_close(look(places, None), look(places, torch.zeros(2, 5)))
    assert CrossModalAttention(3, 0, 4)(places, None).shape == (32,)
