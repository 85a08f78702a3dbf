"""Source faces: a few features of faces like those that the baseline learned from, to be kept in the mix."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmemo.errors import InputError, ModelUnavailable
from mmemo.labels import EKMAN7
from mmemo.store.files import publish_file
from mmemo.student.fitters import SourceFaces

SOURCE_FILE = "source.safetensors"
_IDENTITY, _HINT = "identity", "make it again: python -m pipelines.sketch_source --ferplus DIR"


def sketch_faces(features: np.ndarray, gold: np.ndarray, faces_a_class: int, seed: int) -> SourceFaces:
    """At most so many faces of each emotion, drawn evenly: features (N, V, D), gold (N,) columns of EKMAN7.

    An emotion without faces raises InputError: replaying the others would teach the student to forget it.
    """
    draw, chosen = np.random.default_rng(seed), []
    for column, label in enumerate(EKMAN7.labels):
        faces = np.flatnonzero(gold == column)
        if len(faces) == 0:
            raise InputError(f"no face shows {label}", hint="sketch faces of all seven emotions")
        chosen.append(draw.permutation(faces)[:faces_a_class])
    rows = np.concatenate(chosen)
    return SourceFaces(features[rows].astype(np.float32), np.eye(len(EKMAN7), dtype=np.float32)[gold[rows]])


def save_source(path: Path, source: SourceFaces, identity: str) -> None:
    """Write the first view of every face as float16, and whose features they are, in one move."""
    from safetensors.numpy import save_file

    tensors = {
        "features": np.ascontiguousarray(source.features[:, 0], np.float16),
        "gold": source.targets.argmax(1).astype(np.int64),
    }
    with publish_file(path) as temporary:
        save_file(tensors, temporary, metadata={_IDENTITY: identity})


def load_source(path: Path, identity: str) -> SourceFaces | None:
    """Read a sketch, each face with both its views alike; None where there is none.

    One that is damaged, or of another backbone than `identity`, raises ModelUnavailable.
    """
    if not path.is_file():
        return None
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as stored:
            made_by = (stored.metadata() or {}).get(_IDENTITY)
            features, gold = stored.get_tensor("features"), stored.get_tensor("gold")
        one_hot = np.eye(len(EKMAN7), dtype=np.float32)[gold]
        source = SourceFaces(np.repeat(features[:, None].astype(np.float32), 2, axis=1), one_hot)
    except (OSError, SafetensorError, IndexError, AssertionError) as error:
        raise ModelUnavailable(f"{path} is damaged", hint=_HINT) from error
    if made_by != identity:
        raise ModelUnavailable(f"{path} was made with {made_by}, the weights are {identity}", hint=_HINT)
    return source
