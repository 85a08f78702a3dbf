"""Train the image-only baseline anew from public files: FER+, or CK+ alone for experiments from lab to wild."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mmemo.datasets.ckplus import read_ckplus, with_neutral
from mmemo.datasets.ferplus import read_ferplus
from mmemo.errors import InputError, StorageError
from mmemo.evaluate.metrics import Scores, score
from mmemo.flow.student.baseline_card import baseline_card
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.store.files import hash_file, hash_value, publish_folder, read_json, write_json

if TYPE_CHECKING:
    from torch import nn

    from mmemo.student.backbones import Backbone

LAB_NEUTRAL_FACES = 250
LAB_HELD_OUT = 0.2
_LAB_FROZEN_BLOCKS = 5
CONFIG_FILE = "config.json"


@dataclass(frozen=True, slots=True)
class BaselineSettings:
    """`ferplus` holds {train,valid,test}.npz; `ckplus` is a CK+ file, then nothing else is learned from but the
    neutral faces of FER+ valid. `start`: see `start_network`. `steps` 0 stands for 20 passes over the faces.
    `faces` 0 takes all; more draws that many by the seed, to try things.
    """

    ferplus: Path
    ckplus: Path | None = None
    start: str = "imagenet"
    steps: int = 0
    batch_size: int = 256
    faces: int = 0
    seed: int = 0
    checkpoint_steps: int = 50

    def __post_init__(self) -> None:
        if self.faces < 0 or self.steps < 0:
            raise InputError("--faces and --steps cannot be below 0", hint="0 takes all faces and 20 passes")


@dataclass(frozen=True, slots=True, eq=False)
class BaselineFaces:
    """Grey (N, 48, 48) uint8 faces with targets (N, 7) and labels (N,), and labelled parts to measure on, by name.

    The first of the measured parts gives the confusion. `says` describes the data in one sentence.
    """

    images: np.ndarray
    targets: np.ndarray
    labels: np.ndarray
    measured: Mapping[str, tuple[np.ndarray, np.ndarray]]
    says: str


@dataclass(frozen=True, slots=True)
class TrainedBaseline:
    """Where the baseline is and how it did on each measured part; `skipped` if it was there."""

    folder: Path
    identity: str
    scores: Mapping[str, Mapping[str, Any]]
    skipped: bool = False


def train_baseline(settings: BaselineSettings, out: Path) -> Stage[TrainedBaseline]:
    """Train, measure and write a folder like that of the embedded network, with a model card.

    Training that was stopped goes on from OUT.checkpoint beside the folder. An OUT of the same settings and
    files is kept as it is; one of others raises InputError.
    """
    key = baseline_key(settings)
    if (found := _found(out, key)) is not None:
        return found
    faces = lab_faces(settings) if settings.ckplus is not None else ferplus_faces(settings)
    network, started, curve = yield from _trained(faces, settings, _checkpoint(out))
    with publish_folder(out) as temporary:
        _save(network, temporary / "model.safetensors")
        result = yield from _measured(faces, temporary)
        config = {
            "key": key,
            "identity": result.identity,
            "start": started,
            "data": faces.says,
            "faces": len(faces.labels),
            "train": _told(settings),
            "steps": _steps(settings, len(faces.labels)),
            "loss_curve": curve,
            "scores": result.scores,
        }
        write_json(temporary / CONFIG_FILE, config)
        (temporary / "MODEL_CARD.md").write_text(baseline_card(out.name, config), encoding="utf-8")
    _checkpoint(out).unlink(missing_ok=True)
    return TrainedBaseline(out, result.identity, result.scores)


def baseline_key(settings: BaselineSettings) -> str:
    """Settings and files that decide the result; a missing file raises InputError."""
    return hash_value({"settings": _told(settings), "files": _files(settings)})


def ferplus_faces(settings: BaselineSettings) -> BaselineFaces:
    """FER+ train with the share of votes as target, measured on valid and test."""
    train, valid, test = (read_ferplus(settings.ferplus / f"{part}.npz") for part in ("train", "valid", "test"))
    rows = np.arange(len(train.labels))
    if settings.faces:
        rows = np.sort(np.random.default_rng(settings.seed).permutation(rows)[: settings.faces])
    says = f"{len(rows)} faces of FER+ train whose majority is one of the seven; target: the normalised votes"
    measured = {"FER+ valid": (valid.images, valid.labels), "FER+ test": (test.images, test.labels)}
    return BaselineFaces(train.images[rows], train.votes[rows], train.labels[rows], measured, says)


def lab_faces(settings: BaselineSettings) -> BaselineFaces:
    """CK+ with neutral faces of FER+ valid, four fifths of the persons; measured on the others and on FER+ test."""
    from mmemo.student.splits import grouped_holdout

    assert settings.ckplus is not None, "the caller looked"
    valid, test = (read_ferplus(settings.ferplus / f"{part}.npz") for part in ("valid", "test"))
    neutral = valid.images[valid.labels == EKMAN7.index("neutral")]
    posed = with_neutral(read_ckplus(settings.ckplus), neutral, LAB_NEUTRAL_FACES, settings.seed)
    rows, held = grouped_holdout(posed.subjects, LAB_HELD_OUT, settings.seed)
    if settings.faces:
        rows = np.sort(np.random.default_rng(settings.seed).permutation(rows)[: settings.faces])
    says = (
        f"{len(rows)} faces: CK+ without contempt, and neutral faces of FER+ valid ({LAB_NEUTRAL_FACES} in all, for "
        "CK+ has none); a fifth of the persons is held out"
    )
    measured = {
        "held-out persons of the lab": (posed.images[held], posed.labels[held]),
        "FER+ test": (test.images, test.labels),
    }
    one_hot = np.eye(len(EKMAN7), dtype=np.float32)[posed.labels[rows]]
    return BaselineFaces(posed.images[rows], one_hot, posed.labels[rows], measured, says)


def grey_crops(images: np.ndarray) -> list[np.ndarray]:
    """(N, h, w) uint8 -> N crops (h, w, 3), as the networks read them."""
    return [np.repeat(image[..., None], 3, axis=2) for image in images]


def _trained(
    faces: BaselineFaces, settings: BaselineSettings, checkpoint: Path
) -> Stage[tuple[nn.Module, str, list[float]]]:
    from mmemo.student.backbones.augmentation import ANY_STYLE, STRONG
    from mmemo.student.backbones.starting import start_network
    from mmemo.student.backbones.training import NetworkSettings, Source, balanced_weights, smoothed, train_network
    from mmemo.student.losses import soft_cross_entropy

    yield Progress("train network", 0, 0, "loading what it starts from")
    network, started = start_network(settings.start, settings.seed)
    # In the lab's set style gives the label away: whatever is neutral comes from the web, and nothing else does.
    lab = settings.ckplus is not None
    weights = balanced_weights(faces.labels, 1.0 if lab else 0.5)
    source = Source(faces.images, smoothed(faces.targets), weights, soft_cross_entropy)
    how = NetworkSettings(
        _steps(settings, len(faces.labels)),
        settings.batch_size,
        seed=settings.seed,
        checkpoint_steps=settings.checkpoint_steps,
        frozen_blocks=frozen_blocks(settings),
        augmentation=ANY_STYLE if lab else STRONG,
    )
    averaged, curve = yield from train_network(network, [source], how, checkpoint)
    return averaged, started, curve


def frozen_blocks(settings: BaselineSettings) -> int:
    """The lab's faces are few and all alike: lower blocks that know pictures already stay as they started."""
    from mmemo.student.backbones.starting import RANDOM

    return 0 if settings.ckplus is None or settings.start == RANDOM else _LAB_FROZEN_BLOCKS


