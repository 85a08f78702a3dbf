"""IEMOCAP: acted dialogues of two with six emotions (Busso et al. 2008), raw or as MME2E arranges it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmemo.datasets.dialogue import contexts_before
from mmemo.datasets.mme2e import Arrangement, find_arrangement, frames_and_sound, read_utterances
from mmemo.datasets.paired import CONTEXT, PairedSet
from mmemo.datasets.paths import Listing, inside
from mmemo.datasets.problems import LEFT_OUT, MISSING, ODD, ProblemLog
from mmemo.datasets.tables import read_text
from mmemo.errors import InputError
from mmemo.labels import IEMOCAP6

PUBLISHED = {"train": 5_162, "valid": 737, "test": 1_481}
LABELS: Mapping[str, str] = {
    "ang": "anger", "exc": "excitement", "fru": "frustration", "hap": "happiness", "neu": "neutral", "sad": "sadness",
}  # fmt: skip
FPS = 30
DIMENSIONS = ("valence", "arousal", "dominance")
_EVALUATION = re.compile(r"\[(\S+) - (\S+)\]\t(\S+)\t(\w+)\t\[(\S+), (\S+), (\S+)\]")
_TRANSCRIPT = re.compile(r"(\w+) \[[^\]]*\]:\s*(.*)")
_FORM = "give the folder with Session1 to Session5, or one with IEMOCAP_RAW_PROCESSED and IEMOCAP_SPLIT"


def side_of(utterance: str) -> str:
    """ "L" when it is said by the person on the left: the letter before the first _ is that of the last part.

    Ses01F_impro01_F000: F wears the sensors and is on the left, and F speaks.
    """
    first, last = utterance.split("_")[0], utterance.split("_")[-1]
    if not first or not last:
        raise InputError(f"{utterance!r} is no utterance of IEMOCAP", hint="it looks like Ses01F_impro01_F000")
    return "L" if first[-1] == last[0] else "R"


def iemocap_set(folder: Path, split: str, interval_ms: int = 500, context_lines: int = 2) -> PairedSet:
    """A split as MME2E arranges it: text, a frame every `interval_ms` of the speaker's half, and the speaker's sound.

    A dialogue is a group; all dialogues of one session, such as Ses01, are of the same two people. Utterances with
    another label than the six are left out and counted. A folder of another form raises InputError.
    """
    place = find_arrangement(folder, "IEMOCAP")
    if place is None:
        raise InputError(f"{folder} holds no IEMOCAP as MME2E arranges it", hint=_FORM)
    log = ProblemLog()
    utterances = read_utterances(place, split, lambda label: str(label) in LABELS, log)
    ids = tuple(utterance.name for utterance in utterances)
    texts = tuple(utterance.text for utterance in utterances)
    folders, listing = _folders(place), Listing()
    paths = [folders.get(name, f"{dialogue_of(name)}/{name}") for name in ids]
    for name, path in zip(ids, paths, strict=True):
        if name not in folders and not listing.names(inside(place.processed, path)):
            log.add(MISSING, "utterances without a folder", name)
    step = max(1, interval_ms * FPS // 1000)
    pictures, sound = frames_and_sound(place.processed, paths, ids, [f"{side_of(n)}_" for n in ids], step, log)
    groups = tuple(dialogue_of(name) for name in ids)
    return PairedSet(
        name="IEMOCAP",
        split=split,
        vocabulary=IEMOCAP6,
        ids=ids,
        groups=groups,
        labels=np.array([IEMOCAP6.index(LABELS[str(utterance.label)]) for utterance in utterances], np.int64),
        texts=texts,
        contexts=_contexts(ids, texts, context_lines),
        pictures={CONTEXT: pictures},
        audio=sound,
        problems=log.problems(),
    )


def dialogue_of(utterance: str) -> str:
    """The dialogue of an utterance: Ses01F_script01_1 of Ses01F_script01_1_M003."""
    return utterance.rpartition("_")[0] or utterance


def _folders(place: Arrangement) -> dict[str, str]:
    """The folder of each utterance below the processed one; scripted dialogues lie together with others."""
    found = {}
    for outer in sorted(place.processed.iterdir()):
        if outer.is_dir():
            found.update({inner.name: f"{outer.name}/{inner.name}" for inner in outer.iterdir() if inner.is_dir()})
    return found


def _contexts(ids: tuple[str, ...], texts: tuple[str, ...], lines: int) -> tuple[str, ...]:
    """The lines before within a split: the number in an utterance's name counts each speaker's turns.

    The lists are in no order of time and name no times, so the order of the two speakers' turns is a guess: the turns
    of the same speaker are in order, and only they are context.
    """
    spoken = sorted(range(len(ids)), key=lambda row: ids[row])
    speakers = [ids[row].rpartition("_")[0] + ids[row].rpartition("_")[2][:1] for row in spoken]
    before = contexts_before([texts[row] for row in spoken], speakers, lines)
    contexts = [""] * len(ids)
    for row, context in zip(spoken, before, strict=True):
        contexts[row] = context
    return tuple(contexts)


def raw_set(folder: Path) -> PairedSet:
    """The raw release, text and annotation alone: Session*/dialog/EmoEvaluation/*.txt beside ../transcriptions/*.txt.

    `dimensions` are valence, arousal and dominance, 1 to 5. Utterances with another label than the six (mostly xxx,
    no agreement) are left out and counted, as are those without a line in the transcript.
    """
    rows: dict[str, tuple[str, float, tuple[float, ...]]] = {}
    texts: dict[str, str] = {}
    log = ProblemLog()
    for path in sorted(folder.glob("Session*/dialog/EmoEvaluation/*.txt")):
        if path.name.startswith("."):
            continue
        rows.update(parse_evaluation(read_text(path, _FORM)))
        script = path.parent.parent / "transcriptions" / path.name
        if script.is_file():
            texts.update(parse_transcript(read_text(script, _FORM)))
    if not rows:
        raise InputError(f"{folder} holds no evaluation of IEMOCAP", hint=_FORM)
    kept = []
    for name, (label, _, values) in rows.items():
        if label not in LABELS:
            log.add(LEFT_OUT, "utterances with another label", f"{name}: {label}")
        elif name not in texts:
            log.add(LEFT_OUT, "utterances without a line in the transcript", name)
        else:
            kept.append(name)
            if not all(np.isfinite(values)):
                log.add(ODD, "utterances without dimensions", name)
    kept.sort(key=lambda name: (dialogue_of(name), rows[name][1]))
    groups, lines = tuple(dialogue_of(name) for name in kept), tuple(texts[name] for name in kept)
    return PairedSet(
        name="IEMOCAP",
        vocabulary=IEMOCAP6,
        ids=tuple(kept),
        groups=groups,
        labels=np.array([IEMOCAP6.index(LABELS[rows[name][0]]) for name in kept], np.int64),
        texts=lines,
        contexts=contexts_before(lines, groups, 2),
        dimensions=np.array([rows[name][2] for name in kept], np.float32).reshape(-1, len(DIMENSIONS)),
        dimension_names=DIMENSIONS,
        problems=log.problems(),
    )


def parse_evaluation(text: str) -> dict[str, tuple[str, float, tuple[float, ...]]]:
    """Label, start in seconds, and valence, arousal, dominance of each utterance: `[start - end] utt label [V, A, D]`."""
    found: dict[str, tuple[str, float, tuple[float, ...]]] = {}
    for line in text.splitlines():
        match: Any = _EVALUATION.match(line)
        if match:
            try:
                found[match[3]] = match[4], float(match[1]), tuple(float(match[i]) for i in (5, 6, 7))
            except ValueError as error:
                raise InputError(f"{line[:80]!r} is no line of an evaluation", hint=_FORM) from error
    return found


def parse_transcript(text: str) -> dict[str, str]:
    """The words of each utterance: `utt [start-end]: words`, where the words may hold colons of their own."""
    matches = (_TRANSCRIPT.match(line) for line in text.splitlines())
    return {match[1]: match[2].strip() for match in matches if match and "_" in match[1]}
