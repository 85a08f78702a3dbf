"""Pixels, early layers and mel windows as maps."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmemo.datasets.paired import FACE
from mmemo.errors import InputError
from mmemo.fusion.encoders import AUDIO, new_encoder, stored_encoder
from mmemo.fusion.encoders.maps import Maps
from mmemo.fusion.prepared import prepare
from mmemo.progress import run
from tests.fusion.made import small_pairs
from tests.fusion.models.test_mme2e import film


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        ("frames", (3, 48, 48)), ("frames:32", (3, 32, 32)), ("embedded+maps", (112, 7, 7)),
        ("embedded+maps:8", (40, 14, 14)),
    ],
)  # fmt: skip
def test_pictures_become_maps(spec: str, shape: tuple[int, int, int]):
    data = small_pairs(4)
    encoder = new_encoder(FACE, spec, data)
    assert isinstance(encoder, Maps)
    assert encoder.shape == shape
    batch = run(prepare(data, {FACE: encoder})).batch(np.arange(4))
    signal = encoder(batch.signals[FACE])
    assert signal.values.shape == (4, 2, *shape)
    assert signal.values.dtype == torch.float32
    assert signal.mask.sum(1).tolist() == [1, 2, 1, 2]
    assert stored_encoder(FACE, encoder.stored).reader.identity == encoder.reader.identity


def test_pixels_keep_their_brightness():
    data = small_pairs(2)
    encoder = new_encoder(FACE, "frames:16", data)
    bright, dark = (one.mean() for one in encoder.reader.read(data, [0, 1]))
    assert bright == pytest.approx(np.mean(data.pictures[FACE][0]), abs=3)
    assert dark == pytest.approx(np.mean(data.pictures[FACE][1]), abs=3)


def test_early_layers_are_those_of_the_network():
    data = small_pairs(2)
    reader = new_encoder(FACE, "embedded+maps:16", data).reader
    network = reader.backbone.module  # type: ignore[attr-defined]
    with torch.inference_mode():
        found = network.bn1(network.conv_stem(reader.backbone.prepare(data.pictures[FACE][0])))  # type: ignore[attr-defined]
        for stage in network.blocks[:5]:
            found = stage(found)
    np.testing.assert_allclose(reader.read(data, [0])[0], found.numpy(), atol=0.02, rtol=0.02)


def test_sound_becomes_windows():
    data = film(3, audio=[np.ones(9000, np.float32) * 0.1, np.zeros(0, np.float32), np.zeros(100, np.float32)])
    encoder = new_encoder(AUDIO, "mel_maps", data)
    signal = encoder(run(prepare(data, {AUDIO: encoder})).batch(np.arange(3)).signals[AUDIO])
    assert signal.mask.tolist() == [[True, True], [False, False], [True, False]]
    assert float(signal.values[0, 0].abs().max()) < 4


@pytest.mark.parametrize("spec", ["frames:4", "frames:x", "embedded+maps:3", "embedded+maps:x", "facenet+maps"])
def test_unknown_maps_are_refused(spec: str):
    with pytest.raises(InputError):
        new_encoder(FACE, spec, small_pairs(2))
