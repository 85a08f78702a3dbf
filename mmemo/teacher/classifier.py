"""Any sequence classifier of the transformers library as a teacher."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmemo.errors import InputError
from mmemo.labels import mapping_matrix
from mmemo.teacher.anchors import DEFAULT_ANCHOR, TeacherAnchor, choose_anchor, read_anchors
from mmemo.teacher.lines import Line
from mmemo.teacher.packing import MAX_TOKENS
from mmemo.teacher.protocol import DEFAULT_BATCH, read_by_length

MULTI_LABEL = "multi_label_classification"


class ClassifierTeacher:
    """Reads the line alone: a classifier that we did not train cannot be assumed to know our context."""

    def __init__(
        self, identity: str, model: Any, tokenizer: Any, mapping: np.ndarray, anchors: dict[str, TeacherAnchor]
    ) -> None:
        assert mapping.shape[0] == model.config.num_labels, "one row of the mapping a label of the model"
        self._identity = identity
        self._model = model.eval().float()
        self._tokenizer = tokenizer
        self._mapping = mapping
        self._anchors = anchors
        self._sigmoid = model.config.problem_type == MULTI_LABEL

    @classmethod
    def load(cls, folder: Path, identity: str) -> ClassifierTeacher:
        """Load from a local folder; no file of it is run as code.

        A label that maps to none of our emotions, missing or damaged files, and a model without a trained
        classification head raise InputError.
        """
        mapping = label_mapping(folder, identity)
        model, tokenizer = _load_pretrained(folder)
        return cls(identity, model, tokenizer, mapping, read_anchors(folder))

    @property
    def identity(self) -> str:
        """Name and revision or hash of the weights."""
        return self._identity

    def anchor(self, name: str = DEFAULT_ANCHOR) -> TeacherAnchor:
        """How far to trust it; the generic anchor unless its folder has measured ones."""
        return choose_anchor(self._anchors, name)

    def read(self, lines: Sequence[Line], batch_size: int = DEFAULT_BATCH) -> Iterator[np.ndarray]:
        """Batches of (B, 7) float32 in EKMAN7 order, in the order of the lines."""
        return read_by_length(lines, batch_size, self._probs)

    def _probs(self, lines: list[Line]) -> np.ndarray:
        longest = min(MAX_TOKENS, self._tokenizer.model_max_length)
        encoded = self._tokenizer(
            [line.text for line in lines], truncation=True, max_length=longest, padding=True, return_tensors="pt"
        )
        with torch.inference_mode():
            logits = self._model(**encoded).logits
        scores = torch.sigmoid(logits) if self._sigmoid else torch.softmax(logits, dim=1)
        summed = scores.numpy() @ self._mapping
        probs: np.ndarray = (summed / np.maximum(summed.sum(axis=1, keepdims=True), 1e-12)).astype(np.float32)
        return probs


def label_mapping(folder: Path, identity: str) -> np.ndarray:
    """(K, 7) float32 from a classifier's labels, in the order of its logits, to Ekman-7."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"the settings in {folder / 'config.json'} cannot be read: {_first_line(error)}",
            hint="a teacher is a transformers sequence classifier saved with save_pretrained",
        ) from error
    if set(config.id2label) != set(range(config.num_labels)):
        raise InputError(
            f"id2label of the teacher {identity} numbers its labels {', '.join(map(str, config.id2label))}",
            hint="number them 0, 1, 2, ... as the model's outputs are",
        )
    labels = [str(config.id2label[i]) for i in range(config.num_labels)]
    if len(labels) < 2:
        raise InputError(f"the teacher {identity} has {len(labels)} label", hint="a classifier needs two or more")
    try:
        return mapping_matrix(labels)
    except InputError as error:
        raise InputError(f"the teacher {identity} cannot be used: {error.message}", hint=error.hint) from error


def _load_pretrained(folder: Path) -> tuple[Any, Any]:
    from safetensors import SafetensorError
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
        model, loading = AutoModelForSequenceClassification.from_pretrained(
            str(folder), local_files_only=True, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise InputError(
            f"the model in {folder} cannot be loaded: {_first_line(error)}",
            hint="it needs config.json, tokenizer files and undamaged weights of a sequence classifier",
        ) from error
    untrained = sorted(loading["missing_keys"])
    if untrained:
        raise InputError(
            f"the model in {folder} has no trained classification head: {', '.join(untrained[:4])} are missing",
            hint="choose a model that was fine-tuned to classify emotions",
        )
    if tokenizer.pad_token is None:
        raise InputError(
            f"the model in {folder} cannot read lines of different length together: it has no padding token",
            hint="set pad_token in tokenizer_config.json",
        )
    if getattr(model.config, "pad_token_id", None) is None:
        model.config.pad_token_id = tokenizer.pad_token_id  # decoders look for the last word by it
    return model, tokenizer


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
