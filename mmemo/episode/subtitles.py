"""Subtitles of an episode, whatever they are kept in: .srt, .vtt, .ass, .ssa, or a text stream inside a video."""

from __future__ import annotations

from pathlib import Path

from mmemo.episode.encoding import decode_text
from mmemo.episode.subrip import parse_subtitles, parse_webvtt
from mmemo.episode.subtitle_cues import LineNote, SubtitleCue, SubtitleFile
from mmemo.episode.subtitle_formats import parse_substation, text_format
from mmemo.episode.subtitle_streams import read_stream
from mmemo.errors import InputError

__all__ = ["MAX_BYTES", "LineNote", "SubtitleCue", "SubtitleFile", "is_media", "parse_subtitles", "read_subtitles"]

MAX_BYTES = 20 << 20
# Three hours hold some 4000 lines, with every moving letter of a karaoke some ten times that.
MAX_CUES = 100_000
_MAX_LINES = 1_000_000
_MEDIA_ENDINGS = frozenset(".mkv .mks .mka .webm .mp4 .m4v .mov .avi .ts .m2ts .mpg .mpeg .flv .wmv .ogm .ogv".split())
_FOREIGN = (
    (b"PG\x00", "a PGS file: pictures of text", "give an .srt of the episode, or turn the pictures into text first"),
    (b"\x00\x00\x01\xba", "a VobSub file: pictures of text", "give an .srt, or turn the pictures into text first"),
    (b"PK\x03\x04", "a zip archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it first"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"%PDF", "a PDF", "give the .srt file of the episode"),
)


def read_subtitles(path: Path, *, language: str | None = None) -> SubtitleFile:
    """Read subtitles of any common format and encoding; InputError when there are none to be read.

    `language` chooses among the text streams when `path` is a video. At most MAX_BYTES of a text file, and MAX_CUES
    cues, are taken.
    """
    if is_media(path):
        parsed = read_stream(path, language)
    else:
        parsed = _parse(path, *decode_text(_content(path)))
    if not parsed.cues:
        raise InputError(
            f"{path} holds no subtitle cue",
            hint='an .srt has lines such as "00:00:01,000 --> 00:00:03,500" above each text',
        )
    if len(parsed.cues) > MAX_CUES:
        raise InputError(
            f"{path} has {len(parsed.cues)} cues, too many for an episode", hint="is it really its subtitle?"
        )
    return parsed


def is_media(path: Path) -> bool:
    """Whether a file is a container of streams, by its first bytes, or by its ending when these say nothing."""
    try:
        with path.open("rb") as stream:
            head = stream.read(12)
    except OSError:
        return False  # told where it is read
    is_container = head.startswith((b"\x1a\x45\xdf\xa3", b"OggS", b"\x47\x40")) or head[4:8] in (b"ftyp", b"moov")
    is_container = is_container or (head.startswith(b"RIFF") and head[8:12] == b"AVI ")
    return is_container or (bool(head) and path.suffix.lower() in _MEDIA_ENDINGS)


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size if path.is_file() else -1
        if size > MAX_BYTES:
            raise InputError(f"{path} has {size >> 20} MB, too much for a subtitle", hint="is it really the .srt?")
        data = path.read_bytes() if size >= 0 else b""
    except OSError as error:
        raise InputError(f"the subtitle {path} cannot be read", hint=str(error.strerror)) from error
    if size < 0:
        raise InputError(f"there is no subtitle file {path}", hint="check the path")
    if size == 0:
        raise InputError(f"the subtitle {path} is empty (0 bytes)", hint="download or export it again")
    for mark, what, hint in _FOREIGN:
        if data.startswith(mark):
            raise InputError(f"{path} is {what}, not a text subtitle", hint=hint)
    return data


def _parse(path: Path, text: str, encoding: str) -> SubtitleFile:
    if text.count("\n") + text.count("\r") > 2 * _MAX_LINES:
        raise InputError(f"{path} has millions of lines, too many for a subtitle", hint="is it really the .srt?")
    name = text_format(text, path)
    if name not in ("srt", "vtt", "ass", "ssa"):
        raise InputError(f"{path} is a {name} file, not SubRip, WebVTT or ASS", hint="convert it to .srt first")
    if name == "vtt":
        parsed = parse_webvtt(text, encoding)
    else:
        parsed = parse_subtitles(text, encoding) if name == "srt" else parse_substation(text, encoding, name)
    if not parsed.cues and "\0" in text:
        raise InputError(f"{path} is no text file", hint="give the .srt file of the episode")
    return parsed
