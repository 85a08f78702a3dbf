"""Log-mel spectrograms of tones, networks of torchvision and timm by name, and what is missing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmemo.datasets.paired import SOUND_HZ, PairedSet
from mmemo.errors import InputError
from mmemo.fusion.building import modalities_of, new_encoders, new_model, task_of
from mmemo.fusion.encoders import new_encoder
from mmemo.fusion.encoders.audio import MELS, MelSteps, log_mel
from mmemo.fusion.encoders.image import evenly, picture_network
from mmemo.fusion.prepared import prepare
from mmemo.fusion.training import FusionTraining, train
from mmemo.labels import SENTIMENT3
from mmemo.progress import run
from tests.fusion.made import accuracy, small_pairs


def tone(hz: float, seconds: float = 1.0) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(int(seconds * SOUND_HZ)) / SOUND_HZ).astype(np.float32)


def test_a_higher_tone_stands_in_a_higher_band():
    low, high = log_mel(tone(300)), log_mel(tone(3000))
    assert low.shape[1] == MELS
    assert abs(len(low) - 100) <= 2
    assert low.mean(0).argmax() < high.mean(0).argmax()


def test_silence_a_click_and_nothing():
    assert log_mel(np.zeros(0, np.float32)).shape == (0, MELS)
    assert np.isfinite(log_mel(np.zeros(10, np.float32))).all()
    assert np.isfinite(log_mel(np.zeros(SOUND_HZ, np.float32))).all()


def sounds(n: int = 40) -> PairedSet:
    """Low tones are negative, high ones positive; the last sample has no sound."""
    labels = np.arange(n) % 2 + 1
    rng = np.random.default_rng(0)
    made = [tone(400 if label == 1 else 2000, rng.uniform(0.2, 1.2)) for label in labels]
    made[-1] = np.zeros(0, np.float32)
    return PairedSet(
        "tones", SENTIMENT3, [str(i) for i in range(n)], [f"g{i % 10}" for i in range(n)], labels, audio=made
    )


@pytest.mark.parametrize("spec", ["mel", "mel_summary"])
def test_a_model_hears_low_from_high(spec: str):
    data = sounds()
    encoders = new_encoders(data, {"audio": spec})
    prepared = run(prepare(data, encoders))
    model = new_model("concat", encoders, task_of(data))
    run(train(model, prepared, FusionTraining(epochs=10, batch_size=8, learning_rate=3e-3)))
    assert accuracy(model, prepared) > 0.9


def test_steps_of_half_a_second():
    steps = MelSteps().read(sounds(4), range(4))
    assert steps[0].shape[1:] == (1, MELS, 50)
    assert len(steps[3]) == 0


def test_at_most_eight_frames_evenly():
    frames = [np.full((1, 1, 3), i, np.uint8) for i in range(30)]
    assert [int(one[0, 0, 0]) for one in evenly(frames)] == [0, 4, 8, 12, 17, 21, 25, 29]
    assert len(evenly(frames[:3])) == 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "dim"),
    [
        ("resnet18", 512),
        ("vgg11", 4096),
        ("mobilenet_v3_small", 1024),
        ("densenet121", 1024),
        ("vit_b_32", 768),
        ("inception_v3", 2048),
    ],
)
def test_networks_of_torchvision(name: str, dim: int):
    assert picture_network(f"torchvision:{name}/none").feature_dim == dim


def test_unknown_names_are_told():
    with pytest.raises(InputError, match="resnet50"):
        picture_network("torchvision:resnet5000")
    with pytest.raises(InputError, match="mel_summary"):
        new_encoder("audio", "wav2vec", sounds(2))
    with pytest.raises(InputError, match="has no face"):
        new_encoders(sounds(2), {"face": "embedded"})
    assert modalities_of(sounds(2)) == ("audio",)
    assert modalities_of(small_pairs(2)) == ("text", "face")


@pytest.mark.slow
def test_a_picture_network_is_trained_along():
    data = small_pairs(8)
    encoders = new_encoders(data, {"face": "train:torchvision:mobilenet_v3_small/none"}, ["face"])
    model = new_model("concat", encoders, task_of(data))
    before = next(encoders["face"].network.parameters()).detach().clone()
    run(train(model, run(prepare(data, encoders)), FusionTraining(epochs=1, batch_size=4)))
    assert not torch.equal(before, next(model.encoder("face").network.parameters()))


@pytest.mark.slow
def test_the_teacher_is_trained_along_and_gives_words():
    data = small_pairs(8)
    encoders = new_encoders(data, {"text": "train:teacher"}, ["text"])
    model = new_model("concat", encoders, task_of(data), {"pooling": "attention"})
    before = model.encoder("text").network.embeddings["LayerNorm"].weight.detach().clone()
    run(train(model, run(prepare(data, encoders)), FusionTraining(epochs=1, batch_size=4)))
    assert not torch.equal(before, model.encoder("text").network.embeddings["LayerNorm"].weight)
    words = run(prepare(data, new_encoders(data, {"text": "teacher+words"}, ["text"])))
    assert words.batch(np.arange(8)).signals["text"].mask.sum() > 40


def test_frozen_vectors_are_the_mean_of_the_words():
    data = small_pairs(3)
    mean = run(prepare(data, new_encoders(data, {"text": "teacher"}, ["text"]))).batch(np.arange(3)).signals["text"]
    words = (
        run(prepare(data, new_encoders(data, {"text": "teacher+words"}, ["text"]))).batch(np.arange(3)).signals["text"]
    )
    expected = (words.values * words.mask[..., None]).sum(1) / words.mask.sum(1, keepdim=True)
    torch.testing.assert_close(mean.values[:, 0], expected, atol=2e-2, rtol=2e-2)
