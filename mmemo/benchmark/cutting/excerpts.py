"""Parts and repetitions of a video without coding it again, and the subtitle that goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av

from mmemo.episode.sentences import SpokenLine
from mmemo.episode.transcribe import srt_text
from mmemo.errors import InputError
from mmemo.store.files import publish_file


def copy_video(source: Path, target: Path, *, seconds: float | None = None, times: int = 1) -> Path:
    """Copy the packets of an .mp4: its first `seconds`, or all of it `times` in a row; nothing is coded again.

    Picture and first sound stream. Repeated, each copy starts where the longest stream of the one before ended.
    """
    with publish_file(target) as temporary, av.open(str(temporary), "w", format="mp4") as output:
        offset_s = 0.0
        outputs: dict[int, object] = {}
        written: dict[int, int] = {}
        for _ in range(times):
            offset_s = _append(source, output, outputs, written, offset_s, seconds)
    return target


def _append(
    source: Path,
    output: av.container.OutputContainer,
    outputs: dict[int, object],
    written: dict[int, int],
    offset_s: float,
    limit_s: float | None,
) -> float:
    """Add one copy of the source at `offset_s`; returns where it ends."""
    end_s = offset_s
    with av.open(str(source)) as container:
        streams = [*container.streams.video[:1], *container.streams.audio[:1]]
        if not streams:
            raise InputError(f"{source} has neither picture nor sound", hint="give the folder with episode.mp4")
        for stream in streams:
            if stream.index not in outputs:
                outputs[stream.index] = output.add_stream_from_template(stream)
        for packet in container.demux(streams):
            if packet.dts is None or packet.pts is None or packet.time_base is None:
                continue
            if limit_s is not None and float(packet.pts * packet.time_base) >= limit_s:
                continue
            end_s = max(end_s, offset_s + float((packet.pts + (packet.duration or 0)) * packet.time_base))
            shift = round(offset_s / packet.time_base)
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            if packet.dts <= written.get(packet.stream.index, packet.dts - 1):
                continue  # sound that a coder put before the start, where the copy before still sounds
            written[packet.stream.index] = packet.dts
            packet.stream = outputs[packet.stream.index]  # type: ignore[assignment]
            output.mux(packet)
    return end_s


def write_cues(path: Path, cues: Sequence[tuple[int, int, str]], *, every_ms: int = 0, times: int = 1) -> Path:
    """Write (start_ms, end_ms, text) as SubRip, repeated `times`, each copy `every_ms` later."""
    lines = [SpokenLine(text, a + i * every_ms, b + i * every_ms) for i in range(times) for a, b, text in cues]
    with publish_file(path) as temporary:
        temporary.write_text(srt_text(lines), encoding="utf-8")
    return path
