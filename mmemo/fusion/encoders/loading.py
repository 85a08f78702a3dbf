"""Encoders by name, new for a training set or again as a saved model had them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.datasets.paired import PairedSet
from mmemo.errors import InputError, ModelUnavailable
from mmemo.fusion.encoders.audio import MelNetwork, MelSummary
from mmemo.fusion.encoders.encoder import AUDIO, TEXT, Encoder
from mmemo.fusion.encoders.image import FrozenPictures, TrainedPictures, picture_network
from mmemo.fusion.encoders.image_text import BytePixels, FrozenTower, LineIds, image_text_network
from mmemo.fusion.encoders.maps import EarlyLayers, Maps, frame_maps, mel_maps
from mmemo.fusion.encoders.text import FrozenText, TextNetwork, TrainedText, text_network
from mmemo.fusion.encoders.words import RecurrentText, WordVectors, own_vectors, read_word_vectors, words_of
from mmemo.student.backbones import Backbone

_TRAINED = "train:"
_WORDS = "+words"
_CLIP = "clip:"
_MAPS = "+maps"
_FRAMES = "frames"
_RECURRENT = ("bilstm", "gru")


def default_spec(modality: str) -> str:
    """The encoder that is on every machine: the embedded teacher, the embedded face network, or the sound's summary."""
    return {TEXT: "teacher", AUDIO: "mel_summary"}.get(modality, "embedded")


def new_encoder(modality: str, spec: str, data: PairedSet) -> Encoder:
    """An encoder by its name; recurrent ones take their words from the training set `data`."""
    kind, _, file = spec.partition(":")
    if modality == TEXT and kind in _RECURRENT:
        if data.texts is None:
            raise InputError(f"{data.title} has no text", hint="choose a model without the modality text")
        wanted = words_of(data.texts, least=1)
        vectors = read_word_vectors(Path(file), frozenset(wanted)) if file else own_vectors(data.texts)
        return RecurrentText(kind, vectors, {"spec": spec})
    return _by_name(modality, spec)


def stored_encoder(modality: str, stored: Mapping[str, Any]) -> Encoder:
    """The encoder of a saved model; its trained weights are loaded afterwards.

    A frozen network that has other weights now than when the model was trained raises ModelUnavailable.
    """
    spec = str(stored["spec"])
    kind = spec.partition(":")[0]
    if modality == TEXT and kind in _RECURRENT:
        words = tuple(map(str, stored["words"]))
        return RecurrentText(
            kind, WordVectors(words, np.zeros((len(words), stored["dim"]), np.float32)), {"spec": spec}
        )
    encoder = _by_name(modality, spec)
    if encoder.reader.identity != stored["identity"]:
        raise ModelUnavailable(
            f"the encoder {spec} is not the one that the model was trained on: its weights or settings changed",
            hint="train the model again, or put the old weights back",
        )
    return encoder


def _by_name(modality: str, spec: str) -> Encoder:
    if modality == AUDIO:
        if spec == "mel":
            return _named(MelNetwork())
        if spec == "mel_summary":
            return _named(Encoder(MelSummary(), MelSummary.like.shape[1], {"spec": spec}))
        if spec == "mel_maps":
            return _named(mel_maps(spec))
        raise InputError(f"unknown sound encoder {spec!r}", hint="choose mel_summary, mel or mel_maps")
    name = spec.removeprefix(_TRAINED)
    trained = name != spec
    if name.startswith(_CLIP):
        return _named(_image_text(modality, name.removeprefix(_CLIP), trained, spec))
    if modality == TEXT:
        words = name.endswith(_WORDS)
        network = _text(name.removesuffix(_WORDS)) if not trained else text_network(name)
        if trained:
            return _named(TrainedText(network, {"spec": spec}))
        return _named(Encoder(FrozenText(network, words), network.dim, {"spec": spec}))
    if name.partition(":")[0] == _FRAMES or _MAPS in name:
        return _named(_maps(modality, spec))
    if trained:
        return _named(TrainedPictures(modality, picture_network(name), {"spec": spec}))
    backbone = _pictures(name)
    return _named(Encoder(FrozenPictures(modality, backbone), backbone.feature_dim, {"spec": spec}))


def _maps(source: str, spec: str) -> Maps:
    """`frames[:PX]` or `NETWORK+maps:STRIDE`; the first is trained from the start, the second is frozen."""
    network, joined, stride = spec.partition(_MAPS)
    if not joined:
        size = spec.partition(":")[2] or "48"
        if not size.isdecimal():
            raise InputError(f"unknown picture encoder {spec!r}", hint="give frames, or frames:PIXELS")
        return frame_maps(source, int(size), spec)
    wanted = stride.removeprefix(":") or "16"
    if not wanted.isdecimal():
        raise InputError(f"unknown picture encoder {spec!r}", hint="give NETWORK+maps:8 or NETWORK+maps:16")
    return Maps(EarlyLayers(source, _pictures(network), int(wanted)), {"spec": spec})


def _image_text(modality: str, folder: str, trained: bool, spec: str) -> Encoder:
    """One frozen tower of an image-text network, or ids and pixels for the model that trains it."""
    network = image_text_network(folder)
    if not trained:
        return Encoder(FrozenTower(modality, network), network.dim, {"spec": spec})
    reader = LineIds(network) if modality == TEXT else BytePixels(modality, network)
    return Encoder(reader, network.dim, {"spec": spec})


def _named(encoder: Encoder) -> Encoder:
    encoder.stored = {**encoder.stored, "identity": encoder.reader.identity}
    return encoder


# Frozen networks are never changed, so one copy serves all models of a process.
@lru_cache(maxsize=4)
def _text(name: str) -> TextNetwork:
    return text_network(name)


@lru_cache(maxsize=4)
def _pictures(name: str) -> Backbone:
    return picture_network(name)
