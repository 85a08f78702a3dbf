"""A student as it is given away: all weights, how to prepare a picture, its card; and loading it back."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmemo.errors import InputError
from mmemo.flow.review.tracks import synthetic_notice
from mmemo.flow.runs.promotion import in_use
from mmemo.flow.student.face_opinions import load_crop
from mmemo.labels import EKMAN7
from mmemo.store.export.content import ModelContent
from mmemo.store.export.model_files import CONFIG_FILE, WEIGHTS_FILE
from mmemo.store.files import read_json
from mmemo.store.workspace import Workspace

if TYPE_CHECKING:
    from torch import Tensor, nn

    from mmemo.student.model import StudentModel

_EXAMPLES = 4
_EMBEDDED_ARCHITECTURE = "tf_efficientnet_lite0"
_PLACE = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[/\\](?:[^\s,=@/\\]+[/\\])*")


def without_places(name: str) -> str:
    """A model's name without the folders of this machine: `facenet:FOLDER/x.pt` is `facenet:x.pt`."""
    return _PLACE.sub("", name)


def student_content(workspace: Workspace, run_id: str, crops: Sequence[Path]) -> Callable[[], ModelContent]:
    """A function that reads the student of a run; the networks are loaded when it is called."""

    def read() -> ModelContent:
        from mmemo.student.model import load_student

        student = load_student(workspace.run_folder(run_id))
        network = network_of(student)
        tensors = {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}
        return ModelContent(
            tensors=tensors,
            config=model_config(workspace.run_config(run_id), student),
            card=_card(workspace, run_id, student),
            network=lambda: network,
            example=_example(student, network, crops),
        )

    return read


def network_of(student: StudentModel) -> nn.Module:
    """Backbone and head as one network in float32: (B, 3, px, px) prepared -> (B, 7) probabilities.

    The mean of the softmax over the picture and its mirror image, as the student itself.
    """
    import torch
    from torch import nn

    class Student(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = student.backbone.module
            self.head = nn.Linear(student.backbone.feature_dim, len(EKMAN7))

        def forward(self, pixels: Tensor) -> Tensor:
            views = [self.head(self.backbone(view)).softmax(-1) for view in (pixels, pixels.flip(3))]
            return torch.stack(views).mean(0)

    network = Student()
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(student.head.weight))
        network.head.bias.copy_(torch.from_numpy(student.head.bias))
    return network.float().eval()


def model_config(config: Mapping[str, Any], student: StudentModel) -> dict[str, Any]:
    """What a program needs to use the weights, as plain values without any path."""
    name = str(config["train"]["backbone"])
    return {
        "model_type": "mmemo-student",
        "labels": list(EKMAN7.labels),
        "backbone": without_places(name),
        "backbone_identity": without_places(student.backbone.identity),
        "architecture": _EMBEDDED_ARCHITECTURE if name == "embedded" else without_places(name),
        "feature_dim": student.backbone.feature_dim,
        "preprocessing": asdict(student.backbone.preprocessing),
        "views": ["picture", "mirror image"],
        "output": "mean over the views of softmax(head(backbone(view)))",
        "recipe": config["train"].get("recipe"),
        "run": config.get("run_id"),
        "trained_on": {
            "faces": config.get("faces"),
            "tracks": config.get("tracks"),
            "people": config.get("human_labels"),
        },
    }


def load_exported(folder: Path) -> StudentModel:
    """The student of an exported folder. InputError when the folder is none or does not fit its backbone."""
    import torch
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    from mmemo.student.backbones import load_backbone
    from mmemo.student.heads import LinearHead
    from mmemo.student.model import StudentModel

    if not (folder / CONFIG_FILE).is_file():
        raise InputError(f"{folder} holds no exported student", hint="export one with the format model")
    config = read_json(folder / CONFIG_FILE)
    try:
        tensors = load_file(folder / WEIGHTS_FILE)
        backbone = load_backbone(str(config["backbone"]))
        own = {
            k.removeprefix("backbone."): torch.from_numpy(v) for k, v in tensors.items() if k.startswith("backbone.")
        }
        backbone.module.load_state_dict(own)
        head = LinearHead(tensors["head.weight"], tensors["head.bias"])
    except (OSError, SafetensorError, KeyError, TypeError, RuntimeError) as error:
        raise InputError(f"the exported student in {folder} is damaged", hint="export it again") from error
    return StudentModel(backbone, head)


def _example(student: StudentModel, network: nn.Module, crops: Sequence[Path]) -> tuple[np.ndarray, np.ndarray]:
    """A prepared batch, of faces where there are some, and what the network says of it."""
    import torch

    pictures = [load_crop(path) for path in [*crops][:_EXAMPLES] if path.is_file()]
    if len(pictures) < 2:
        noise = np.random.default_rng(0)
        pictures += [noise.integers(0, 256, (96, 96, 3), np.uint8) for _ in range(2)]
    batch = student.backbone.prepare(pictures).contiguous()
    with torch.no_grad():
        said: Tensor = network(batch)
    return batch.numpy(), said.numpy()


def _card(workspace: Workspace, run_id: str, student: StudentModel) -> str:
    """The model card: what it is, how to use it, what is known of it, and what it is not for."""
    config = workspace.run_config(run_id)
    state, why = in_use(workspace, run_id)
    synthetic = synthetic_notice(workspace, config["episodes"])
    pixels = student.backbone.preprocessing
    parts = [
        _CARD_HEAD,
        "# A face-emotion student for one show",
        f"It names the expression of a face in seven words: {', '.join(EKMAN7.labels)}. It was trained by mmemo with the "
        f"recipe `{config['train'].get('recipe')}` on {config.get('faces', 'some')} pictures of "
        f"{config.get('tracks', 'some')} face tracks of {len(config['episodes'])} episode(s); "
        f"{config.get('human_labels', 0)} of the tracks had a label from a person, the others learned from what was said.",
        f"**Synthetic material.** {synthetic}" if synthetic else "",
        f"**What is known of it.** It is {state}: {without_places(why)}.",
        "## How to use it",
        f"A square crop of a face is resized to {pixels.input_px} x {pixels.input_px} (antialiased {pixels.interpolation})"
        + (", made grey (ITU-R BT.601) and repeated in three channels" if pixels.grey else "")
        + f", scaled to 0..1, and becomes (x - {pixels.mean[0]}) / {pixels.std[0]} (each channel: see config.json). "
        "Probabilities are the mean of the softmax over the picture and its mirror image.",
        _USE_EMBEDDED if config["train"]["backbone"] == "embedded" else _USE_OTHER,
        _CARD_LIMITS,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_CARD_HEAD = "---\nlibrary_name: mmemo\npipeline_tag: image-classification\ntags: [face, emotion]\n---"
_USE_EMBEDDED = """```python
import timm, torch
from safetensors.torch import load_file

weights = load_file("model.safetensors")
backbone = timm.create_model("tf_efficientnet_lite0", num_classes=0)
backbone.load_state_dict({k[9:]: v for k, v in weights.items() if k.startswith("backbone.")})
head = torch.nn.Linear(1280, 7)
head.load_state_dict({"weight": weights["head.weight"], "bias": weights["head.bias"]})
backbone.eval()
```"""
_USE_OTHER = "`config.json` names the architecture; `backbone.*` are its weights and `head.*` those of the last layer."
_CARD_LIMITS = """## What it is not for

- An expression is not a feeling. Do not use it to judge people.
- It learned one show; on other faces nothing is known of it.
- Its labels come from what was said, so they are noisy; fear and disgust are rare and hard.
- The faces that it learned from may be under others' rights: ask before you publish it."""
