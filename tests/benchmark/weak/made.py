"""Small material for the benchmarks of weak supervision, in the form of the public files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mmemo.benchmark.weak.protocol import Trial
from mmemo.labels import EKMAN7
from mmemo.student.backbones import Backbone, Preprocessing
from mmemo.student.crossfit import TrainingSet
from mmemo.student.fitters import HeadFitter
from mmemo.student.settings import TrainSettings
from mmemo.student.targets import Opinions
from mmemo.teacher.anchors import TeacherAnchor, generic_anchor
from mmemo.teacher.lines import Line

MELD_HEAD = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime"


class _Brightness(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, images: Tensor) -> Tensor:
        means = images.mean(dim=(1, 2, 3))
        return torch.stack([means, 1 - means], dim=1) * self.scale


def brightness_backbone(identity: str = "brightness") -> Backbone:
    """A network of two features: how bright and how dark a picture is."""
    return Backbone(identity, 2, Preprocessing(8, (0.5,) * 3, (0.5,) * 3), _Brightness())


class Reader:
    """A teacher that finds the emotion in the line's first word, and remembers what it read."""

    identity = "reader@1"

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def anchor(self, name: str = "meld_dev") -> TeacherAnchor:
        return generic_anchor()

    def read(self, lines: Sequence[Line], batch_size: int = 64) -> Iterator[np.ndarray]:
        self.lines += lines
        votes = np.full((len(lines), 7), 0.05, np.float32)
        votes[range(len(lines)), [EKMAN7.index(line.text.split()[0]) for line in lines]] = 0.7
        yield votes


def meld_folder(folder: Path, split: str, emotions: Sequence[str]) -> Path:
    """A split of MELD with one dialogue of lines that name their emotion."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f'{i},"{e} {i}",Ann,{e},neutral,0,{i},1,2,"00:01:02,500","00:01:04,059"' for i, e in enumerate(emotions)]
    (folder / f"{split}_sent_emo.csv").write_text("\n".join([MELD_HEAD, *rows, ""]), encoding="utf-8")
    return folder


def trial(items: int = 140, seed: int = 0, teacher_right: float = 0.7) -> Trial:
    """Faces whose features tell their emotion, an image opinion that knows nothing, and a teacher that often does."""
    draw = np.random.default_rng(5)
    gold = np.arange(items) % 7
    features = (np.eye(7)[gold][:, None] + draw.normal(0, 0.2, (items, 2, 7))).astype(np.float32)
    says = np.where(draw.random(items) < teacher_right, gold, draw.integers(0, 7, items))
    teacher = (0.3 / 7 + 0.7 * np.eye(7)[says]).astype(np.float32)
    confusion = (0.6 * np.eye(7) + 0.4 / 7).astype(np.float32)
    opinions = Opinions(
        teacher, np.full((items, 7), 1 / 7, np.float32), np.full(items, -1), confusion, confusion, np.full(7, 1 / 7)
    )
    settings = TrainSettings(seed=seed, epochs=15, learning_rate=0.05)
    return Trial(
        TrainingSet(np.arange(items), np.arange(items) // 7, opinions), HeadFitter(features, None), gold, settings
    )
