"""When somebody speaks in an episode: its sound, read in one pass, and a probability of speech every 32 ms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.container
import numpy as np

from mmemo.episode.sound_frames import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ
from mmemo.episode.video import open_video
from mmemo.progress import Progress, Stage

if TYPE_CHECKING:
    from mmemo.episode.silero import SileroVad

SILERO, LOUDNESS = "silero", "loudness"
_BLOCK_SAMPLES = 512 * FRAME_SAMPLES
# Sound is put where its time stamps say; smaller differences are rounding.
_TOLERANCE_SAMPLES = SAMPLE_RATE_HZ // 20
# A file may claim any time stamp; no episode is longer.
_MAX_HOURS = 12
# Below this share of speech the detector heard none: drawn or foreign voices, or no voices at all.
HARDLY_ANY = 0.02
_SILENT_DB = -60.0
_MIN_CONTRAST_DB = 10.0
_FLOOR_DB = -100.0
SPEAKS_ABOVE = 0.5


def _no_levels() -> np.ndarray:
    return np.empty(0, np.float32)


@dataclass(frozen=True, slots=True)
class SpeechActivity:
    """(N,) float32 speech from 0 to 1 for frames of FRAME_MS from the start of the file, and what heard it.

    `method` is "silero", or "loudness" where silero heard hardly any speech but there is sound that comes and goes.
    `level_db` is the loudness of the same frames, (N,) float32 from -100 to 0 dB of full scale, or (0,) if unknown.
    """

    speech: np.ndarray
    method: str = SILERO
    level_db: np.ndarray = field(default_factory=_no_levels)

    def __post_init__(self) -> None:
        assert self.speech.ndim == 1 and self.speech.dtype == np.float32, "(N,) float32"
        assert self.level_db.dtype == np.float32 and self.level_db.shape in (self.speech.shape, (0,)), "(N,) float32"
        assert self.method in (SILERO, LOUDNESS), "an unknown method"


def speech_activity(path: Path, duration_ms: int, detector: SileroVad | None = None) -> Stage[SpeechActivity | None]:
    """Listen to the first sound of a file, up to `duration_ms`; None when it has no sound that can be read.

    Only a few seconds of sound are held at a time, and two numbers for each frame.
    """
    from mmemo.episode.silero import SileroVad  # here, so that a command's help does not wait for torch

    probs: list[np.ndarray] = []
    levels: list[np.ndarray] = []
    total_s = duration_ms // 1000
    frames = 0
    for sound in _frame_blocks(read_sound(path, duration_ms)):
        detector = detector or SileroVad()
        probs.append(detector.probabilities(sound))
        levels.append(np.sqrt(np.square(sound.reshape(-1, FRAME_SAMPLES)).mean(axis=1)))
        frames += len(probs[-1])
        yield Progress("sync", min(round(frames * FRAME_MS) // 1000, total_s), total_s, "listening for speech")
    return activity_of(np.concatenate(probs), np.concatenate(levels)) if probs else None


def activity_of(probs: np.ndarray, levels: np.ndarray) -> SpeechActivity:
    """Choose between (N,) speech probabilities and (N,) root mean square levels, full scale 1, of the same frames."""
    decibels = np.clip(20 * np.log10(np.maximum(levels, 1e-9)), _FLOOR_DB, 0.0).astype(np.float32)
    hardly_any = np.count_nonzero(probs > SPEAKS_ABOVE) < HARDLY_ANY * len(probs)
    if hardly_any and (loud := _loud(decibels)) is not None:
        return SpeechActivity(loud, LOUDNESS, decibels)
    return SpeechActivity(probs.astype(np.float32), SILERO, decibels)


def speech_runs(activity: SpeechActivity, *, max_gap_ms: int = 300, min_run_ms: int = 100) -> list[tuple[int, int]]:
    """(start_ms, end_ms) of every stretch of speech, in order; shorter gaps are closed, then shorter runs left out."""
    speaks = np.concatenate([[False], activity.speech > SPEAKS_ABOVE, [False]])
    edges = np.flatnonzero(speaks[1:] != speaks[:-1]) * FRAME_MS
    runs: list[tuple[int, int]] = []
    for start, end in np.round(edges).astype(int).reshape(-1, 2).tolist():
        if runs and start - runs[-1][1] < max_gap_ms:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((start, end))
    return [(start, end) for start, end in runs if end - start >= min_run_ms]


def _loud(levels_db: np.ndarray) -> np.ndarray | None:
    """1 for loud frames and 0 for quiet ones, split at the level that separates the two best (Otsu 1979)."""
    decibels = np.maximum(levels_db, _SILENT_DB)
    counts, edges = np.histogram(decibels, 60, (_SILENT_DB, 0.0))
    middles = (edges[1:] + edges[:-1]) / 2
    below = np.cumsum(counts)[:-1]
    above = len(decibels) - below
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        contrast = (sums[-1] - sums[:-1]) / above - sums[:-1] / below
    spread = np.where((below > 0) & (above > 0), below * above * np.square(contrast), -1)
    best = int(spread.argmax())
    if spread[best] <= 0 or contrast[best] < _MIN_CONTRAST_DB:
        return None
    loud: np.ndarray = (decibels >= edges[best + 1]).astype(np.float32)
    return loud


def read_sound(path: Path, duration_ms: int) -> Iterator[np.ndarray]:
    """Pieces of (n,) float32 mono sound at 16 kHz, in order, from the start of the file as a player counts it.

    Gaps in the time stamps are silence. Parts that cannot be decoded are left out; nothing comes from a file without
    sound. InputError when the file cannot be opened.
    """
    limit = min(duration_ms * SAMPLE_RATE_HZ // 1000, _MAX_HOURS * 3600 * SAMPLE_RATE_HZ)
    with open_video(path) as container:
        stream = next((s for s in container.streams.audio if s.codec_context is not None), None)
        if stream is None:
            return
        origin_s = Fraction(container.start_time or 0, av.time_base)
        done = 0
        for frame in _audio_frames(container, stream):
            due = done
            if frame.pts is not None and frame.time_base is not None:
                due = round((frame.pts * frame.time_base - origin_s) * SAMPLE_RATE_HZ)
            sound = _mono(frame)
            if abs(due - done) <= _TOLERANCE_SAMPLES:
                due = done
            sound = sound[max(done - due, 0) :]
            while done < min(due, limit):
                silence = np.zeros(min(due - done, limit - done, _BLOCK_SAMPLES), np.float32)
                done += len(silence)
                yield silence
            sound = sound[: limit - done]
            done += len(sound)
            yield sound
            if done >= limit:
                return


def _audio_frames(container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[av.AudioFrame]:
    """Frames at 16 kHz; a damaged packet is passed over, a file that was cut off simply ends."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):
            return
        try:
            frames = stream.codec_context.decode(packet)
        except av.FFmpegError:
            continue
        for frame in frames:
            try:
                yield from resampler.resample(frame)
            except (av.FFmpegError, ValueError):  # the format changes in the middle of the file
                resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
                yield from resampler.resample(frame)


def _mono(frame: av.AudioFrame) -> np.ndarray:
    sound: np.ndarray = np.nan_to_num(frame.to_ndarray()[0].astype(np.float32, copy=False), posinf=0.0, neginf=0.0)
    clipped: np.ndarray = np.clip(sound, -1.0, 1.0)
    return clipped


def _frame_blocks(pieces: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The same sound in blocks of whole frames; what is left at the end is filled up with silence."""
    waiting: list[np.ndarray] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= _BLOCK_SAMPLES:
            joined = np.concatenate(waiting)
            whole = size - size % FRAME_SAMPLES
            waiting, size = [joined[whole:]], size - whole
            yield joined[:whole]
    if size:
        yield np.concatenate([*waiting, np.zeros(-size % FRAME_SAMPLES, np.float32)])
