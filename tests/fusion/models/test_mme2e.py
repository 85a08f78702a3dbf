"""MME2E, dense and sparse: learns, does without a modality, comes back from a folder, starts from a trained one."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmemo.datasets.paired import FACE, PairedSet
from mmemo.errors import InputError
from mmemo.fusion.building import new_encoders, new_model, task_of
from mmemo.fusion.encoders import AUDIO, TEXT
from mmemo.fusion.model import FusionModel, answers
from mmemo.fusion.optimizers import new_optimizer
from mmemo.fusion.prepared import PreparedSet, prepare
from mmemo.fusion.saving import load_model, save_model
from mmemo.fusion.starting import start_from
from mmemo.fusion.training import FusionTraining, train
from mmemo.labels import EKMAN7, SENTIMENT3, Vocabulary
from mmemo.progress import run

NAMES = ("mme2e", "mme2e_sparse")
SMALL: Mapping[str, Any] = {
    "widths": (6, 8, 10), "stem_blocks": 0, "feature_dim": 16, "trans_dim": 8, "trans_layers": 1, "trans_heads": 2,
    "dropout": 0.0,
}  # fmt: skip
SPECS = {TEXT: "bilstm", FACE: "frames:32", AUDIO: "mel_maps"}
QUICK = FusionTraining(epochs=30, patience=30, batch_size=16, learning_rate=5e-3)
LINES = ("it is so bad", "it is some day", "it is so good")


def film(n: int = 60, seed: int = 0, classes: Vocabulary = SENTIMENT3, **changes: Any) -> PairedSet:
    """The line, the place of a bright square in the frames, and the pitch of the sound all tell the class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    data: dict[str, Any] = {
        "name": "made",
        "vocabulary": classes,
        "ids": [f"s{row}" for row in range(n)],
        "groups": [f"film{row % 10}" for row in range(n)],
        "labels": labels.astype(np.int64),
        "texts": [LINES[label] for label in labels],
        "pictures": {FACE: [frames(label, 1 + row % 3, rng) for row, label in enumerate(labels)]},
        "audio": [tone(label, rng) for label in labels],
    }
    return PairedSet(**(data | changes))


