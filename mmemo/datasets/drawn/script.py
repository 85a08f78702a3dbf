"""The script of the show: a table of lines becomes shots, subtitles and gold labels."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mmemo.datasets.drawn.shots import FRAME_MS, Actor, Shot, Timeline
from mmemo.errors import InputError
from mmemo.labels import EKMAN7

# What a row of the script is, and the reason why such a cue gives no training face ("" when it does).
EXPECTED_DROP: Mapping[str, str] = {
    "speech": "",
    "off_screen": "off_screen",
    "cutaway": "no_face",
    "unison": "several_speakers",
    "sound": "not_speech",
    "music": "music",
    "credit": "out_of_video",
}
_COLUMNS = ("scene", "view", "kind", "speaker", "listener", "emotion", "text")
_SYLLABLE_MS, _SHORTEST_MS = 175, 850


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the script.

    `kind` is a key of EXPECTED_DROP or "silence" (then `text` is its length in ms). `speaker` is one
    name or "A+B"; `listener` is who else is on screen; "|" in the text breaks the line.
    """

    scene: str
    view: str
    kind: str
    speaker: str
    listener: str
    emotion: str
    text: str

    def __post_init__(self) -> None:
        if self.kind not in EXPECTED_DROP and self.kind != "silence":
            raise InputError(
                f"the script has a row of the unknown kind {self.kind!r}",
                hint=f"use one of {', '.join([*EXPECTED_DROP, 'silence'])}",
            )
        if self.emotion:
            EKMAN7.index(self.emotion)


@dataclass(frozen=True, slots=True)
class GoldCue:
    """What is true of one subtitle; times in ms, `emotion` empty when nobody speaks."""

    cue: int
    start_ms: int
    end_ms: int
    emotion: str
    speaker: str
    kind: str
    expected_drop: str
    text: str


@dataclass(frozen=True, slots=True)
class Episode:
    """The whole show: its pictures and sound, and what its subtitles say."""

    timeline: Timeline
    cues: tuple[GoldCue, ...]

    def srt(self) -> str:
        """The subtitles as SubRip text."""
        blocks = (
            f"{c.cue}\n{_clock(c.start_ms)} --> {_clock(c.end_ms)}\n{c.text.replace('|', chr(10))}\n" for c in self.cues
        )
        return "\n".join(blocks)

    def gold_csv(self) -> str:
        """The gold labels as CSV, one row a subtitle."""
        lines = ["cue,start_ms,end_ms,emotion,speaker,kind,expected_drop"]
        lines += [
            f"{c.cue},{c.start_ms},{c.end_ms},{c.emotion},{c.speaker},{c.kind},{c.expected_drop}" for c in self.cues
        ]
        return "\n".join(lines) + "\n"


def read_script(path: Path) -> list[Row]:
    """Read a script (.csv with the columns scene, view, kind, speaker, listener, emotion, text)."""
    if not path.is_file():
        raise InputError(f"there is no script at {path}", hint="give a .csv file")
    with path.open(encoding="utf-8", newline="") as stream:
        table = csv.DictReader(stream)
        missing = set(_COLUMNS) - set(table.fieldnames or ())
        if missing:
            raise InputError(f"{path} lacks the columns {', '.join(sorted(missing))}", hint="see the bundled script")
        rows = [Row(**{name: line[name] for name in _COLUMNS}) for line in table]
    if not rows:
        raise InputError(f"{path} has no lines", hint="write at least one row below the header")
    return rows


def stage_episode(rows: Sequence[Row], seed: int = 0) -> Episode:
    """Turn the script into shots and cues; the same rows and seed give the same show."""
    shots: list[Shot] = []
    cues: list[GoldCue] = []
    now_ms = 0
    for number, (row, camera) in enumerate(zip(rows, _cameras(rows), strict=True)):
        rng = np.random.default_rng([seed, 20, number])
        if row.kind == "credit":
            # After the end of the film, as the adverts of subtitle sites often are.
            start_ms = max(now_ms + 1000, cues[-1].end_ms + 500 if cues else 0)
            cues.append(_gold(len(cues) + 1, row, start_ms, start_ms + 1800))
            continue
        shot = _shot(row, camera, rng)
        if row.kind != "silence":
            start, end = shot.sounding_ms
            cues.append(_gold(len(cues) + 1, row, now_ms + start - 40, now_ms + end + 40))
        shots.append(shot)
        now_ms += shot.duration_ms
    return Episode(Timeline(shots, seed), tuple(cues))


def speaking_time_ms(text: str) -> int:
    """How long a line takes to say, from its groups of vowels."""
    spoken = re.sub(r"<[^>]*>|\{[^}]*\}|^[A-Z][A-Z ]*(\(.*?\))?:|[\[(].*?[\])]", "", text)
    count = len(re.findall(r"(?!e\b)[aeiouy]+", spoken.lower()))
    return max(_SHORTEST_MS, count * _SYLLABLE_MS)


def _gold(number: int, row: Row, start_ms: int, end_ms: int) -> GoldCue:
    speaks = row.kind in ("speech", "off_screen", "cutaway", "unison")
    return GoldCue(
        cue=number,
        start_ms=start_ms,
        end_ms=end_ms,
        emotion=row.emotion if speaks else "",
        speaker=row.speaker,
        kind=row.kind,
        expected_drop=EXPECTED_DROP[row.kind],
        text=row.text,
    )


def _shot(row: Row, camera: int, rng: np.random.Generator) -> Shot:
    lead, tail = int(rng.integers(60, 150)), int(rng.integers(60, 120))
    actors = tuple(_actors(row, rng))
    if row.kind == "silence":
        length = round(int(row.text) / FRAME_MS) * FRAME_MS
        return Shot(length, actors, view=row.view, camera=camera)
    spoken = speaking_time_ms(row.text) if row.kind not in ("sound", "music") else 1300
    length = -(-(lead + spoken + tail) // FRAME_MS) * FRAME_MS
    shot = Shot(length, actors, view=row.view, speech_ms=(lead, lead + spoken), camera=camera)
    if row.kind in ("sound", "music"):
        return replace(shot, sound="thud" if row.kind == "sound" else "tune")
    return replace(shot, voices=tuple(row.speaker.split("+")), tone=row.emotion)


def _actors(row: Row, rng: np.random.Generator) -> Iterator[Actor]:
    """Who is on screen, in the order of the alphabet so that a pair never swaps its places."""
    for name in sorted(_visible(row)):
        if name in row.speaker.split("+"):
            yield Actor(name, row.emotion, float(rng.uniform(0.6, 1.0)))
        elif row.kind == "silence":
            yield Actor(name, row.emotion or "neutral", 0.5)
        else:
            yield Actor(name, _reaction(row.emotion, rng), float(rng.uniform(0.3, 0.7)))


def _visible(row: Row) -> list[str]:
    speaking = row.speaker.split("+") if row.kind in ("speech", "unison") else []
    return speaking + ([row.listener] if row.listener else [])


def _reaction(emotion: str, rng: np.random.Generator) -> str:
    """A listener is mostly neutral, sometimes feels with the speaker, sometimes something else."""
    kind = rng.random()
    if kind < 0.5:
        return "neutral"
    return emotion if kind < 0.75 and emotion else EKMAN7.labels[int(rng.integers(0, len(EKMAN7)))]


def _cameras(rows: Sequence[Row]) -> Iterator[int]:
    """Numbers of the camera set-ups: a new one whenever the place or the people on screen change."""
    camera, before = 0, None
    for row in rows:
        now = (row.scene, row.view, sorted(_visible(row)))
        camera += now != before
        before = now
        yield camera


def _clock(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d},{rest:03d}"
