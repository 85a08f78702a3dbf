"""Looks at faces: the plain ones are what the network judges, the others differ and come again with the same seed."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from mmemo.student.backbones import Backbone, Preprocessing
from mmemo.student.looks import prepared_looks


def backbone(grey: bool) -> Backbone:
    return Backbone("tiny", 1, Preprocessing(16, (0.5, 0.4, 0.3), (0.25, 0.2, 0.3), grey=grey), nn.Identity())


def test_looks_are_plain_mirrored_and_changed():
    crops = list(np.random.default_rng(0).integers(0, 256, (5, 20, 20, 3), np.uint8))
    for grey in (False, True):
        net = backbone(grey)
        found = torch.cat(list(prepared_looks(net, (crops[:3], crops[3:]), 4)))
        assert found.shape == (5, 4, 3, 16, 16)
        plain = net.prepare(crops)
        torch.testing.assert_close(found[:, 0], plain)
        torch.testing.assert_close(found[:, 1], plain.flip(3))
        assert not torch.equal(found[:, 2], found[:, 3])
        again = torch.cat(list(prepared_looks(net, (crops[:3], crops[3:]), 4)))
        torch.testing.assert_close(again, found)


def test_two_looks_change_nothing_and_no_faces_give_none():
    crops = list(np.random.default_rng(0).integers(0, 256, (2, 20, 20, 3), np.uint8))
    (found,) = prepared_looks(backbone(False), [crops], 2)
    assert found.shape == (2, 2, 3, 16, 16)
    assert list(prepared_looks(backbone(False), [], 4)) == []
