"""Text subtitle streams inside a video: which there are, which is taken, and its cues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Discard, Disposition

from mmemo.episode.subtitle_cues import LineNote, RawCue, SubtitleFile, finish_cues
from mmemo.episode.subtitle_formats import substation_text
from mmemo.episode.video import open_video
from mmemo.errors import InputError

_BITMAP_NAMES = {
    "dvd_subtitle": "VobSub",
    "hdmv_pgs_subtitle": "PGS",
    "dvb_subtitle": "DVB",
    "xsub": "XSUB",
    "dvb_teletext": "teletext",
}
# ISO 639-1, and the two spellings of ISO 639-2 where it has two, of languages that episodes come in.
_LANGUAGES = (
    "en eng", "de deu ger", "fr fra fre", "es spa", "it ita", "pt por", "nl nld dut", "sv swe", "no nor nob", "da dan",
    "fi fin", "is isl ice", "pl pol", "cs ces cze", "sk slk slo", "hu hun", "ro ron rum", "bg bul", "el ell gre",
    "ru rus", "uk ukr", "sr srp", "hr hrv", "sl slv", "tr tur", "ar ara", "he heb", "fa fas per", "hi hin", "ur urd",
    "bn ben", "ta tam", "te tel", "th tha", "vi vie", "id ind", "ms msa may", "ja jpn", "ko kor", "zh zho chi",
    "et est", "lv lav", "lt lit", "ca cat", "eu eus baq", "gl glg", "sq sqi alb", "mk mkd mac", "ka kat geo",
)  # fmt: skip
_SAME = {word: frozenset(row.split()) for row in _LANGUAGES for word in row.split()}
# No episode says more, in letters; a stream that does is damaged or hostile.
_MAX_STREAM_BYTES = 20 << 20
_LANGUAGE_LETTERS = 35  # RFC 5646, section 4.4.1


@dataclass(frozen=True, slots=True)
class SubtitleStreamInfo:
    """One subtitle stream of a video; `bitmap` names its kind of pictures, None for text."""

    index: int
    codec: str
    language: str | None
    title: str
    is_default: bool
    is_forced: bool
    bitmap: str | None

    @property
    def words(self) -> str:
        """One short phrase for lists and messages."""
        parts = [f"stream {self.index}:", self.bitmap or self.codec, self.language or "no language"]
        parts += [repr(self.title)] if self.title else []
        parts += ["default"] * self.is_default + ["forced"] * self.is_forced
        return " ".join(parts)


def subtitle_streams(path: Path) -> list[SubtitleStreamInfo]:
    """All subtitle streams of a video, in its order; InputError when it cannot be opened."""
    with open_video(path) as container:
        return [_info(stream) for stream in container.streams.subtitles]


def read_stream(path: Path, language: str | None = None) -> SubtitleFile:
    """The cues of a text subtitle stream inside a video.

    `language` is a code such as "en" or "eng"; without it the stream flagged default is taken, else the first one of
    text. Raises InputError when there is none, naming what there is. A note's line is the number of the packet.
    """
    with open_video(path) as container:
        infos = [_info(stream) for stream in container.streams.subtitles]
        chosen = choose_stream(infos, path, language)
        stream = container.streams[chosen.index]
        for other in container.streams:
            if other.index != chosen.index:
                other.discard = Discard.all
        repaired: list[LineNote] = []
        refused: list[LineNote] = []
        raw = _raw_cues(container, stream, path, refused)
    if not raw:
        raise InputError(f"{path} holds no cue in subtitle {chosen.words}", hint="give the .srt of the episode")
    return SubtitleFile(
        finish_cues(raw, repaired),
        "utf-8",
        tuple(repaired),
        tuple(refused),
        chosen.codec,
        chosen.index,
        tuple(info.words for info in infos),
    )


def choose_stream(infos: Sequence[SubtitleStreamInfo], path: Path, language: str | None) -> SubtitleStreamInfo:
    """The text stream to read: of the language, not forced if possible, flagged default, then the first."""
    listed = "; ".join(info.words for info in infos)
    if not infos:
        raise InputError(f"{path} holds no subtitle stream", hint="give the .srt of the episode")
    asked = [info for info in infos if language is None or _is_language(info.language, language)]
    if not asked:
        raise InputError(f"{path} holds no subtitle in the language {language!r}", hint=f"it holds {listed}")
    texts = [info for info in asked if info.bitmap is None]
    if not texts:
        names = " and ".join(dict.fromkeys(info.bitmap or "" for info in asked))
        raise InputError(
            f"the subtitles inside {path} are {names}: pictures of text, which are not read ({listed})",
            hint="give an .srt of the episode, or turn the pictures into text first, with Subtitle Edit for example",
        )
    return min(texts, key=lambda info: (info.is_forced, not info.is_default, info.index))


def short_language(tag: str) -> str:
    """The two letters of a language, "pt" for "por" and for "pt-BR"; a tag that is not known stays as it is."""
    primary = tag.lower().replace("_", "-").split("-")[0]
    return min(_SAME.get(primary, {primary}), key=len)


def _is_language(tag: str | None, asked: str) -> bool:
    """Whether the tag of a stream, such as "eng" or "pt-BR", is the asked language."""
    if not tag:
        return False
    ours, theirs = asked.lower().replace("_", "-"), tag.lower().replace("_", "-")
    if ours == theirs:
        return True
    ours, theirs = ours.split("-")[0], theirs.split("-")[0]
    return "-" not in asked and theirs in _SAME.get(ours, {ours})


def _info(stream: Any) -> SubtitleStreamInfo:
    context = stream.codec_context
    codec = "unknown" if context is None else str(context.codec.canonical_name)
    is_text = context is not None and context.codec.text_sub
    # What a file calls a language reaches the terminal and the report.
    language = "".join(sign for sign in stream.metadata.get("language", "") if sign.isprintable())[:_LANGUAGE_LETTERS]
    return SubtitleStreamInfo(
        index=stream.index,
        codec=codec,
        language=None if language in ("", "und") else language,
        title=" ".join(str(stream.metadata.get("title", "")).split())[:60],
        is_default=bool(stream.disposition & Disposition.default),
        is_forced=bool(stream.disposition & Disposition.forced),
        bitmap=None if is_text else _BITMAP_NAMES.get(codec, codec),
    )


def _raw_cues(container: av.container.InputContainer, stream: Any, path: Path, refused: list[LineNote]) -> list[RawCue]:
    origin_ms = Fraction(container.start_time or 0, 1000)
    raw: list[RawCue] = []
    total = 0
    number = 0
    try:
        for packet in container.demux(stream):
            if not packet.size or packet.pts is None:
                continue
            number += 1
            total += packet.size
            if total > _MAX_STREAM_BYTES:
                raise InputError(
                    f"the subtitle stream of {path} holds over {_MAX_STREAM_BYTES >> 20} MB",
                    hint="give an .srt instead",
                )
            start_ms = round(packet.pts * stream.time_base * 1000 - origin_ms)
            try:
                raw.extend(_packet_cues(packet, stream, number, start_ms))
            except (av.FFmpegError, ValueError) as error:
                what = f"the packet at {start_ms} ms cannot be read ({error})"
                refused.append(LineNote(number, what, bytes(packet).decode("utf-8", "replace")))
    except av.FFmpegError as error:
        refused.append(LineNote(number, f"the file breaks off after this packet ({error.strerror})"))
    return raw


def _packet_cues(packet: Any, stream: Any, number: int, start_ms: int) -> list[RawCue]:
    """The cues of one packet; FFmpeg decodes every text format to the fields of a SubStation line."""
    decoded = stream.codec_context.decode2(packet)
    if decoded is None:
        return []
    length_ms = round((packet.duration or 0) * stream.time_base * 1000)
    if not 0 < length_ms < 86_400_000:  # some muxers write none, or the largest number there is
        length_ms = max(0, decoded.end_display_time) if decoded.end_display_time < 86_400_000 else 0
    cues = []
    for rectangle in decoded:
        fields = rectangle.ass.decode("utf-8", "replace").split(",", 8)
        name, text = (fields[3], fields[8]) if len(fields) == 9 else ("", rectangle.text.decode("utf-8", "replace"))
        said = substation_text(text.replace("\0", ""), name)
        if said:
            cues.append(RawCue(number, max(0, start_ms), start_ms + length_ms, said))
    return cues
