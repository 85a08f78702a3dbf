"""The stage that retrains the text teacher from public files; it goes on where it was stopped."""

from __future__ import annotations

import io
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmemo.errors import InputError, StorageError
from mmemo.flow.teacher.asked import TrainTeacherReport, TrainTeacherSettings
from mmemo.flow.teacher.card import teacher_card
from mmemo.flow.teacher.examples import TeacherSources, training_examples
from mmemo.flow.teacher.quality import (
    LabelledText,
    TeacherScore,
    goemotions_text,
    majority,
    meld_text,
    msctd_text,
    opinions,
    score,
)
from mmemo.progress import Progress, Stage
from mmemo.store.files import hash_value, publish_file, publish_folder, storage_errors, write_json
from mmemo.teacher.anchors import ANCHORS_FILE, DEFAULT_ANCHOR, measure_anchor, save_anchor
from mmemo.teacher.loading import load_teacher
from mmemo.teacher.packing import CONFIG_FILE, TOKENIZER_FILE, WEIGHTS_FILE, TwoHeadWeights, two_head_config
from mmemo.teacher.sources import find_teacher
from mmemo.teacher.starting import read_start
from mmemo.teacher.training import TeacherTrainer
from mmemo.teacher.two_head import TwoHeadTeacher, teacher_in_training

_STAGE = "train"
_CHOSEN_BY = "MELD dev, emotion"
CARD_FILE = "MODEL_CARD.md"
RECORD_FILE = "training.json"


def train_teacher(settings: TrainTeacherSettings, folder: Path) -> Stage[TrainTeacherReport]:
    """Fine-tune a teacher and store it in `folder` with a model card, an anchor and its record.

    Stopped, it keeps its state in `folder`.training and goes on from there when it is asked for the same again.
    Raises InputError for a folder that exists, files that are no public files, and a state of other settings.
    """
    began = time.perf_counter()
    if folder.exists():
        raise InputError(f"{folder} exists already", hint="choose a new folder or remove the old one")
    source = find_teacher(settings.start, download=False)
    yield Progress(_STAGE, 0, settings.training.steps, "reading the lines")
    weights, tokenizer = read_start(source.folder, settings.training.seed)
    examples, counts = training_examples(settings.sources)
    judged = held_out(settings.sources)
    trainer = TeacherTrainer(weights, tokenizer, examples, settings.training)
    asked = [settings.training, settings.keep_every, source.identity, examples.fingerprint()]
    state = _State(folder.with_name(folder.name + ".training"), hash_value(asked))
    state.load(trainer)
    resumed_at = trainer.step
    tokenizer_bytes = (source.folder / TOKENIZER_FILE).read_bytes()
    yield from _train(trainer, state, settings, weights, tokenizer_bytes, judged.get(_CHOSEN_BY))
    with publish_folder(folder) as temporary:
        write_teacher(temporary, weights, state.best_tensors, tokenizer_bytes)
        trained = yield from _scores(TwoHeadTeacher.load(temporary, f"folder:{folder.name}"), judged, temporary)
        started = yield from _start_scores(settings.start, judged)
        report = TrainTeacherReport(
            folder=folder,
            steps=trainer.step,
            best_step=state.best_step,
            resumed_at=resumed_at,
            seconds=time.perf_counter() - began,
            curve=state.curve,
            trained=trained,
            started=started,
            majority={name: majority(text) for name, text in judged.items()},
        )
        record = {"settings": settings, "start": source.identity, "lines": counts, "report": report}
        write_json(temporary / RECORD_FILE, record)
        card = teacher_card(folder.name, source.identity, settings, counts, report)
        (temporary / CARD_FILE).write_text(card, encoding="utf-8")
    shutil.rmtree(state.folder, ignore_errors=True)
    return report


def _train(
    trainer: TeacherTrainer,
    state: _State,
    settings: TrainTeacherSettings,
    weights: TwoHeadWeights,
    tokenizer: bytes,
    dev: LabelledText | None,
) -> Stage[None]:
    """Make the steps that are left, and judge and keep the state again and again."""
    steps = settings.training.steps
    while trainer.step < steps:
        state.losses.append(trainer.advance())
        yield Progress(_STAGE, trainer.step, steps, f"loss {np.mean(state.losses[-50:]):.3f}")
        if trainer.step % settings.keep_every == 0 or trainer.step == steps:
            yield from _judge(state, trainer, weights, tokenizer, dev)
            state.save(trainer)


def held_out(sources: TeacherSources) -> dict[str, LabelledText]:
    """The lines that judge a teacher: development and test of MELD, test of the others, where they are given."""
    before, after = sources.context_lines, sources.next_lines
    texts: dict[str, LabelledText] = {}
    if sources.meld is not None:
        for split in ("dev", "test"):
            texts[f"MELD {split}, emotion"] = meld_text(sources.meld, split, context_lines=before, next_lines=after)
        texts["MELD test, sentiment"] = meld_text(
            sources.meld, "test", context_lines=before, next_lines=after, sentiment=True
        )
    if sources.goemotions is not None:
        texts["GoEmotions test, one emotion"] = goemotions_text(sources.goemotions, "test")
    if sources.msctd is not None:
        texts["MSCTD test, sentiment"] = msctd_text(sources.msctd, "test", context_lines=before, next_lines=after)
    return texts


