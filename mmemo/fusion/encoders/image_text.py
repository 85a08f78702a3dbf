"""Networks that were trained on pictures with their captions: two towers (CLIP, SigLIP, BLIP) or one (ViLT, FLAVA).

They are read from a folder: one that open_clip wrote (open_clip_config.json) or one that transformers wrote
(config.json with its tokenizer).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from mmemo.datasets.paired import PairedSet
from mmemo.errors import InputError
from mmemo.fusion.batch import padded
from mmemo.fusion.encoders.encoder import Reader, pictures_of, texts_of
from mmemo.hub import model_loading
from mmemo.store.files import read_json
from mmemo.student.backbones import Preprocessing
from mmemo.student.backbones.loading import weights_hash

TWO_TOWERS = ("clip", "siglip", "blip", "open_clip")
ONE_TOWER = ("vilt", "flava")
_CLIP_MEAN, _CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
_HINT = "give a folder that open_clip or transformers saved, with its tokenizer"
# How published models of open_clip clean a line; they say nothing of what is loaded.
_TOKENIZER_KWARGS = frozenset({"clean", "strip_sep_token"})
_MAX_TOKENS = 40
_READ_AT_ONCE = 16


class ImageText(Protocol):
    """A network on pictures and lines. `kind` is one of TWO_TOWERS or ONE_TOWER; `module` holds the weights."""

    kind: str
    identity: str
    module: nn.Module
    preprocessing: Preprocessing
    dim: int

    def tokens(self, lines: Sequence[str]) -> list[np.ndarray]:
        """(L,) int64 a line; an empty line has the tokens that stand around every line."""

    def text(self, module: nn.Module, ids: Tensor, mask: Tensor) -> Tensor:
        """(B, L) ids and bool mask -> (B, D); two towers only."""

    def picture(self, module: nn.Module, pixels: Tensor) -> Tensor:
        """(B, 3, px, px) normalised -> (B, D); two towers only."""

    def both(self, module: nn.Module, pixels: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Pictures with their lines -> (B, D); one tower only."""


