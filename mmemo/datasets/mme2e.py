"""IEMOCAP and CMU-MOSEI as Dai et al. 2021 arrange them for MME2E: one folder of frames and sound an utterance.

data/IEMOCAP_RAW_PROCESSED/meta.pkl            utterance -> text, label, ...
data/IEMOCAP_RAW_PROCESSED/DIALOG/UTTERANCE/   image_L_0.jpg, image_R_0.jpg, ..., audio_L.wav, audio_R.wav
data/IEMOCAP_SPLIT/{train,valid,test}_split.txt
data/MOSEI_RAW_PROCESSED/UTTERANCE/            image_0.jpg, ..., audio.wav; meta.pkl and MOSEI_SPLIT as above
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.datasets.paths import Listing, inside
from mmemo.datasets.pickles import read_plain_pickle
from mmemo.datasets.problems import LEFT_OUT, MISSING, ODD, ProblemLog
from mmemo.datasets.sources import PictureFiles, SoundFiles, on_disk
from mmemo.datasets.tables import read_lines
from mmemo.errors import InputError

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, slots=True)
class Utterance:
    """An utterance of a split: its text, and its label as the pickle has it."""

    name: str
    text: str
    label: Any


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The two folders of one dataset: what was processed, and the lists of the splits."""

    processed: Path
    lists: Path


def find_arrangement(folder: Path, name: str) -> Arrangement | None:
    """The folders of "IEMOCAP" or "MOSEI" in `folder`, which may be the processed one itself; None without meta.pkl."""
    processed = next((p for p in (folder / f"{name}_RAW_PROCESSED", folder) if (p / "meta.pkl").is_file()), None)
    if processed is None or (processed == folder and name not in folder.name.upper()):
        return None
    names = (f"{name}_SPLIT", f"{name}_split", f"data split/{name}_split", ".")
    places = [base / inner for base in (folder, processed.parent) for inner in names]
    lists = next((place for place in places if (place / "train_split.txt").is_file()), folder / f"{name}_SPLIT")
    return Arrangement(processed, lists)


def read_utterances(
    place: Arrangement, split: str, usable: Callable[[Any], bool], log: ProblemLog
) -> tuple[Utterance, ...]:
    """The utterances of a split in the order of its list; those without a usable label are counted and left out.

    A pickle with anything but plain values, a missing list and one that fits no utterance raise InputError.
    """
    if split not in SPLITS:
        raise InputError(f"{place.processed.name} has no split {split!r}", hint=f"choose one of {', '.join(SPLITS)}")
    path = place.processed / "meta.pkl"
    meta = read_plain_pickle(path)
    if not isinstance(meta, Mapping):
        raise InputError(f"{path} holds no table of utterances", hint="it maps the name of each to its text and label")
    names = [line.strip() for line in read_lines(place.lists / f"{split}_split.txt", "give the lists of the splits")]
    found = []
    for name in filter(None, names):
        facts = meta.get(name)
        if not isinstance(facts, Mapping) or "label" not in facts:
            log.add(LEFT_OUT, "utterances of the split that meta.pkl does not have", name)
        elif not usable(facts["label"]):
            log.add(LEFT_OUT, "utterances with another label", f"{name}: {str(facts['label'])[:40]}")
        else:
            text = str(facts.get("text") or "").strip()
            if not text:
                log.add(MISSING, "utterances without text", name)
            found.append(Utterance(name, text, facts["label"]))
    if names and not found:
        raise InputError(f"{path} knows no utterance of {split}", hint="meta.pkl and the lists are of different data")
    return tuple(found)


def frames_and_sound(
    root: Path, folders: Sequence[str], ids: Sequence[str], sides: Sequence[str], step: int, log: ProblemLog
) -> tuple[PictureFiles, SoundFiles]:
    """Every `step`-th frame and the sound of each utterance; `sides` is "L_" or "R_" for one half, "" for all.

    Utterances without frames or sound, and frames whose numbers do not go on from 0, are counted.
    """
    listing = Listing()
    frames: list[tuple[str, ...]] = []
    sounds = []
    for folder, name, side in zip(folders, ids, sides, strict=True):
        form = re.compile(rf"image_{re.escape(side)}(\d+)\.jpg")
        matches = (form.fullmatch(file) for file in listing.names(inside(root, folder)))
        numbers = sorted(int(match[1]) for match in matches if match)
        if not numbers:
            log.add(MISSING, "utterances without frames", name)
        elif numbers != list(range(len(numbers))):
            log.add(ODD, "utterances with gaps between their frames", name)
        frames.append(tuple(f"{folder}/image_{side}{number}.jpg" for number in numbers[::step]))
        sounds.append(f"{folder}/audio{'_' if side else ''}{side.rstrip('_')}.wav")
    heard = on_disk(root, sounds, listing)
    for row in np.flatnonzero(~heard).tolist():
        log.add(MISSING, "utterances without sound", ids[row])
    seen = np.array([bool(several) for several in frames], bool)
    return PictureFiles(root, frames, ids, seen), SoundFiles(root, sounds, ids, heard)
