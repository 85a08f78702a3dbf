"""EmoryNLP: scenes of a sitcom with seven emotions a line (Zahiri and Choi 2018), as published beside MELD."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mmemo.datasets.dialogue import contexts_before
from mmemo.datasets.paired import PairedSet
from mmemo.datasets.tables import read_table
from mmemo.errors import InputError
from mmemo.labels import Vocabulary

SPLITS = ("train", "dev", "test")
# Its emotions follow Willcox's wheel of feelings; joyful, peaceful and powerful are all joy in EKMAN7.
EMORYNLP7 = Vocabulary("emorynlp-7", ("joyful", "mad", "neutral", "peaceful", "powerful", "sad", "scared"))
COLUMNS = ("Utterance", "Speaker", "Emotion", "Scene_ID", "Utterance_ID", "Season", "Episode")
_FORM = "give the folder with emorynlp_train_final.csv, emorynlp_dev_final.csv and emorynlp_test_final.csv"


def emorynlp_file(folder: Path, split: str) -> Path:
    """The file of a split."""
    return folder / f"emorynlp_{split}_final.csv"


def emorynlp_set(folder: Path, split: str, context_lines: int = 2) -> PairedSet:
    """The lines of a split; a scene is a group, and there are no pictures.

    A missing or malformed file, an unknown emotion and an utterance that comes twice raise InputError.
    """
    if split not in SPLITS:
        raise InputError(f"EmoryNLP has no split {split!r}", hint=f"choose one of {', '.join(SPLITS)}")
    path = emorynlp_file(folder, split)
    rows = read_table(path, COLUMNS, _FORM)
    labels = np.zeros(len(rows), np.int64)
    for number, row in enumerate(rows):
        try:
            labels[number] = EMORYNLP7.index(row["Emotion"].strip().lower()[:40])
        except InputError as error:
            raise InputError(f"row {number + 1} of {path}: {error.message}", hint=error.hint) from error
    scenes = tuple(f"s{row['Season']}e{row['Episode']} scene {row['Scene_ID']}" for row in rows)
    texts = tuple(row["Utterance"] for row in rows)
    return PairedSet(
        name="EmoryNLP",
        split=split,
        vocabulary=EMORYNLP7,
        ids=tuple(f"{scene} utt {row['Utterance_ID']}" for scene, row in zip(scenes, rows, strict=True)),
        groups=scenes,
        labels=labels,
        texts=texts,
        contexts=contexts_before(texts, scenes, context_lines),
    )