def frames(label: int, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    found = []
    for _ in range(count):
        frame = rng.integers(0, 60, (32, 32, 3))
        frame[8 * label : 8 * label + 12, 10:22] += 150
        found.append(frame.astype(np.uint8))
    return found


def tone(label: int, rng: np.random.Generator) -> np.ndarray:
    time = np.arange(8000) / 16_000
    found = np.sin(2 * np.pi * (300, 1000, 3000)[label] * time) * 0.4 + rng.normal(0, 0.02, len(time))
    return found.astype(np.float32)


def fresh(name: str, data: PairedSet, specs: Mapping[str, str], **settings: Any) -> tuple[FusionModel, PreparedSet]:
    encoders = new_encoders(data, specs, tuple(specs))
    model = new_model(name, encoders, task_of(data), {**SMALL, **settings})
    return model, run(prepare(data, encoders))


def accuracy(model: FusionModel, data: PreparedSet) -> float:
    assert data.labels is not None
    return float((answers(model, data.batches())[0].argmax(1).numpy() == data.labels).mean())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("modality", [FACE, AUDIO])
def test_each_trunk_learns(name: str, modality: str):
    specs = {modality: SPECS[modality]}
    model, data = fresh(name, film(), specs)
    run(train(model, data, QUICK))
    other = run(prepare(film(30, 1), dict(model.encoders)))  # type: ignore[arg-type]
    assert accuracy(model, other) > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_all_three_are_learned_and_each_may_be_missing(name: str):
    model, data = fresh(name, film(), SPECS, drop_modality=0.3)
    run(train(model, data, QUICK))
    assert accuracy(model, data) > 0.9
    batch = data.batch(np.arange(12))
    for kept in (TEXT, FACE, AUDIO):
        said = model(batch.only(kept)).logits.argmax(1)
        assert float((said == batch.labels).float().mean()) > 0.7, kept
    nothing = model(batch.without(*SPECS))
    assert nothing.logits.abs().sum() == 0


def test_a_film_without_sound_and_a_sample_without_a_face():
    data = film(12, audio=[np.zeros(0, np.float32)] * 12)
    data.pictures[FACE][3].clear()  # type: ignore[attr-defined]
    model, prepared = fresh("mme2e_sparse", data, SPECS)
    run(train(model, prepared, FusionTraining(epochs=2, batch_size=4)))
    assert answers(model, prepared.batches())[0].isfinite().all()


def test_sparse_says_what_dense_says_when_nothing_is_left_out():
    data = film(12)
    dense, prepared = fresh("mme2e", data, SPECS)
    sparse, _ = fresh("mme2e_sparse", data, SPECS, threshold=1.0)
    sparse.load_state_dict(dense.state_dict(), strict=False)
    half, _ = fresh("mme2e_sparse", data, SPECS, threshold=0.5)
    half.load_state_dict(dense.state_dict(), strict=False)
    said, also, other = (answers(one, prepared.batches())[0] for one in (dense, sparse, half))
    torch.testing.assert_close(said, also, atol=1e-5, rtol=1e-4)
    assert float((said - other).abs().max()) > 1e-5
    told = half(prepared.batch(np.arange(12))).vectors
    assert float(told["computed_face"].max()) < 0.8
    assert told["looks_face"].shape == (12, 3)


@pytest.mark.parametrize("name", NAMES)
def test_comes_back_from_a_folder(name: str, tmp_path: Path):
    model, data = fresh(name, film(12), SPECS)
    run(train(model, data, FusionTraining(epochs=1, batch_size=4)))
    save_model(tmp_path / "kept", model)
    again = load_model(tmp_path / "kept")
    torch.testing.assert_close(answers(model, data.batches())[0], answers(again, data.batches())[0])
    assert again.config() == model.config()


def test_starts_from_a_trained_model_whole_or_in_part(tmp_path: Path):
    trained, data = fresh("mme2e", film(12), SPECS)
    run(train(trained, data, FusionTraining(epochs=1, batch_size=4)))
    save_model(tmp_path / "kept", trained)
    for modalities in ((), (FACE,), (TEXT, AUDIO)):
        model, _ = fresh("mme2e_sparse", film(12), SPECS)
        before = copy.deepcopy(model.state_dict())
        taken = start_from(model, tmp_path / "kept", modalities)
        for name, one in model.state_dict().items():
            source = trained.state_dict()[name] if name in taken else before[name]
            assert torch.equal(one, source), name
        assert any(name.startswith("branches.face.trunk.stem") for name in taken) is (modalities != (TEXT, AUDIO))
        assert not any("looks" in name.split(".") for name in taken)
    with pytest.raises(InputError, match="body"):
        start_from(model, tmp_path / "kept", ("body",))
    with pytest.raises(InputError, match="no fusion model"):
        start_from(model, tmp_path)


def test_nothing_fits(tmp_path: Path):
    save_model(tmp_path / "kept", fresh("mme2e", film(12), {FACE: "frames:32"})[0])
    with pytest.raises(InputError, match="nothing"):
        start_from(fresh("mme2e", film(12), {TEXT: "bilstm"})[0], tmp_path / "kept")


def test_learning_rates_a_part():
    model, _ = fresh("mme2e", film(12), SPECS, text_rate=0.1, audio_rate=0.0)
    optimizer = new_optimizer(FusionTraining(), model.lessons()[0], model)
    rates = {id(weight): group["factor"] for group in optimizer.param_groups for weight in group["params"]}
    told = {name: rates[id(one)] for name, one in model.named_parameters()}
    assert told["encoders.text.embedding.weight"] == told["branches.text.1.weight"] == 0.1
    assert told["branches.face.trunk.stem.0.weight"] == told["weights.face"] == 1
    assert told["branches.audio.trunk.stem.0.weight"] == 0


@pytest.mark.parametrize("loss", ["auto", "ce", "bce"])
def test_losses(loss: str):
    model, data = fresh("mme2e", film(24), {TEXT: "bilstm"}, loss=loss)
    run(
        train(
            model,
            data,
            FusionTraining(epochs=30, patience=30, batch_size=8, class_weights="balanced", learning_rate=1e-2),
        )
    )
    assert accuracy(model, data) > 0.9


def test_several_labels_at_once():
    labels = np.eye(7, dtype=np.float32)[np.arange(24) % 3]
    model, data = fresh("mme2e_sparse", film(24, classes=EKMAN7, labels=labels), {TEXT: "bilstm", FACE: "frames:32"})
    run(train(model, data, FusionTraining(epochs=1, batch_size=8)))
    assert answers(model, data.batches())[0].shape == (24, 7)
    with pytest.raises(InputError, match="loss ce"):
        fresh("mme2e", film(24, classes=EKMAN7, labels=labels), {TEXT: "bilstm"}, loss="ce")


def test_long_lines_end():
    data = film(6, texts=[f"{LINES[row % 3]} {'and so on ' * 9}" for row in range(6)])
    model, prepared = fresh("mme2e", data, {TEXT: "bilstm"}, text_max_len=4)
    cut, _ = fresh("mme2e", film(6), {TEXT: "bilstm"}, text_max_len=4)
    assert model.encoded(prepared.batch(np.arange(6)))[TEXT].values.shape[1] == 4
    assert cut.settings.text_max_len == 4


@pytest.mark.parametrize(
    "wrong", [{"loss": "l1"}, {"widths": (4,)}, {"trans_heads": 3}, {"text_rate": -1.0}, {"text_max_len": 0}]
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]):
    with pytest.raises(InputError):
        fresh("mme2e", film(6), {FACE: "frames:32"}, **wrong)
