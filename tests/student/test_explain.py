"""What a network looked at: the places that its answer hangs on, for any backbone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmemo.errors import ModelUnavailable
from mmemo.labels import EKMAN7
from mmemo.student import explain
from mmemo.student.backbones import Backbone, Preprocessing
from mmemo.student.explain import where_it_looked
from mmemo.student.heads import LinearHead

_PX = 28


class UpperLeft(nn.Module):
    """Brightness of the upper left and the lower right quarter as two features: what counts is known."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, images: Tensor) -> Tensor:
        half = _PX // 2
        corners = images[:, 0, :half, :half].mean((1, 2)), images[:, 0, half:, half:].mean((1, 2))
        return torch.stack(corners, 1) * self.scale


def backbone() -> Backbone:
    return Backbone("quarters", 2, Preprocessing(_PX, (0.5,) * 3, (0.25,) * 3), UpperLeft())


def head() -> LinearHead:
    weight = np.zeros((len(EKMAN7), 2), np.float32)
    weight[1, 0] = 2.0
    weight[2, 1] = 2.0
    return LinearHead(weight, np.zeros(len(EKMAN7), np.float32))


def bright_corner() -> np.ndarray:
    picture = np.full((56, 56, 3), 40, np.uint8)
    picture[:28, :28] = 255
    return picture


def test_the_place_that_counts_is_found_and_the_rest_is_not():
    (places,) = where_it_looked(backbone(), head(), [bright_corner()], np.array([1]))
    assert places.shape == (_PX, _PX) and places.dtype == np.float32
    # Both views count: the mirror image has its bright corner where nothing is read, so the loss is that of one view.
    assert places[:14, :14].mean() > 0.01
    assert abs(places[18:, :8].mean()) < 0.3 * places[:14, :14].mean()


def test_a_place_may_speak_against_an_emotion():
    (places,) = where_it_looked(backbone(), head(), [bright_corner()], np.array([3]))
    assert places[:14, :14].mean() < 0


def test_each_face_is_asked_for_its_own_emotion():
    both = where_it_looked(backbone(), head(), [bright_corner(), bright_corner()], np.array([1, 3]))
    alone = where_it_looked(backbone(), head(), [bright_corner()], np.array([3]))
    assert np.allclose(both[1], alone[0], atol=1e-6) and not np.allclose(both[0], both[1], atol=1e-3)


def test_no_face_gives_no_map():
    assert where_it_looked(backbone(), head(), [], np.zeros(0, np.int64)).shape == (0, _PX, _PX)


def test_a_missing_library_is_told(monkeypatch: pytest.MonkeyPatch):
    import builtins

    real = builtins.__import__

    def without(name: str, *args: object, **kwargs: object) -> object:
        if name.startswith("captum"):
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ModelUnavailable, match="captum"):
        explain.where_it_looked(backbone(), head(), [bright_corner()], np.array([1]))
