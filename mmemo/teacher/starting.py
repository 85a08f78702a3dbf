"""What training of a text teacher starts from: another teacher of our kind, or a BERT without heads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from mmemo.errors import InputError
from mmemo.store.files import read_json
from mmemo.teacher.packing import (
    CONFIG_FILE,
    HEADS,
    MAX_TOKENS,
    TOKENIZER_FILE,
    WEIGHTS_FILE,
    TwoHeadWeights,
    is_two_head,
    read_two_head,
)

# What stands before the encoder's names in files of sequence classifiers and of masked language models.
_PREFIXES = ("bert.", "encoder.bert.", "0.auto_model.")
_HEAD_SPREAD = 0.02
_SETTINGS_BY_DEFAULT: dict[str, Any] = {
    "hidden_act": "gelu", "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0,
    "max_position_embeddings": 512,
}  # fmt: skip


def read_start(folder: Path, seed: int = 0) -> tuple[TwoHeadWeights, Tokenizer]:
    """Weights and tokenizer of a local folder: a two-head teacher, or any transformers BERT, whose heads start random.

    Raises InputError for another architecture and for missing or damaged files.
    """
    weights = read_two_head(folder) if is_two_head(folder) else _bert(folder, seed)
    try:
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    except Exception as error:  # the tokenizers library raises bare Exception for any bad file
        raise InputError(
            f"{folder / TOKENIZER_FILE} is missing or damaged",
            hint="save a fast tokenizer there with save_pretrained",
        ) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(weights.max_tokens, strategy="longest_first")
    return weights, tokenizer


def _bert(folder: Path, seed: int) -> TwoHeadWeights:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    if not (folder / CONFIG_FILE).is_file():
        raise InputError(f"the folder {folder} holds no model: it has no {CONFIG_FILE}", hint="pass another folder")
    config = _SETTINGS_BY_DEFAULT | read_json(folder / CONFIG_FILE)
    if config.get("model_type") != "bert":
        raise InputError(
            f"{folder} is a {config.get('model_type')!r} model", hint="training starts from a BERT; others only read"
        )
    try:
        stored = load_file(folder / WEIGHTS_FILE)
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{folder / WEIGHTS_FILE} is missing or damaged", hint="save the model with safetensors"
        ) from error
    named = {_plain_name(name): tensor.astype(np.float32) for name, tensor in stored.items()}
    kept = {
        f"encoder.{name}": tensor
        for name, tensor in named.items()
        if name.startswith(("embeddings.", "encoder.")) and not name.endswith("position_ids")
    }
    chance = np.random.default_rng(seed)
    for head, labels in HEADS.items():
        shape = (len(labels), int(config["hidden_size"]))
        kept[f"{head}.weight"] = chance.normal(0, _HEAD_SPREAD, shape).astype(np.float32)
        kept[f"{head}.bias"] = np.zeros(len(labels), np.float32)
    encoder = {name: config[name] for name in (*_SETTINGS_BY_DEFAULT, *_SIZES)}
    return TwoHeadWeights(encoder, kept, min(MAX_TOKENS, int(config["max_position_embeddings"])))


_SIZES = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")


def _plain_name(name: str) -> str:
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name[len(prefix) :]
    return name
