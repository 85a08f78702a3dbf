"""A ground small enough to train on in a test: brightness tells the emotion of a face, the first word that of a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmemo.benchmark.robustness.ground import Ground
from mmemo.datasets.paired import PairedSet
from mmemo.fusion.encoders.encoder import Encoder, Reader, texts_of
from mmemo.labels import EKMAN7
from mmemo.progress import run
from mmemo.student.backbones import features_of
from mmemo.student.baseline import ImageBaseline
from mmemo.student.heads import LinearHead
from mmemo.teacher.anchors import generic_anchor
from tests.benchmark.weak.made import brightness_backbone

SIDE, FILMS = 8, 12


class FirstWord(Reader):
    """(1, 7) a line: 1 at the emotion that its first word names, if any."""

    identity = "first word"
    like = np.zeros((0, 7), np.float32)

    def read(self, data: PairedSet, rows: Sequence[int]) -> list[np.ndarray]:
        words = [text.split()[0] if text.split() else "" for text, _ in texts_of(data, rows)]
        return [np.array([[float(word == label) for label in EKMAN7.labels]], np.float32) for word in words]


def made_ground(cache: Path) -> Ground:
    """84 faces of 12 films, 84 lines of 4 dialogues."""
    draw = np.random.default_rng(0)
    labels = np.tile(np.arange(7), FILMS)
    levels = 20 + 34 * labels[:, None, None, None] + draw.integers(-6, 7, (84, SIDE, SIDE, 3))
    pictures = np.clip(levels, 0, 255).astype(np.uint8)
    backbone = brightness_backbone()
    centres = (2 * (20 + 34 * np.arange(7)) / 255 - 1).astype(np.float32)
    # Nearest centre as a linear head of (m, 1 - m): 20 * (2 c m - c^2).
    head = LinearHead(np.stack([40 * centres, np.zeros(7, np.float32)], 1), -20 * centres**2)
    confusion = (0.6 * np.eye(7) + 0.4 / 7).astype(np.float32)
    gold = np.tile(np.arange(7), 12)
    texts = tuple(f"{EKMAN7.labels[label]} indeed {row}" for row, label in enumerate(gold))
    groups = tuple(f"dia{row // 21}" for row in range(84))
    lines = PairedSet("made", EKMAN7, tuple(map(str, range(84))), groups, gold, texts, ("",) * 84)
    text = Encoder(FirstWord(), 7, {})
    return Ground(
        pictures,
        labels,
        np.repeat([f"film{i}" for i in range(FILMS)], 7),
        run(features_of(backbone, list(pictures))),
        lines,
        np.concatenate(text.reader.read(lines, range(84))),
        (0.05 + 0.65 * np.eye(7)[gold]).astype(np.float32),
        np.arange(84) // 21 % 2,
        ImageBaseline("made", backbone, head, confusion, np.full(7, 1 / 7, np.float32)),
        generic_anchor(),
        text,
        cache,
    )
