"""The stage that lets a text teacher read every spoken cue of an episode."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mmemo.episode.cleaning import begins_with_dash
from mmemo.episode.sentences import SpokenLine, join_sentences, sentences
from mmemo.errors import InputError
from mmemo.labels import EKMAN7, SENTIMENT3, Vocabulary
from mmemo.progress import Progress, Stage
from mmemo.store.files import hash_value, publish_folder, write_json, write_table
from mmemo.store.workspace import Episode, Workspace
from mmemo.teacher.lines import Line, context_of, lines_of, spoken
from mmemo.teacher.loading import load_teacher, teacher_identity
from mmemo.teacher.protocol import read_with_progress
from mmemo.teacher.sentiment import read_sentiment
from mmemo.teacher.sources import EMBEDDED

OPINIONS_FILE = "opinions.parquet"
# Where the opinions in each vocabulary are kept; training reads the emotions alone.
_KEPT_AS = {EKMAN7.name: "opinions", SENTIMENT3.name: "sentiments"}
_STAGE = "label"


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """Which teacher reads, and how many spoken lines before and after a line it may see.

    With `whole_sentences` a sentence that runs over several cues is read whole for each of them.
    """

    teacher: str = EMBEDDED
    context_lines: int = 2
    whole_sentences: bool = False
    next_lines: int = 0

    def __post_init__(self) -> None:
        if not self.teacher:
            raise InputError("a teacher needs a name", hint=f"use {EMBEDDED}, a folder or a hub id")
        for count in (self.context_lines, self.next_lines):
            if count < 0:
                raise InputError(f"{count} lines of context are too few", hint="use 0 or more")


@dataclass(frozen=True, slots=True)
class LabelReport:
    """What the stage did: cues read now, cues that had opinions already, and cues that nobody speaks."""

    episode_id: str
    teacher: str
    key: str
    read: int
    skipped: int
    seconds: float
    unspoken: int = 0
    vocabulary: str = EKMAN7.name

    def to_contract(self) -> dict[str, object]:
        """The object that the command prints for this episode."""
        return {
            "episode": self.episode_id,
            "teacher": self.teacher,
            "vocabulary": self.vocabulary,
            "read": self.read,
            "skipped": self.skipped,
            "unspoken": self.unspoken,
            "seconds": round(self.seconds, 3),
        }


def opinions_folder(
    workspace: Workspace, episode: Episode, settings: LabelSettings, vocabulary: Vocabulary = EKMAN7
) -> Path:
    """Folder of the opinions on the episode's current cues, written or not.

    Its key hashes the teacher's identity and every line with its context, so it survives a new cut with the
    same cues. A teacher that is not on this machine raises ModelUnavailable.
    """
    cues = workspace.cues(episode)
    return _folder(workspace, episode, cues, teacher_identity(settings.teacher), settings, vocabulary)


def label_episode(
    workspace: Workspace, episode: Episode, settings: LabelSettings, vocabulary: Vocabulary = EKMAN7
) -> Stage[LabelReport]:
    """Write opinions on all spoken cues of an episode, kept for training or not; does nothing when they are there.

    Opinions are emotions, or sentiments for `vocabulary` SENTIMENT3; any other raises InputError.
    """
    if vocabulary.name not in _KEPT_AS:
        raise InputError(f"no teacher speaks {vocabulary.name}", hint=f"choose one of {', '.join(_KEPT_AS)}")
    started = time.perf_counter()
    cues = workspace.cues(episode)
    ids = cues.loc[spoken(cues), "cue_id"]
    yield Progress(_STAGE, 0, len(ids), "loading the teacher")
    identity = teacher_identity(settings.teacher, download=True)
    folder = _folder(workspace, episode, cues, identity, settings, vocabulary)
    done_before = (folder / OPINIONS_FILE).is_file()
    if not done_before:
        probs = yield from _opinions(_lines(cues, settings), settings.teacher, vocabulary, episode.episode_id)
        _publish(folder, ids, probs, vocabulary, {"settings": settings, "teacher": identity, "cut": episode.cut_key})
    return LabelReport(
        episode_id=episode.episode_id,
        teacher=identity,
        key=folder.name.rpartition("-")[2],
        read=0 if done_before else len(ids),
        skipped=len(ids) if done_before else 0,
        seconds=time.perf_counter() - started,
        unspoken=len(cues) - len(ids),
        vocabulary=vocabulary.name,
    )


def label_episodes(
    workspace: Workspace, episodes: Sequence[Episode], settings: LabelSettings, vocabulary: Vocabulary = EKMAN7
) -> Stage[list[LabelReport]]:
    """Label several episodes with one teacher."""
    reports = []
    for episode in episodes:
        report = yield from label_episode(workspace, episode, settings, vocabulary)
        reports.append(report)
    return reports


def _opinions(lines: list[Line], name: str, vocabulary: Vocabulary, note: str) -> Stage[np.ndarray]:
    if not lines:
        return np.zeros((0, len(vocabulary)), np.float32)
    teacher = load_teacher(name)
    batches = teacher.read(lines) if vocabulary is EKMAN7 else read_sentiment(teacher, lines)
    probs = yield from read_with_progress(batches, len(lines), _STAGE, note)
    return probs


def _lines(cues: pd.DataFrame, settings: LabelSettings) -> list[Line]:
    """What the teacher reads of each spoken cue; the context of a whole sentence is what is said around it."""
    lines = lines_of(cues, settings.context_lines, settings.next_lines)
    if not settings.whole_sentences:
        return lines
    rows = cues.loc[spoken(cues), ["start_ms", "end_ms", "speaker", "raw_text"]].itertuples(index=False)
    said = [
        SpokenLine(line.text, int(start), int(end), name if isinstance(name, str) else None, begins_with_dash(str(raw)))
        for line, (start, end, name, raw) in zip(lines, rows, strict=True)
    ]
    texts, alone = join_sentences(said), [line.text for line in lines]
    return [
        Line(texts[i], context_of(alone, group, settings.context_lines, settings.next_lines))
        for group in sentences(said)
        for i in group
    ]


def _folder(
    workspace: Workspace,
    episode: Episode,
    cues: pd.DataFrame,
    identity: str,
    settings: LabelSettings,
    vocabulary: Vocabulary,
) -> Path:
    lines = _lines(cues, settings)
    ids = cues.loc[spoken(cues), "cue_id"].tolist()
    key = hash_value({"teacher": identity, "cues": ids, "lines": [[line.text, line.context] for line in lines]})
    return workspace.stage_folder(episode.episode_id, _KEPT_AS[vocabulary.name], key)


def _publish(
    folder: Path, ids: pd.Series, probs: np.ndarray, vocabulary: Vocabulary, record: dict[str, object]
) -> None:
    columns = pd.DataFrame(probs, columns=[f"p_{label}" for label in vocabulary.labels])
    with publish_folder(folder) as temporary:
        write_table(temporary / OPINIONS_FILE, pd.concat([ids.to_frame().reset_index(drop=True), columns], axis=1))
        write_json(temporary / "settings.json", record)
