"""Image-text networks of every kind, made tiny and untrained by the tests, as backbones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mmemo.errors import InputError
from mmemo.fusion.building import new_encoders, new_model, task_of
from mmemo.fusion.encoders.image_text import image_text_network
from mmemo.fusion.model import answers
from mmemo.fusion.prepared import prepare
from mmemo.fusion.saving import load_model, save_model
from mmemo.fusion.training import FusionTraining, train
from mmemo.progress import run
from tests.fusion.made import small_pairs

SMALL = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
WORDS = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "i", "am", "so", "happy", "today", "it", "hurts", "could", "cry", "!", "."]


def save_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 1), ("[SEP]", 2)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(folder)


def save_transformers(kind: str, folder: Path) -> None:
    import transformers as t

    text = {**SMALL, "vocab_size": len(WORDS), "eos_token_id": 2, "bos_token_id": 1, "pad_token_id": 0}
    vision = {**SMALL, "image_size": 16, "patch_size": 8}
    torch.manual_seed(0)
    if kind == "clip":
        model = t.CLIPModel(t.CLIPConfig(text_config=text, vision_config=vision, projection_dim=12))
    elif kind == "siglip":
        model = t.SiglipModel(t.SiglipConfig(text_config=text, vision_config=vision))
    elif kind == "blip":
        model = t.BlipModel(t.BlipConfig(text_config=text, vision_config=vision, projection_dim=12))
    elif kind == "vilt":
        model = t.ViltModel(t.ViltConfig(**{**vision, "vocab_size": len(WORDS), "max_image_length": -1}))
    else:
        codebook = {"hidden_size": 8, "num_groups": 1, "vocab_size": 4}
        model = t.FlavaModel(
            t.FlavaConfig(
                text_config=text,
                image_config=vision,
                multimodal_config=SMALL,
                image_codebook_config=codebook,
                hidden_size=16,
                projection_dim=12,
            )
        )
    model.save_pretrained(folder)
    save_tokenizer(folder)


def save_open_clip(folder: Path) -> None:
    from open_clip.model import CLIP
    from safetensors.torch import save_file

    config = {
        "embed_dim": 12,
        "vision_cfg": {"image_size": 16, "layers": 1, "width": 64, "patch_size": 8},
        "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    }
    torch.manual_seed(0)
    save_file(CLIP(**config).state_dict(), folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": {}}))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for kind in ("open_clip", "clip", "siglip", "blip", "vilt", "flava"):
        made[kind] = tmp_path_factory.mktemp(kind)
        if kind == "open_clip":
            save_open_clip(made[kind])
        else:
            save_transformers(kind, made[kind])
    return made


ALL = ("open_clip", "clip", "siglip", "blip", "vilt", "flava")


def specs(folder: Path, prefix: str = "train:clip:") -> dict[str, str]:
    return {"text": f"{prefix}{folder}", "face": f"{prefix}{folder}"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("mode", ["frozen", "lora", "tuned"])
def test_trains_what_its_mode_says_and_comes_back(kind: str, mode: str, folders: dict[str, Path], tmp_path: Path):
    data = small_pairs()
    encoders = new_encoders(data, specs(folders[kind]))
    model = new_model("clip", encoders, task_of(data), {"mode": mode, "rank": 2})
    prepared = run(prepare(data, encoders))
    before = {name: one.detach().clone() for name, one in model.named_parameters()}
    run(train(model, prepared, FusionTraining(epochs=2, batch_size=4, learning_rate=1e-2)))
    changed = {name for name, one in model.named_parameters() if not torch.equal(one, before[name])}
    in_backbone = {name for name in changed if name.startswith("backbone.")}
    assert "head.weight" in changed
    if mode == "frozen":
        assert not in_backbone
    elif mode == "lora":
        assert in_backbone
        assert all("lora_" in name for name in in_backbone)
    else:
        assert len(in_backbone) > 5
    save_model(tmp_path / "kept", model)
    again = load_model(tmp_path / "kept")
    np.testing.assert_allclose(answers(model, prepared.batches())[0], answers(again, prepared.batches())[0], atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["clip", "vilt"])
def test_learns_bright_from_dark(kind: str, folders: dict[str, Path]):
    data = small_pairs(48)
    encoders = new_encoders(data, specs(folders[kind]))
    model = new_model("clip", encoders, task_of(data), {"mode": "tuned", "backbone_rate": 1.0})
    prepared = run(prepare(data, encoders))
    run(
        train(
            model, prepared, FusionTraining(epochs=15, batch_size=8, learning_rate=3e-3), np.arange(32), np.arange(32)
        )
    )
    probs, _ = answers(model, [prepared.batch(np.arange(32, 48))])
    assert data.labels is not None
    assert (probs.argmax(1).numpy() == data.labels[32:]).mean() > 0.9


@pytest.mark.parametrize("kind", ["open_clip", "clip", "siglip", "blip"])
def test_frozen_towers_are_encoders_for_any_model(kind: str, folders: dict[str, Path]):
    data = small_pairs(4)
    encoders = new_encoders(data, specs(folders[kind], "clip:"))
    prepared = run(prepare(data, encoders))
    model = new_model("concat", encoders, task_of(data))
    assert answers(model, prepared.batches())[0].shape == (4, 7)
    vectors = prepared.batch(np.arange(4)).signals["text"].values[:, 0]
    assert torch.allclose(vectors.square().sum(1), torch.tensor(float(encoders["text"].dim)), rtol=1e-3)


def test_a_missing_side_is_answered_all_the_same(folders: dict[str, Path]):
    data = small_pairs(4)
    for kind in ("clip", "vilt"):
        encoders = new_encoders(data, specs(folders[kind]))
        model = new_model("clip", encoders, task_of(data)).eval()
        batch = run(prepare(data, encoders)).batch(np.arange(4))
        for missing in ("text", "face"):
            assert model(batch.without(missing)).logits.isfinite().all()


def test_wrong_folders_and_encoders_are_told(folders: dict[str, Path], tmp_path: Path):
    data = small_pairs(4)
    with pytest.raises(InputError, match="no image-text model"):
        image_text_network(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(InputError, match="'bert' model"):
        image_text_network(str(tmp_path))
    with pytest.raises(InputError, match="together only"):
        new_encoders(data, specs(folders["vilt"], "clip:"))
    with pytest.raises(InputError, match="train:clip:FOLDER"):
        new_model("clip", new_encoders(data, specs(folders["clip"], "clip:")), task_of(data))
    with pytest.raises(InputError, match="unknown mode"):
        new_model("clip", new_encoders(data, specs(folders["clip"])), task_of(data), {"mode": "half"})


def test_a_folder_that_would_have_code_run_is_refused(tmp_path: Path):
    save_open_clip(tmp_path)
    path = tmp_path / "open_clip_config.json"
    stored = json.loads(path.read_text())
    stored["model_cfg"]["text_cfg"] |= {"hf_tokenizer_name": "own", "tokenizer_kwargs": {"trust_remote_code": True}}
    path.write_text(json.dumps(stored))
    with pytest.raises(InputError, match="tokenizer_kwargs trust_remote_code"):
        image_text_network(str(tmp_path))
    stored["model_cfg"]["text_cfg"]["tokenizer_kwargs"] = {"clean": "lower"}
    del stored["model_cfg"]["text_cfg"]["hf_tokenizer_name"]
    path.write_text(json.dumps(stored))
    assert len(image_text_network(str(tmp_path)).tokens(["I am happy"])) == 1
