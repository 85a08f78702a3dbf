"""Small videos with subtitle streams inside, that the tests make with the ffmpeg of imageio-ffmpeg."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from tests.media import write_counter_video, write_srt


@dataclass(frozen=True)
class Stream:
    text: str
    language: str = ""
    flags: str = "0"
    title: str = ""


def ffmpeg(*arguments: object) -> None:
    program = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", *map(str, arguments)]
    subprocess.run(program, check=True)


def with_subtitles(path: Path, streams: Sequence[Stream], codec: str = "srt", start_s: float = 0.0) -> Path:
    """A small video with one subtitle stream of two cues for each description."""
    video = write_counter_video(path.with_name("picture.mp4"), 100)
    inputs: list[object] = ["-i", video]
    options: list[object] = ["-map", "0:v"]
    for i, stream in enumerate(streams):
        cues = [(1000, 2000, stream.text), (2500, 3000, "Bye.\nNow.")]
        inputs += ["-i", write_srt(path.with_name(f"{i}.srt"), cues)]
        options += ["-map", f"{i + 1}:0", f"-disposition:s:{i}", stream.flags]
        options += [f"-metadata:s:s:{i}", f"language={stream.language}"] if stream.language else []
        options += [f"-metadata:s:s:{i}", f"title={stream.title}"] if stream.title else []
    ffmpeg(*inputs, *options, "-c:v", "copy", "-c:s", codec, "-output_ts_offset", start_s, path)
    return path


def with_pictures(path: Path) -> Path:
    """A video whose only subtitle stream is PGS: one empty picture."""

    def segment(kind: int, data: bytes) -> bytes:
        return b"PG" + (90_000).to_bytes(4, "big") + bytes(4) + bytes([kind]) + len(data).to_bytes(2, "big") + data

    pictures = path.with_suffix(".sup")
    screen = (192).to_bytes(2, "big") + (64).to_bytes(2, "big") + b"\x10\x00\x00\x80\x00\x00\x00"
    pictures.write_bytes(segment(0x16, screen) + segment(0x80, b""))
    video = write_counter_video(path.with_name("picture.mp4"), 50)
    ffmpeg("-i", video, "-i", pictures, "-map", "0", "-map", "1", "-c", "copy", path)
    return path