def _steps(settings: BaselineSettings, faces: int) -> int:
    return settings.steps or -(-20 * faces // settings.batch_size)


def _save(network: nn.Module, path: Path) -> None:
    """Weights in half precision, as the embedded ones are."""
    from safetensors.torch import save_file

    state = {k: (v.half() if v.is_floating_point() else v).cpu().contiguous() for k, v in network.state_dict().items()}
    save_file(state, path)


def _measured(faces: BaselineFaces, folder: Path) -> Stage[TrainedBaseline]:
    """Score every part with the network as it was stored, and keep the confusion on the first."""
    from mmemo.student.backbones.loading import load_embedded
    from mmemo.student.baseline import CONFUSION_FILE, save_confusion, soft_confusion

    backbone = load_embedded(folder)
    scores: dict[str, dict[str, Any]] = {}
    for number, (name, (images, labels)) in enumerate(faces.measured.items()):
        probs = yield from _probs(backbone, images)
        scores[name] = _plain(score(labels, probs.argmax(axis=1)))
        if number == 0:
            measured: dict[str, object] = {"data": name, "faces": len(labels)}
            save_confusion(folder / CONFUSION_FILE, soft_confusion(labels, probs), backbone.identity, measured)
    return TrainedBaseline(folder, backbone.identity, scores)


def _probs(backbone: Backbone, images: np.ndarray) -> Stage[np.ndarray]:
    from mmemo.student.backbones import features_of
    from mmemo.student.baseline import own_head

    features = yield from features_of(backbone, grey_crops(images))
    return own_head(backbone).probs(features)


def _plain(scores: Scores) -> dict[str, Any]:
    return {
        "n": scores.n,
        "accuracy": scores.accuracy,
        "macro_f1": scores.macro_f1,
        "recall": dict(scores.recall),
    }


def _found(out: Path, key: str) -> TrainedBaseline | None:
    if not out.exists():
        return None
    try:
        config = read_json(out / CONFIG_FILE)
        if config["key"] == key:
            return TrainedBaseline(out, config["identity"], config["scores"], skipped=True)
    except (StorageError, KeyError, TypeError):
        pass
    raise InputError(f"{out} holds something else already", hint="choose a new folder for this baseline")


def _checkpoint(out: Path) -> Path:
    return out.with_name(out.name + ".checkpoint")


def _told(settings: BaselineSettings) -> dict[str, Any]:
    """What decides the result; not where the files lie."""
    lab = f"any style, equal classes, {frozen_blocks(settings)} blocks frozen"
    return {
        "lab": lab if settings.ckplus is not None else False,
        "start": settings.start,
        "steps": settings.steps,
        "batch_size": settings.batch_size,
        "faces": settings.faces,
        "seed": settings.seed,
    }


def _files(settings: BaselineSettings) -> list[str]:
    parts = ("valid", "test") if settings.ckplus else ("train", "valid", "test")
    files = [settings.ferplus / f"{part}.npz" for part in parts]
    if settings.ckplus is not None:
        files.append(settings.ckplus)
    for path in files:
        if not path.is_file():
            raise InputError(f"there is no {path}", hint="--ferplus holds train.npz, valid.npz and test.npz of FER+")
    return [hash_file(path) for path in files]
