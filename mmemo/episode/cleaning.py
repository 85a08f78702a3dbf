"""What is said in a cue: markup, music, sounds and names taken off, and the kind of the cue told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class TextKind(str, Enum):
    """What a cue holds: a line spoken in the picture, or something that no face in it says."""

    SPEECH = "speech"
    SOUND = "sound"
    MUSIC = "music"
    OFF_SCREEN = "off_screen"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class CleanText:
    """The spoken words on one line, the name in front of them, the kind, and how many voices share the cue."""

    text: str
    kind: TextKind
    speaker: str | None = None
    voices: int = 1

    def __post_init__(self) -> None:
        assert bool(self.text) or self.kind is not TextKind.SPEECH, "speech has words"
        assert self.voices >= 1, "a cue has at least one voice"


_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_OVERRIDE = re.compile(r"\{\\[^{}]{0,200}\}|\{[a-zA-Z]:[^{}]{0,80}\}")
_HARD_SPACE = re.compile(r"\\h|[\u00a0\u202f]")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
_NOTES = "♪♫♬♩"
_SUNG = re.compile(rf"[{_NOTES}][^{_NOTES}]*(?:[{_NOTES}]|$)|^\s*#[^#]+#\s*$", re.MULTILINE)
_BRACKETS = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|（[^（）]*）|【[^【】]*】")
# A bracket that opens in one cue and closes in the next; a round one may also be an emoticon, so it only opens.
_CUT_BRACKET = re.compile(r"\A[^\[\]]*\]|[\[(][^\])]*\Z")
_OFF_WORDS = (
    r"v\.?\s?/?o\.?|o\.?\s?/?s\.?|o\.?c\.?|off|off[\s-]?screen|off[\s-]?camera|voice[\s-]?over|narrat(?:or|ing|ion|es)"
    r"|(?:on|over|through)\s+(?:the\s+|a\s+)?"
    r"(?:phone|radio|tv|television|intercom|p\.?a\.?|speakers?|tape|recording|headset|walkie[\s-]?talkie)"
)
_OFF_MARK = re.compile(rf"[\[(]\s*(?:[^\[\]()]*,\s*)?(?:{_OFF_WORDS})\s*[\])]", re.IGNORECASE)
_MUSIC_MARK = re.compile(r"\b(?:music|song|singing|sings|humming|theme)\b", re.IGNORECASE)
# A name in front of a line: capitals with at most small particles, such as "DR. McCOY" or "MAN 2".
_NAME = re.compile(
    r"^[ \t]*(?P<name>(?:(?:Mr|Mrs|Ms|Dr|Mc|Mac|De|O')\.?[ ]?)?[^\W\d_a-zß-öø-ÿ][^\W_a-zß-öø-ÿ]*"
    r"(?:[ .'’&-]{1,2}(?:Mc|Mac|De|O')?[^\W_a-zß-öø-ÿ]+){0,3}\.?)[ \t]*:(?=\s|$)[ \t]*"
)  # fmt: skip
_NARRATOR = re.compile(r"^(?:NARRATOR|NARRATION|VOICE|ANNOUNCER|V\.?O\.?)\b")
_DASH = re.compile(r"^[ \t]*(?:[-‐‑–—]{1,2}|>>)[ \t]*(?=\S)")


def clean_text(raw: str) -> CleanText:
    """Tell speech from sound, music, off-screen voices and nothing, and keep only what is spoken.

    Markers such as (V.O.), (O.S.), [on phone] or "NAME (off):" make the cue off-screen; `NAME:` in front becomes the
    speaker. Two lines with dashes, or with different names, are two voices.
    """
    text = _INVISIBLE.sub("", _HARD_SPACE.sub(" ", _OVERRIDE.sub("", _TAG.sub("", raw)))).replace("\\N", "\n")
    if not text.strip():
        return CleanText("", TextKind.EMPTY)
    without_song = _SUNG.sub(" ", text)
    has_music = without_song != text
    is_off = _OFF_MARK.search(without_song) is not None
    spoken = _CUT_BRACKET.sub(" ", _BRACKETS.sub(" ", without_song))
    has_sound = spoken != without_song
    lines, names, dashes = _voices(spoken)
    words = re.sub(r"\s+", " ", " ".join(lines)).strip()
    if not any(character.isalnum() for character in words):
        return CleanText("", _silent_kind(text, has_music, has_sound))
    is_off = is_off or any(_NARRATOR.match(name) for name in names)
    speaker = names[0] if len(set(names)) == 1 else None
    kind = TextKind.OFF_SCREEN if is_off else TextKind.SPEECH
    return CleanText(words, kind, speaker, max(1, len(set(names)), dashes))


def _voices(text: str) -> tuple[list[str], list[str], int]:
    """The lines without names and dashes, the names in order, and how many lines begin with a dash."""
    lines, names, dashes = [], [], 0
    for line in text.split("\n"):
        bare = _DASH.sub("", line)
        dashes += bare != line and any(character.isalnum() for character in bare)
        match = _NAME.match(bare)
        if match and sum(character.isalpha() for character in match["name"]) >= 2:
            names.append(re.sub(r"\s+", " ", match["name"]).strip())
            bare = bare[match.end() :]
        lines.append(bare.strip())
    return lines, names, dashes


def _silent_kind(text: str, has_music: bool, has_sound: bool) -> TextKind:
    if has_music or (has_sound and _MUSIC_MARK.search(text)):
        return TextKind.MUSIC
    return TextKind.SOUND if has_sound else TextKind.EMPTY