def write_teacher(folder: Path, weights: TwoHeadWeights, tensors: dict[str, np.ndarray], tokenizer: bytes) -> None:
    """Write a two-head teacher in half precision into an existing folder; `pack_folder` makes it smaller."""
    from safetensors.numpy import save

    half = {name: tensor.astype(np.float16) for name, tensor in tensors.items()}
    (folder / WEIGHTS_FILE).write_bytes(save(half))
    (folder / TOKENIZER_FILE).write_bytes(tokenizer)
    write_json(folder / CONFIG_FILE, two_head_config(weights))


class _State:
    """What is kept between runs: the trainer's state, the best weights so far, losses and the curve."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        self._key = key
        self.losses: list[float] = []
        self.curve: list[dict[str, float]] = []
        self.best_tensors: dict[str, np.ndarray] = {}
        self.best_step = 0
        self._best_score = -1.0

    def take(self, trainer: TeacherTrainer, figure: float | None, entry: dict[str, float]) -> None:
        """Note an entry of the curve, and keep the weights when the figure is the best, or when there is none."""
        self.curve.append(entry)
        if figure is None or figure > self._best_score:
            self._best_score = self._best_score if figure is None else figure
            self.best_tensors, self.best_step = trainer.tensors(), trainer.step

    def save(self, trainer: TeacherTrainer) -> None:
        stored = {
            "key": self._key,
            "trainer": trainer.state(),
            "losses": self.losses,
            "curve": self.curve,
            "best": {name: torch.from_numpy(tensor) for name, tensor in self.best_tensors.items()},
            "best_step": self.best_step,
            "best_score": self._best_score,
        }
        content = io.BytesIO()
        torch.save(stored, content)
        with publish_file(self.folder / "state.pt") as temporary:
            temporary.write_bytes(content.getvalue())

    def load(self, trainer: TeacherTrainer) -> None:
        """Go on from the kept state, if there is one; that of other settings or files raises InputError."""
        path = self.folder / "state.pt"
        if not path.is_file():
            return
        try:
            with storage_errors(path):
                stored: dict[str, Any] = torch.load(path, weights_only=True)
            fits = stored["key"] == self._key
        except StorageError:
            raise
        except Exception as error:  # unpickling what is damaged raises anything
            raise InputError(f"{path} is damaged", hint=f"remove the folder {self.folder} and train again") from error
        if not fits:
            raise InputError(
                f"{self.folder} holds a training with other settings", hint="choose another folder, or remove it"
            )
        trainer.restore(stored["trainer"])
        self.losses, self.curve = stored["losses"], stored["curve"]
        self.best_tensors = {name: tensor.numpy() for name, tensor in stored["best"].items()}
        self.best_step, self._best_score = stored["best_step"], stored["best_score"]


def _judge(
    state: _State, trainer: TeacherTrainer, weights: TwoHeadWeights, tokenizer: bytes, dev: LabelledText | None
) -> Stage[None]:
    """Score the weights of this moment on development lines and keep them when they are the best."""
    entry = {"step": float(trainer.step), "loss": float(np.mean(state.losses[-50:]))}
    if dev is None:
        state.take(trainer, None, entry)
        return
    teacher = teacher_in_training(weights, trainer.tensors(), tokenizer)
    found = score("", (yield from opinions(teacher, dev)), dev, 1.0)
    state.take(trainer, found.weighted_f1, entry | {"weighted_f1": found.weighted_f1, "macro_f1": found.macro_f1})


def _scores(
    teacher: TwoHeadTeacher, judged: dict[str, LabelledText], folder: Path | None = None
) -> Stage[dict[str, TeacherScore]]:
    """Scores on all held-out lines; the anchor on MELD's development part is stored in `folder`."""
    scores = {}
    for name, text in judged.items():
        started = time.perf_counter()
        probs = yield from opinions(teacher, text)
        scores[name] = score(teacher.identity, probs, text, time.perf_counter() - started)
        if folder is not None and name == _CHOSEN_BY:
            save_anchor(folder / ANCHORS_FILE, measure_anchor(DEFAULT_ANCHOR, probs, text.gold, text.source))
    return scores


def _start_scores(name: str, judged: dict[str, LabelledText]) -> Stage[dict[str, TeacherScore]]:
    """The start's own scores, when it is a teacher."""
    try:
        teacher = load_teacher(name)
    except InputError:  # a BERT without heads cannot read yet
        return {}
    if not isinstance(teacher, TwoHeadTeacher):
        return {}
    scores = yield from _scores(teacher, judged)
    return scores
