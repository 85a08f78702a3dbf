"""A fine-tuned two-head teacher stored small: int8 rows for matrices, half precision for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.errors import InputError
from mmemo.labels import EKMAN7, SENTIMENT3
from mmemo.store.files import publish_folder, read_json, write_json

FORMAT = "mmemo-two-head-teacher"
FORMAT_VERSION = 1
WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"
TOKENIZER_FILE = "tokenizer.json"
HEADS = {"emotion": EKMAN7.labels, "sentiment": SENTIMENT3.labels}
MAX_TOKENS = 80
_SCALE_SUFFIX = ".row_scale"
_UNUSED = ("encoder.pooler.", "encoder.embeddings.position_ids")
_ENCODER_SETTINGS = (
    "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
    "hidden_act", "max_position_embeddings", "type_vocab_size", "layer_norm_eps", "pad_token_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TwoHeadWeights:
    """A BERT encoder's settings, and all tensors of encoder and heads as float32."""

    encoder: dict[str, Any]
    tensors: dict[str, np.ndarray]
    max_tokens: int = MAX_TOKENS

    def __post_init__(self) -> None:
        width = self.encoder.get("hidden_size")
        for head, labels in HEADS.items():
            weight, bias = self.tensors.get(f"{head}.weight"), self.tensors.get(f"{head}.bias")
            if weight is None or bias is None:
                raise InputError(f"the teacher has no {head} head", hint=f"store {head}.weight and {head}.bias")
            if weight.shape != (len(labels), width) or bias.shape != (len(labels),):
                raise InputError(f"the {head} head is not {len(labels)} x {width}", hint="export the teacher again")


@dataclass(frozen=True, slots=True)
class PackReport:
    """What packing did: sizes in bytes, and the largest error of a weight relative to its row's largest."""

    source: str
    folder: str
    source_bytes: int
    packed_bytes: int
    largest_relative_error: float


def pack_tensors(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Matrices become int8 with one fp16 scale a row, everything else fp16.

    Symmetric rounding to nearest: an entry is off by at most half its row's scale, and the scale is the row's
    largest magnitude / 127, rounded up to fp16. A value that is not finite raises InputError.
    """
    packed: dict[str, np.ndarray] = {}
    for name, tensor in tensors.items():
        if not np.isfinite(tensor).all():
            raise InputError(f"the weights {name!r} are not finite", hint="export the teacher again")
        if tensor.ndim == 2:
            packed[name], packed[name + _SCALE_SUFFIX] = _pack_rows(tensor.astype(np.float32))
        else:
            packed[name] = tensor.astype(np.float16)
    return packed


def unpack_tensors(packed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The inverse of `pack_tensors`, as float32; tensors that were never packed come through."""
    return {
        name: _unpack_rows(tensor, packed[name + _SCALE_SUFFIX])
        if name + _SCALE_SUFFIX in packed
        else tensor.astype(np.float32)
        for name, tensor in packed.items()
        if not name.endswith(_SCALE_SUFFIX)
    }


def pack_folder(source: Path, folder: Path) -> PackReport:
    """Store the two-head teacher of `source` small in `folder`, which must not exist; anchors are not carried over."""
    from safetensors.numpy import save

    if folder.exists():
        raise InputError(f"{folder} exists already", hint="choose a new folder or remove the old one")
    weights = read_two_head(source)
    packed = pack_tensors(weights.tensors)
    with publish_folder(folder) as temporary:
        (temporary / WEIGHTS_FILE).write_bytes(save(packed))
        write_json(temporary / CONFIG_FILE, two_head_config(weights))
        (temporary / TOKENIZER_FILE).write_bytes(_existing(source / TOKENIZER_FILE).read_bytes())
    error = max(_relative_error(weights.tensors[name], back) for name, back in unpack_tensors(packed).items())
    return PackReport(str(source), str(folder), _folder_bytes(source), _folder_bytes(folder), error)


def two_head_config(weights: TwoHeadWeights) -> dict[str, Any]:
    """What stands in the settings file beside such weights."""
    config = {"format": FORMAT, "version": FORMAT_VERSION, "encoder": weights.encoder}
    return config | {"heads": HEADS, "max_tokens": weights.max_tokens}


def is_two_head(folder: Path) -> bool:
    """Whether a folder holds a two-head teacher, packed or as it came from training."""
    from safetensors import SafetensorError, safe_open

    path = folder / WEIGHTS_FILE
    if not path.is_file():
        return False
    try:
        with safe_open(path, "numpy") as stored:
            return all(f"{head}.weight" in stored.keys() for head in HEADS)  # noqa: SIM118
    except (SafetensorError, OSError):
        return False


def read_two_head(folder: Path) -> TwoHeadWeights:
    """Read a two-head teacher, packed or as it came from training; a damaged one raises InputError."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    config = read_json(_existing(folder / CONFIG_FILE))
    try:
        tensors = unpack_tensors(load_file(_existing(folder / WEIGHTS_FILE)))
    except (SafetensorError, OSError) as error:
        raise InputError(f"{folder / WEIGHTS_FILE} is damaged", hint="copy or download it again") from error
    used = {name: tensor for name, tensor in tensors.items() if not name.startswith(_UNUSED)}
    encoder = config.get("encoder", config)
    missing = [name for name in _ENCODER_SETTINGS if name not in encoder]
    if missing:
        raise InputError(f"{folder / CONFIG_FILE} does not say {', '.join(missing)}", hint="export the teacher again")
    return TwoHeadWeights(
        {name: encoder[name] for name in _ENCODER_SETTINGS}, used, int(config.get("max_tokens", MAX_TOKENS))
    )


def _pack_rows(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    exact = np.abs(matrix).max(axis=1) / 127 if matrix.size else np.zeros(len(matrix), np.float32)
    with np.errstate(over="ignore"):  # what overflows is refused below
        scale = exact.astype(np.float16)
    scale = np.where(scale < exact, np.nextafter(scale, np.float16(np.inf)), scale).astype(np.float16)
    if not np.isfinite(scale).all():
        raise InputError("a weight is too large for half precision", hint="export the teacher again")
    divisor = np.where(scale > 0, scale, 1).astype(np.float32)
    return np.rint(matrix / divisor[:, None]).astype(np.int8), scale


def _unpack_rows(rows: np.ndarray, scale: np.ndarray) -> np.ndarray:
    unpacked: np.ndarray = rows.astype(np.float32) * scale.astype(np.float32)[:, None]
    return unpacked


def _relative_error(original: np.ndarray, back: np.ndarray) -> float:
    rows = np.atleast_2d(original)
    largest = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-12)
    return float((np.abs(rows - np.atleast_2d(back)) / largest).max())


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise InputError(f"{path} does not exist", hint=f"a teacher is {CONFIG_FILE}, {WEIGHTS_FILE}, {TOKENIZER_FILE}")
    return path


def _folder_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
