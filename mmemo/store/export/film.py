"""The episode as a film in which every face has a box, its speaker's opinion as bars, and the line its colour."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmemo.errors import InputError
from mmemo.labels import EKMAN7
from mmemo.progress import Progress, Stage
from mmemo.store.export.content import Content
from mmemo.store.export.line_moods import LineMood, line_moods, shown_opinion
from mmemo.store.export.moods import MOOD_COLOURS, rgb
from mmemo.store.export.safe import plain

FILM_FILE = "annotated.mp4"
MAX_HEIGHT_PX = 720
# A box is shown so long before and after the pictures in which the face was found.
_STAYS_MS = 200
_AT_ONCE = 12
_INK, _WHITE = (15, 23, 42), (255, 255, 255)
_EVEN = ["-pix_fmt", "yuv420p", "-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2", "-movflags", "+faststart"]


@dataclass(frozen=True, slots=True, eq=False)
class _Track:
    """A face over time: times (N,) in ms, boxes (N, 4); whose opinion is drawn and its probabilities, if any."""

    cue_id: int
    times_ms: np.ndarray
    boxes: np.ndarray
    opinion: tuple[str, np.ndarray] | None

    def box_at(self, time_ms: float) -> np.ndarray | None:
        """Where the face is, between the pictures in which it was found; None at any other time."""
        if not self.times_ms[0] - _STAYS_MS <= time_ms <= self.times_ms[-1] + _STAYS_MS:
            return None
        return np.array([np.interp(time_ms, self.times_ms, self.boxes[:, side]) for side in range(4)])


def write_film(content: Content, folder: Path) -> Stage[None]:
    """annotated.mp4 with the sound of the episode, at most 720 pixels high. InputError for a video that moviepy cannot read."""
    from moviepy import VideoFileClip
    from moviepy.video.io.ffmpeg_writer import FFMPEG_VideoWriter

    if content.video is None:
        raise InputError("the video is not where it was", hint="put it back, or cut it again")
    lines, tracks = line_moods(content), _tracks(content)
    sound = folder / ".sound.m4a"
    yield Progress("draw film", 0, 1, "reading the video")
    try:
        clip = VideoFileClip(str(content.video))
    except (OSError, KeyError, IndexError) as error:
        raise InputError(f"{content.video.name} cannot be read as a video", hint="was it damaged?") from error
    with clip:
        scale = min(1.0, MAX_HEIGHT_PX / clip.h)
        size = (round(clip.w * content.pixel_aspect * scale), round(clip.h * scale))
        if clip.audio is not None:
            clip.audio.write_audiofile(str(sound), codec="aac", logger=None)
        audio = {"audiofile": str(sound), "audio_codec": "copy"} if sound.is_file() else {}
        total = max(1, round(clip.duration * clip.fps))
        target = str(folder / FILM_FILE)
        with closing(
            FFMPEG_VideoWriter(target, size, clip.fps, preset="veryfast", ffmpeg_params=_EVEN, threads=1, **audio)
        ) as writer:
            for done, (time_s, frame) in enumerate(clip.iter_frames(with_times=True, dtype="uint8"), start=1):
                writer.write_frame(drawn(frame, 1000 * time_s, size, lines, tracks))
                if done % _AT_ONCE == 0:
                    yield Progress("draw film", min(done, total), total)
    sound.unlink(missing_ok=True)
    yield Progress("draw film", total, total)


def _tracks(content: Content) -> list[_Track]:
    faces = content.faces[content.faces["use"].isin(["training", "listener"])].sort_values("frame_ms")
    return [
        _Track(
            int(track["cue_id"].iloc[0]),
            track["frame_ms"].to_numpy(np.float64),
            track[["x1", "y1", "x2", "y2"]].to_numpy(np.float64),
            shown_opinion(track.iloc[0]),
        )
        for _, track in faces.groupby("track_id")
    ]


def drawn(
    frame: np.ndarray, time_ms: float, size: tuple[int, int], lines: Sequence[LineMood], tracks: Sequence[_Track]
) -> np.ndarray:
    """(H, W, 3) uint8 of one moment at the given size, with boxes, bars and the line that is spoken.

    The frame is as it is stored; size and boxes are those of square pixels, in which only the width may differ.
    """
    scale = size[1] / frame.shape[0]
    stored = frame.shape[1::-1]
    picture = Image.fromarray(frame).resize(size) if stored != size else Image.fromarray(frame).copy()
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=max(10, size[1] // 26))
    spoken = next((line for line in lines if line.start_ms <= time_ms < line.end_ms), None)
    bars_drawn = False
    for track in tracks:
        box = track.box_at(time_ms)
        if box is None:
            continue
        opinion = track.opinion
        label = EKMAN7.labels[int(opinion[1].argmax())] if opinion is not None else None
        draw.rectangle([*(box * scale)], outline=rgb(MOOD_COLOURS[label]) if label else _WHITE, width=2)
        if opinion is not None and not bars_drawn:
            _bars(draw, size, opinion, font)
            bars_drawn = True
    if spoken is not None:
        _line(draw, size, spoken, font)
    return np.asarray(picture)


def _bars(draw: ImageDraw.ImageDraw, size: tuple[int, int], opinion: tuple[str, np.ndarray], font: object) -> None:
    """Seven bars in the upper left corner, under the name of whose opinion it is."""
    tall = max(12, size[1] // 24)
    words, long = 5 * tall, 5 * tall
    draw.rectangle([0, 0, words + long + 12, 8 * tall + 8], fill=_INK)
    draw.text((6, 3), opinion[0], fill=_WHITE, font=font)  # type: ignore[arg-type]
    for row, (label, prob) in enumerate(zip(EKMAN7.labels, opinion[1], strict=True), start=1):
        top = 4 + row * tall
        draw.text((6, top - 1), label, fill=_WHITE, font=font)  # type: ignore[arg-type]
        draw.rectangle(
            [words, top + 2, words + max(1.0, long * float(prob)), top + tall - 3], fill=rgb(MOOD_COLOURS[label])
        )


def _line(draw: ImageDraw.ImageDraw, size: tuple[int, int], line: LineMood, font: object) -> None:
    """The words at the lower edge, in the colour of their emotion, whose name stands in front."""
    said = " ".join(plain(line.text).split())
    words = textwrap.fill(f"[{line.label}] {said}" if line.label else said, max(20, size[0] // max(6, size[1] // 48)))
    colour = rgb(MOOD_COLOURS[line.label]) if line.label else _WHITE
    draw.multiline_text(
        (size[0] / 2, size[1] - 8), words, fill=colour, font=font, anchor="md", align="center",  # type: ignore[arg-type]
        stroke_width=2, stroke_fill=(0, 0, 0),
    )  # fmt: skip
