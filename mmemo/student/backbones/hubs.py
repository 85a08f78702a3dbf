"""Loaders for the libraries that bring pretrained networks; each needs its cache or a network once."""

from __future__ import annotations

import difflib
import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from mmemo.errors import InputError, ModelUnavailable
from mmemo.hub import hugging_face, model_loading, reachable
from mmemo.settings import torch_home
from mmemo.student.backbones.preprocessing import Preprocessing

_FETCH_HINT = "connect once so that it can be fetched, copy it into the cache, or use the backbone embedded"
_LOCAL_HINT = "check the path and the files in it, or use the backbone embedded"
_FACENET_URL = "https://github.com"
# Named in facenet_pytorch 2.5.3, models/inception_resnet_v1.py.
_FACENET_FILE = "20180402-114759-vggface2.pt"


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A network (B, 3, px, px) -> (B, D) and its own preprocessing."""

    module: nn.Module
    preprocessing: Preprocessing


class UnitScale(nn.Module):
    """Features on the sphere of radius sqrt(D): about one unit of spread a column, whatever the network's own scale.

    Embeddings that are made for cosines say nothing by their length.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, px, px) -> (B, D)."""
        found: Tensor = self.network(images)
        scaled: Tensor = nn.functional.normalize(found, dim=1) * math.sqrt(found.shape[1])
        return scaled


def load_timm(name: str) -> Loaded:
    """A network of timm: an architecture with or without tag, `hf-hub:ORG/NAME`, or `local-dir:FOLDER`.

    Size, mean and spread are those of its own data configuration; the crop share is left out, because a face
    crop has no margin to lose.
    """
    import timm
    from timm.data.config import resolve_model_data_config

    if name.startswith("local-dir:"):
        folder = Path(name.removeprefix("local-dir:"))
        if not (folder / "config.json").is_file():
            raise InputError(f"{folder} holds no config.json of timm", hint="give a folder that timm saved")
        guard = model_loading(f"the timm model in {folder}", _LOCAL_HINT)
    elif name.startswith("hf-hub:"):
        guard = hugging_face(f"timm:{name}", _FETCH_HINT)
    else:
        guard = _timm_registry(name)
    with guard:
        module = timm.create_model(name, pretrained=True, num_classes=0, in_chans=3)
        config = resolve_model_data_config(module)  # type: ignore[no-untyped-call]
    return Loaded(module, _preprocessing(config["input_size"][-1], config))


@contextmanager
def _timm_registry(name: str) -> Iterator[None]:
    from timm.models import get_pretrained_cfg, is_model, is_model_pretrained, list_pretrained, split_model_name_tag

    architecture, tag = split_model_name_tag(name)
    if not is_model(architecture):
        raise InputError(f"timm has no model {architecture!r}", hint=_near(architecture, _architectures()))
    tags = [found.partition(".")[2] for found in list_pretrained(f"{architecture}.*")]
    if not is_model_pretrained(architecture):
        raise InputError(
            f"timm has no pretrained weights for {architecture!r}", hint=_near(architecture, _architectures())
        )
    if tag and tag not in tags:
        raise InputError(f"timm has no weights {tag!r} for {architecture}", hint=f"choose one of {', '.join(tags)}")
    config = get_pretrained_cfg(name)
    if config is None or config.hf_hub_id:
        with hugging_face(f"timm:{name}", _FETCH_HINT):
            yield
    else:
        url = str(config.url)
        _need_host(f"timm:{name}", url, torch_home() / "hub" / "checkpoints" / Path(url).name)
        with model_loading(f"timm:{name}", _FETCH_HINT):
            yield


def _architectures() -> list[str]:
    from timm.models import list_models

    return sorted({found.partition(".")[0] for found in list_models(pretrained=True)})


def load_open_clip(name: str) -> Loaded:
    """The image tower of an open_clip model: `ARCH/TAG`, or `ARCH/PATH` of a checkpoint file."""
    import open_clip

    architecture, _, pretrained = name.partition("/")
    if architecture not in open_clip.list_models():
        raise InputError(f"open_clip has no model {architecture!r}", hint=_near(architecture, open_clip.list_models()))
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    if Path(pretrained).is_file():
        guard = model_loading(f"the open_clip checkpoint {pretrained}", _LOCAL_HINT)
    elif open_clip.get_pretrained_cfg(architecture, pretrained):
        guard = hugging_face(f"open_clip:{name}", _FETCH_HINT)
    else:
        choices = ", ".join([*tags, "the path of a checkpoint file"])
        raise InputError(f"open_clip has no weights {pretrained!r} for {architecture}", hint=f"choose one of {choices}")
    with guard, _silent_root_logger():
        visual = open_clip.create_model(architecture, pretrained=pretrained).visual
    config = visual.preprocess_cfg
    size = config["size"]
    return Loaded(UnitScale(visual), _preprocessing(size if isinstance(size, int) else size[-1], config))


def load_facenet(name: str) -> Loaded:
    """InceptionResnetV1 of facenet-pytorch, 160 px, trained to tell persons apart.

    `vggface2` is fetched on first use; any other name is the path of a .pt or .safetensors file with its weights.
    """
    from facenet_pytorch import InceptionResnetV1

    if name == "vggface2":
        path = facenet_file()
        _need_host(f"facenet:{name}", _FACENET_URL, path)
        with model_loading(f"facenet:{name} ({path})", f"delete that file if it is damaged; {_FETCH_HINT}"):
            module = InceptionResnetV1(pretrained=name)
        # Without its layer of persons the network is the same; its output is already on the unit sphere.
        del module.logits
    elif Path(name).is_file():
        module = InceptionResnetV1()
        with model_loading(f"facenet:{name}", "give a .pt or .safetensors file with the weights of InceptionResnetV1"):
            state = _state_dict(Path(name))
            module.load_state_dict({key: value for key, value in state.items() if not key.startswith("logits.")})
    else:
        raise InputError(
            f"facenet has no weights {name!r}", hint="choose facenet:vggface2, or facenet:FILE for a file of weights"
        )
    half, spread = 127.5 / 255.0, 128.0 / 255.0
    return Loaded(UnitScale(module), Preprocessing(160, (half, half, half), (spread, spread, spread)))


def facenet_file() -> Path:
    """Where facenet-pytorch keeps the weights `vggface2`, fetched or not."""
    return torch_home() / "checkpoints" / _FACENET_FILE


def _state_dict(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a file by name; nothing in the file is executed."""
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        loaded: Mapping[str, Tensor] = load_file(path)
        return loaded
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError:  # its own words advise to load the file unsafely
        raise ValueError("it is no file of weights") from None
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise ValueError("it holds no weights by name")
    return found


def _need_host(name: str, url: str, cached: Path) -> None:
    if not cached.is_file() and not reachable(url):
        raise ModelUnavailable(f"{name} is not cached as {cached} and {url} cannot be reached", hint=_FETCH_HINT)


def _preprocessing(input_px: int, config: Mapping[str, Any]) -> Preprocessing:
    interpolation = "bilinear" if config.get("interpolation") == "bilinear" else "bicubic"
    mean, std = (tuple(float(v) for v in config[key]) for key in ("mean", "std"))
    assert len(mean) == len(std) == 3, "three colour channels"
    return Preprocessing(int(input_px), (mean[0], mean[1], mean[2]), (std[0], std[1], std[2]), False, interpolation)


def _near(name: str, known: Iterable[str]) -> str:
    choices = list(known)
    close = difflib.get_close_matches(name, choices, n=5, cutoff=0.4)
    return f"near names: {', '.join(close or choices[:5])}"


@contextmanager
def _silent_root_logger() -> Iterator[None]:
    """open_clip reports failures to the root logger as well, which would print them a second time."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
