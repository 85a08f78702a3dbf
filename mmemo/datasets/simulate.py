"""An episode with gold from labelled faces and labelled lines: real faces, real text, a synthetic pairing."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageOps

from mmemo.datasets.folder import LabelledImage, read_class_folders
from mmemo.datasets.labelled_lines import read_labelled_lines
from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.store.files import publish_folder
from mmemo.store.workspace import SYNTHETIC_FILE

FRAME_MS = 100
GAP_MS = 400
NOTICE = (
    "The pairing of faces and lines in this episode is synthetic: every face got a line of the same emotion by\n"
    "chance. Faces and lines are as given, but nobody in the picture says them. Say so with every number that\n"
    "comes from it.\n"
)
_GREY = 40
_FILL = 0.9
_SOUND_HZ = 16_000


@dataclass(frozen=True, slots=True)
class SimulateSettings:
    """Size of the picture (even px), how long a cue lasts, the seed of the pairing, and whether silence is added."""

    width_px: int = 640
    height_px: int = 360
    cue_ms: int = 2000
    seed: int = 0
    audio: bool = False

    def __post_init__(self) -> None:
        if not (64 <= self.width_px <= 4096 and 64 <= self.height_px <= 4096):
            raise InputError("the picture must be 64 to 4096 px wide and high", hint="640x360 is a good size")
        if self.width_px % 2 or self.height_px % 2:
            raise InputError("width and height must be even numbers", hint="640x360 is a good size")
        if not 200 <= self.cue_ms <= 60_000:
            raise InputError("a cue must last 0.2 to 60 seconds", hint="2 is a good length")


@dataclass(frozen=True, slots=True)
class Pair:
    """One cue: a face picture and a line of the same Ekman-7 emotion."""

    still: Path
    line: str
    emotion: str


@dataclass(frozen=True, slots=True)
class Simulation:
    """What was written, cues by emotion, and the faces that could not be used."""

    cues: int
    video: Path
    srt: Path
    gold: Path
    by_emotion: dict[str, int]
    without_line: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)


def read_lines(path: Path) -> dict[str, list[str]]:
    """Lines by Ekman-7 emotion from a CSV with the columns text and emotion (or MELD's Utterance and Emotion)."""
    lines: dict[str, list[str]] = {}
    for text, emotion in read_labelled_lines(path):
        lines.setdefault(emotion, []).append(text)
    return lines


def pair_up(faces: Sequence[LabelledImage], lines: Mapping[str, Sequence[str]], seed: int) -> list[Pair]:
    """Give every face a line of its emotion, in a random order; a line comes again only after all others.

    Faces whose emotion has no line are left out. Depends on the arguments alone.
    """
    chance = random.Random(seed)
    decks: dict[str, list[str]] = {}
    order = [face for face in faces if lines.get(face.label)]
    chance.shuffle(order)
    pairs = []
    for face in order:
        if not decks.get(face.label):
            decks[face.label] = list(lines[face.label])
            chance.shuffle(decks[face.label])
        pairs.append(Pair(face.path, decks[face.label].pop(), face.label))
    return pairs


def simulate(faces: Path, lines: Path, out: Path, settings: SimulateSettings | None = None) -> Stage[Simulation]:
    """Write OUT/episode.mp4, episode.srt, gold.csv and a notice that the pairing is synthetic.

    `faces` is a folder of classes. Pictures that cannot be read and faces without a line are counted in the result.
    OUT must not exist yet or be empty; nothing is left when the work is stopped.
    """
    settings, out = settings or SimulateSettings(), out.resolve()
    images, texts = read_class_folders(faces), read_lines(lines)
    pairs = pair_up(images, texts, settings.seed)
    if not pairs:
        classes = ", ".join(sorted({image.label for image in images}))
        raise InputError(
            f"{lines} has no line for any class of {faces} ({classes})", hint="add lines of these emotions"
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} exists and is not empty", hint="choose a new folder")
    unreadable: list[str] = []
    with publish_folder(out) as temporary:
        used = yield from _film(temporary / "episode.mp4", pairs, settings, unreadable)
        if not used:
            raise InputError(f"no picture in {faces} can be read", hint="are they damaged?")
        _write_texts(temporary, used, settings)
        if out.is_dir():
            out.rmdir()
    counted, missing = Counter(pair.emotion for pair in used), Counter(image.label for image in images)
    return Simulation(
        cues=len(used),
        video=out / "episode.mp4",
        srt=out / "episode.srt",
        gold=out / "gold.csv",
        by_emotion={label: counted[label] for label in EKMAN7.labels if counted[label]},
        without_line={label: n for label, n in sorted(missing.items()) if label not in texts},
        unreadable=sorted(unreadable),
    )


def _film(path: Path, pairs: Sequence[Pair], settings: SimulateSettings, unreadable: list[str]) -> Stage[list[Pair]]:
    """Film every readable still for its cue, with an empty picture between; returns the pairs that are in it."""
    used: list[Pair] = []
    empty = np.full((settings.height_px, settings.width_px, 3), _GREY, np.uint8)
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(1000, FRAME_MS), options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = settings.width_px, settings.height_px, "yuv420p"
        stream.codec_context.options = {"crf": "18", "preset": "veryfast", "tune": "stillimage"}
        sound = container.add_stream("aac", rate=_SOUND_HZ, layout="mono") if settings.audio else None
        _repeat(container, stream, empty, GAP_MS)
        for done, pair in enumerate(pairs, 1):
            still = _on_canvas(pair.still, settings)
            if still is None:
                unreadable.append(str(pair.still))
            else:
                used.append(pair)
                _repeat(container, stream, still, _cue_ms(settings))
                _repeat(container, stream, empty, GAP_MS)
            yield Progress("simulate", done, len(pairs))
        container.mux(stream.encode(None))
        if sound is not None:
            _silence(container, sound, GAP_MS + len(used) * (_cue_ms(settings) + GAP_MS))
    return used


def _cue_ms(settings: SimulateSettings) -> int:
    return max(FRAME_MS, round(settings.cue_ms / FRAME_MS) * FRAME_MS)


def _spans_ms(count: int, settings: SimulateSettings) -> Iterator[tuple[int, int]]:
    for i in range(count):
        start_ms = GAP_MS + i * (_cue_ms(settings) + GAP_MS)
        yield start_ms, start_ms + _cue_ms(settings)


def _on_canvas(path: Path, settings: SimulateSettings) -> np.ndarray | None:
    """(H, W, 3) uint8: the still as large as fits, on grey; None when the file cannot be read."""
    try:
        with Image.open(path) as opened:
            still = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None  # Pillow answers damaged files with all of these
    scale = _FILL * min(settings.width_px / still.width, settings.height_px / still.height)
    size = max(1, round(still.width * scale)), max(1, round(still.height * scale))
    canvas = Image.new("RGB", (settings.width_px, settings.height_px), (_GREY,) * 3)
    canvas.paste(
        still.resize(size, Image.Resampling.LANCZOS),
        ((canvas.width - size[0]) // 2, (canvas.height - size[1]) // 2),
    )
    return np.asarray(canvas)


def _repeat(container: Any, stream: Any, picture: np.ndarray, duration_ms: int) -> None:
    for _ in range(duration_ms // FRAME_MS):
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))


def _silence(container: Any, stream: Any, duration_ms: int) -> None:
    for _ in range(duration_ms // FRAME_MS):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, _SOUND_HZ * FRAME_MS // 1000), np.float32), "fltp", "mono")
        frame.sample_rate = _SOUND_HZ
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def _write_texts(folder: Path, pairs: Sequence[Pair], settings: SimulateSettings) -> None:
    rows, blocks = [], []
    for i, (pair, (start_ms, end_ms)) in enumerate(zip(pairs, _spans_ms(len(pairs), settings), strict=True), 1):
        rows.append((i, start_ms, end_ms, pair.emotion, f"{pair.still.parent.name}/{pair.still.name}", pair.line))
        blocks.append(f"{i}\n{_srt_time(start_ms)} --> {_srt_time(end_ms)}\n{pair.line}\n")
    (folder / "episode.srt").write_text("\n".join(blocks), encoding="utf-8")
    with (folder / "gold.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("cue", "start_ms", "end_ms", "emotion", "still", "line"))
        writer.writerows(rows)
    (folder / SYNTHETIC_FILE).write_text(NOTICE, encoding="utf-8")


def _srt_time(ms: int) -> str:
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"