class OpenClip:
    """A model of open_clip in a folder."""

    kind = "open_clip"

    def __init__(self, folder: Path) -> None:
        import open_clip

        with model_loading(f"the open_clip model in {folder}", _HINT):
            stored = read_json(folder / "open_clip_config.json")
            _refuse_code(folder, stored)
            self.module: nn.Module = open_clip.create_model(f"local-dir:{folder.resolve()}").float().eval()
            self._tokenizer = open_clip.get_tokenizer(f"local-dir:{folder.resolve()}")
        shown = stored.get("preprocess_cfg", {})
        self.preprocessing = Preprocessing(
            int(stored["model_cfg"]["vision_cfg"]["image_size"]),
            tuple(shown.get("mean", _CLIP_MEAN)),
            tuple(shown.get("std", _CLIP_STD)),
            interpolation="bicubic",
        )
        self.dim = int(stored["model_cfg"]["embed_dim"])
        self.identity = f"open_clip:{folder.name}@{weights_hash(self.module)}"

    def tokens(self, lines: Sequence[str]) -> list[np.ndarray]:
        """All of one length: the model pads with 0 itself."""
        return list(self._tokenizer(list(lines)).numpy().astype(np.int64))

    def text(self, module: Any, ids: Tensor, mask: Tensor) -> Tensor:
        """Text tower; it wants lines of its own full length."""
        found: Tensor = module.encode_text(ids)
        return found

    def picture(self, module: Any, pixels: Tensor) -> Tensor:
        """Picture tower."""
        found: Tensor = module.encode_image(pixels)
        return found

    def both(self, module: nn.Module, pixels: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Both towers side by side."""
        return torch.cat([self.picture(module, pixels), self.text(module, ids, mask)], dim=1)


class TransformersImageText:
    """A model of transformers in a folder: clip, siglip, blip, vilt or flava."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModel, AutoTokenizer

        config = read_json(folder / "config.json")
        self.kind = str(config.get("model_type"))
        if self.kind not in (*TWO_TOWERS, *ONE_TOWER):
            raise InputError(
                f"{folder} is a {self.kind!r} model", hint=f"choose one of {', '.join((*TWO_TOWERS, *ONE_TOWER))}"
            )
        with model_loading(f"the transformers model in {folder}", _HINT):
            # Code that a folder brings along is never run.
            self._tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
            self.module: Any = AutoModel.from_pretrained(str(folder), trust_remote_code=False).float().eval()
        settings = self.module.config
        vision = getattr(settings, "vision_config", None) or getattr(settings, "image_config", None) or settings
        self.preprocessing = _preprocessing(folder, int(vision.image_size))
        self.dim = int(getattr(settings, "projection_dim", 0) or getattr(settings, "hidden_size", 0))
        if self.kind == "siglip":
            self.dim = int(settings.text_config.projection_size or settings.text_config.hidden_size)
        if self.kind == "flava":
            self.dim = int(settings.multimodal_config.hidden_size)
        self.identity = f"{self.kind}:{folder.name}@{weights_hash(self.module)}"

    def tokens(self, lines: Sequence[str]) -> list[np.ndarray]:
        """With the marks that the model expects around a line."""
        found = self._tokenizer(list(lines), truncation=True, max_length=_MAX_TOKENS)["input_ids"]
        return [np.array(ids, np.int64) for ids in found]

    def text(self, module: Any, ids: Tensor, mask: Tensor) -> Tensor:
        """Text tower."""
        return _pooled(module.get_text_features(input_ids=ids, attention_mask=mask.long()))

    def picture(self, module: Any, pixels: Tensor) -> Tensor:
        """Picture tower."""
        return _pooled(module.get_image_features(pixel_values=pixels))

    def both(self, module: Any, pixels: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """One vector of a picture with its line."""
        if self.kind in TWO_TOWERS:
            return torch.cat([self.picture(module, pixels), self.text(module, ids, mask)], dim=1)
        said = module(input_ids=ids, attention_mask=mask.long(), pixel_values=pixels)
        found: Tensor = said.pooler_output if self.kind == "vilt" else said.multimodal_embeddings[:, 0]
        return found


def _refuse_code(folder: Path, stored: dict[str, Any]) -> None:
    """What stands in tokenizer_kwargs is handed on as it is: trust_remote_code there would run code of the folder."""
    given = (stored["model_cfg"].get("text_cfg") or {}).get("tokenizer_kwargs") or {}
    if unknown := sorted(set(given) - _TOKENIZER_KWARGS):
        raise InputError(
            f"{folder / 'open_clip_config.json'} has tokenizer_kwargs {', '.join(unknown)}, "
            "by which a folder could run code of its own",
            hint="take them out, if the model reads without them, or give another model",
        )


def _pooled(said: Any) -> Tensor:
    """Newer versions of transformers wrap the vector up."""
    found: Tensor = said if isinstance(said, Tensor) else said.pooler_output
    return found


def _preprocessing(folder: Path, px: int) -> Preprocessing:
    path = folder / "preprocessor_config.json"
    stored = read_json(path) if path.is_file() else {}
    mean, std = stored.get("image_mean", _CLIP_MEAN), stored.get("image_std", _CLIP_STD)
    return Preprocessing(px, tuple(mean), tuple(std), interpolation="bicubic")


@lru_cache(maxsize=2)
def image_text_network(folder: str) -> ImageText:
    """The network in a folder; one copy serves all models of a process. A wrong folder raises InputError."""
    path = Path(folder).expanduser()
    if (path / "open_clip_config.json").is_file():
        return OpenClip(path)
    if (path / "config.json").is_file():
        return TransformersImageText(path)
    raise InputError(f"{folder} holds no image-text model", hint=_HINT)


class LineIds(Reader):
    """(L,) int64 a line, for a network that is trained; a sample without a line has no step."""

    like = np.zeros((0,), np.int64)

    def __init__(self, network: ImageText) -> None:
        self.network = network
        self.identity = f"ids:{network.identity}"

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        """Ids of the lines themselves; their context is not read."""
        lines = [line for line, _ in texts_of(data, rows)]
        found = self.network.tokens(lines)
        return [one if line.strip() else self.like for one, line in zip(found, lines, strict=True)]


class BytePixels(Reader):
    """(1, 3, px, px) uint8 of the middle frame: a quarter of the memory of what the network reads."""

    def __init__(self, source: str, network: ImageText) -> None:
        self.source, self.network = source, network
        px = network.preprocessing.input_px
        self._resize = Preprocessing(px, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), interpolation="bicubic")
        self.identity = f"bytes:{source}:{network.identity}"
        self.like = np.zeros((0, 3, px, px), np.uint8)

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        """A sample without pictures has no step."""
        return [
            (self._resize([frames[len(frames) // 2]]) * 255).round().clamp(0, 255).byte().numpy()
            if frames
            else self.like
            for frames in pictures_of(data, self.source, rows)
        ]


def normalised(pixels: Tensor, preprocessing: Preprocessing) -> Tensor:
    """(B, 3, px, px) uint8 -> float32 as the network wants them."""
    mean = torch.tensor(preprocessing.mean, device=pixels.device).view(1, 3, 1, 1)
    std = torch.tensor(preprocessing.std, device=pixels.device).view(1, 3, 1, 1)
    scaled: Tensor = (pixels.float() / 255 - mean) / std
    return scaled


class FrozenTower(Reader):
    """(1, D) a sample from one tower of a two-tower network that is not trained."""

    costly = True

    def __init__(self, modality: str, network: ImageText) -> None:
        if network.kind not in TWO_TOWERS:
            raise InputError(
                f"a {network.kind} model reads pictures and lines together only", hint="use the model clip with it"
            )
        self.network = network
        self.raw: Reader = LineIds(network) if modality == "text" else BytePixels(modality, network)
        self.identity = f"tower:{self.raw.identity}"
        self.like = np.zeros((0, network.dim), np.float32)
        self.parameters = sum(one.numel() for one in network.module.parameters())

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        """Unit vectors times the root of D, so that a number is about 1."""
        raw = self.raw.read(data, rows)
        found = [self.like] * len(raw)
        there = [row for row, one in enumerate(raw) if len(one)]
        for start in range(0, len(there), _READ_AT_ONCE):
            part = there[start : start + _READ_AT_ONCE]
            with torch.inference_mode():
                vectors = self._vectors([raw[row] for row in part])
            for row, vector in zip(part, nn.functional.normalize(vectors, dim=1), strict=True):
                found[row] = vector[None].numpy() * self.network.dim**0.5
        return found

    def _vectors(self, raw: list[np.ndarray]) -> Tensor:
        network = self.network
        if isinstance(self.raw, BytePixels):
            pixels = torch.from_numpy(np.concatenate(raw))
            return network.picture(network.module, normalised(pixels, network.preprocessing)).float()
        batch = padded(raw, LineIds.like)
        return network.text(network.module, batch.values, batch.mask).float()
