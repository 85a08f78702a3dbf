"""Tiny teachers that tests make and save, so that the true loading code runs on them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast

from mmemo.labels import EKMAN7, SENTIMENT3
from mmemo.store.files import write_json

WORDS = tuple("i you we am are so very happy sad angry scared glad what is this why not a the . , ! ?".split())
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def tiny_tokenizer() -> Tokenizer:
    """A word-level tokenizer with BERT's special tokens and pairs."""
    vocabulary = {word: i for i, word in enumerate([*SPECIAL, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def tiny_config(width: int = 32, **more: object) -> BertConfig:
    """A BERT of one layer."""
    return BertConfig(
        vocab_size=len(SPECIAL) + len(WORDS), hidden_size=width, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=2 * width, max_position_embeddings=96, **more,
    )  # fmt: skip


def save_two_head(folder: Path, width: int = 32) -> Path:
    """A two-head teacher as training leaves it, in half precision, with a pooler that nothing uses."""
    torch.manual_seed(3)
    config = tiny_config(width)
    tensors = {f"encoder.{name}": tensor for name, tensor in BertModel(config).state_dict().items()}
    for head, labels in (("emotion", EKMAN7.labels), ("sentiment", SENTIMENT3.labels)):
        tensors[f"{head}.weight"] = torch.randn(len(labels), width)
        tensors[f"{head}.bias"] = torch.randn(len(labels))
    folder.mkdir(parents=True)
    save_file({name: tensor.half().contiguous() for name, tensor in tensors.items()}, folder / "model.safetensors")
    write_json(folder / "config.json", config.to_dict())
    tiny_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def save_classifier(folder: Path, labels: Sequence[str], problem_type: str | None = None) -> Path:
    """A transformers sequence classifier with these labels, saved as hub models are."""
    torch.manual_seed(5)
    config = tiny_config(id2label=dict(enumerate(labels)), label2id={label: i for i, label in enumerate(labels)})
    config.problem_type = problem_type
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.weight.normal_(0, 2)
    model.save_pretrained(folder)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=tiny_tokenizer(), unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]", model_max_length=96,
    )  # fmt: skip
    tokenizer.save_pretrained(folder)
    return folder


def into_cache(folder: Path, cache: Path, hub_id: str) -> Path:
    """Lay a saved model out as the hub's cache does; returns the snapshot's folder."""
    home = cache / f"models--{hub_id.replace('/', '--')}"
    snapshot = home / "snapshots" / COMMIT
    shutil.copytree(folder, snapshot)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(COMMIT, encoding="utf-8")
    return snapshot


def assert_probs(probs: np.ndarray, rows: int, columns: int = 7) -> None:
    """(rows, columns) float32 whose rows sum to 1."""
    assert probs.shape == (rows, columns)
    assert probs.dtype == np.float32
    assert np.allclose(probs.sum(axis=1), 1, atol=1e-5)
    assert (probs >= 0).all()
