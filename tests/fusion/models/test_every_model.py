"""What every model of the registry must do: learn, answer without a modality, and come back from a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mmemo.errors import InputError
from mmemo.fusion.building import new_encoders, new_model, task_of
from mmemo.fusion.model import answers
from mmemo.fusion.models import MODELS, model_class
from mmemo.fusion.prepared import prepare
from mmemo.fusion.saving import load_model, save_model
from mmemo.fusion.training import FusionTraining, train
from mmemo.progress import run
from tests.fusion.made import accuracy, agreeing_set, fresh, small_pairs, three_task, without, xor_set, yes_no_task

# Models that need files or inputs of their own; they are tested in modules of their own.
OWN_TESTS = {"clip", "mme2e", "mme2e_sparse"}
# A student of pictures cannot learn what only both modalities tell.
NO_XOR = {"distill"}
# Two members are enough to see what an ensemble does; folds are for stacking alone.
TWO = {"members": (("text", "concat", ("text",)), ("both", "concat", ())), "folds": 2}
SETTINGS = dict.fromkeys(("late", "ensemble_average", "ensemble_weighted", "ensemble_stacking"), TWO)
NAMES = [name for name in MODELS if name not in OWN_TESTS]
QUICK = FusionTraining(epochs=20, batch_size=32, learning_rate=3e-3)


@pytest.mark.parametrize("name", NAMES)
def test_learns_an_easy_set(name: str):
    torch.manual_seed(0)
    model = fresh(name, three_task(), SETTINGS.get(name))
    run(train(model, agreeing_set(), QUICK))
    assert accuracy(model, agreeing_set(seed=1)) > 0.75


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NO_XOR])
def test_learns_what_only_both_modalities_tell(name: str):
    torch.manual_seed(0)
    model = fresh(name, yes_no_task(), SETTINGS.get(name))
    run(train(model, xor_set(), FusionTraining(epochs=40, patience=15, batch_size=32, learning_rate=5e-3)))
    assert accuracy(model, xor_set(seed=1)) > 0.9


@pytest.mark.parametrize("modality", ["text", "face"])
def test_one_modality_cannot_tell(modality: str):
    torch.manual_seed(0)
    model = fresh("concat", yes_no_task(), {}, modality)
    run(train(model, xor_set().only([modality]), QUICK))
    assert accuracy(model, xor_set(seed=1).only([modality])) < 0.65


@pytest.mark.parametrize("name", NAMES)
def test_answers_without_a_modality(name: str):
    model = fresh(name, three_task()).eval()
    for missing in ("text", "face"):
        logits = model(without(agreeing_set(20), missing)).logits
        assert logits.shape == (20, 3)
        assert logits.isfinite().all()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_comes_back_from_a_folder(name: str, tmp_path: Path):
    data = small_pairs()
    encoders = new_encoders(data)
    prepared = run(prepare(data, encoders))
    model = new_model(name, encoders, task_of(data))
    run(train(model, prepared, FusionTraining(epochs=2, batch_size=4)))
    save_model(tmp_path / "kept", model, {"trained_on": data.title})
    again = load_model(tmp_path / "kept")
    before, after = (answers(one, prepared.batches())[0] for one in (model, again))
    np.testing.assert_allclose(before, after, atol=1e-6)
    assert np.allclose(before.sum(dim=1), 1, atol=1e-5)
    assert again.config() == model.config()


def test_an_unknown_model_and_an_unknown_setting_are_named():
    with pytest.raises(InputError, match="concat"):
        model_class("magic")
    with pytest.raises(InputError, match="width"):
        new_model("concat", fresh("concat", three_task()).encoders, three_task(), {"wdth": 3})  # type: ignore[arg-type]


def test_a_folder_without_a_model(tmp_path: Path):
    with pytest.raises(InputError, match="no fusion model"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text('{"model": "concat"}')
    with pytest.raises(InputError, match="damaged"):
        load_model(tmp_path)
