"""Which subtitle belongs to a video, when it is not named: the file beside it, or a text stream inside it."""

from __future__ import annotations

import re
from pathlib import Path

from mmemo.episode.subtitle_streams import subtitle_streams
from mmemo.episode.subtitles import SubtitleFile
from mmemo.episode.video import VideoInfo
from mmemo.errors import InputError

_ENDINGS = (".srt", ".SRT", ".vtt", ".ass", ".ssa")


def find_subtitles(video: Path, language: str | None) -> Path:
    """The subtitle file of the video's name; with a language, one of that name or the video's own stream first."""
    plain = [video.with_suffix(suffix) for suffix in _ENDINGS]
    names = plain
    if language is not None:
        if not re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", language):
            raise InputError(f"{language!r} is no code of a language", hint="use one such as en, eng or pt-BR")
        names = [video.with_suffix(f".{language}{suffix}") for suffix in _ENDINGS]
    for path in names:
        if path.is_file():
            return path
    if subtitle_streams(video):
        return video
    for path in plain:
        if path.is_file():
            return path
    raise InputError(
        f"there is no subtitle file beside {video}, and no subtitle inside it",
        hint=f"give the .srt as the second argument, name it {names[0].name}, or have the speech written down (--transcribe)",
    )


def refuse_both(subtitles: Path | None, model: str) -> None:
    """Raise InputError when there is a subtitle and the speech is to be written down as well."""
    if subtitles is not None:
        raise InputError(
            f"there is a subtitle, {subtitles}, and a speech model, {model}, to write one", hint="give one of them"
        )


def refuse_shifted(file: SubtitleFile, srt: Path, info: VideoInfo) -> None:
    """Raise InputError when not even the first cue lies inside the video."""
    first_ms = file.cues[0].start_ms
    if first_ms >= info.duration_ms:
        raise InputError(
            f"{srt} starts at {first_ms / 1000:.0f} s, the video {info.path} ends at {info.duration_ms / 1000:.0f} s",
            hint="is it the subtitle of another episode, or shifted?",
        )
