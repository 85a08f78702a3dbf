"""Cross-modal attention: what the line finds important in a map, and the places that hold most of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mmemo.fusion.end_to_end.positions import Places


class CrossModalAttention(nn.Module):
    """Shares of the places of a map for the line that is said with it: softmax of w . tanh(A x + B y) (Dai et al. 2021).

    x (C) are the features of a place, y (D) is the line; a line that is missing is 0, and the picture decides alone.
    """

    def __init__(self, channels: int, text_dim: int, hidden: int) -> None:
        super().__init__()
        self.of_place = nn.Linear(channels, hidden)
        self.of_text = nn.Linear(text_dim, hidden, bias=False) if text_dim else None
        self.score = nn.Linear(hidden, 1)

    def forward(self, places: Places, text: Tensor | None) -> Tensor:
        """P places and (N, D) the line of each map -> (P,) shares that sum to 1 in each map."""
        seen = self.of_place(places.features)
        if self.of_text is not None and text is not None:
            seen = seen + self.of_text(text)[places.map_of]
        return softmax_by_map(self.score(torch.tanh(seen))[:, 0], places.map_of, places.size[0])


def softmax_by_map(scores: Tensor, map_of: Tensor, maps: int) -> Tensor:
    """(P,) scores -> (P,) shares that sum to 1 over the places of each map."""
    highest = scores.new_full((maps,), -torch.inf).scatter_reduce(0, map_of, scores.detach(), "amax")
    raised = torch.exp(scores - highest[map_of])
    return raised / scores.new_zeros((maps,)).index_add(0, map_of, raised)[map_of]


@torch.no_grad()
def top_share(shares: Tensor, map_of: Tensor, threshold: float) -> Tensor:
    """(P,) bool: in each map the fewest places whose shares add up to `threshold` or more; never none of a map.

    As nucleus sampling picks words (Holtzman et al. 2020). map_of (P,) rises. At 1 all places are kept.
    """
    if threshold >= 1 or not len(shares):
        return torch.ones_like(map_of, dtype=torch.bool)
    by_share = torch.argsort(shares, descending=True, stable=True)
    order = by_share[torch.argsort(map_of[by_share], stable=True)]
    ordered = shares[order].double()
    before = torch.cumsum(ordered, 0) - ordered
    # The sum of all maps before this one, which ends just before the first place of the map.
    first = torch.searchsorted(map_of, map_of)
    kept = torch.empty_like(map_of, dtype=torch.bool)
    kept[order] = before - before[first] < threshold
    return kept
