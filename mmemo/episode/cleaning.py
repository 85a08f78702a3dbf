"""What is said in a cue: markup, music, sounds and names taken off, and the kind of the cue told."""

from __future__ import annotations

import html
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
    """The spoken words on one line, the name in front of them, the kind, and how many voices share the cue.

    `rules` names what the cleaning did to the cue, each of RULES at most once.
    """

    text: str
    kind: TextKind
    speaker: str | None = None
    voices: int = 1
    rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert bool(self.text) or self.kind is not TextKind.SPEECH, "speech has words"
        assert self.voices >= 1, "a cue has at least one voice"


# What the cleaning can do to a cue, in the order in which it is done.
RULES = {
    "advert": "an advert of whoever made the subtitle",
    "voice_tag": "the speaker of a <v Name> tag, or an actor of ASS, is kept as the name",
    "tags": "tags such as <i> are taken off",
    "overrides": "overrides such as {\\an8} are taken off",
    "entities": "&amp; and its like are written out",
    "music": "what is sung is taken out",
    "sound": "[sounds] and (sounds) are taken out",
    "off_screen": "a mark such as (V.O.) tells a voice from off screen",
    "name": "NAME: in front is kept as the speaker's name",
    "two_voices": "dashes or names tell several voices",
    "second_voice": "a dash in front of a later line alone tells a second voice",
}
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<\d[\d:.]{0,20}>")
_VOICE_TAG = re.compile(r"<v(?:\.[^\s<>]{1,60})?[ \t]+(?P<name>[^<>]{1,80})>")
_TAG_CUT_OFF = re.compile(r"</[A-Za-z]{1,8}[ \t]*$|<[A-Za-z]{1,8}[ \t]+\w{1,12}=[^<>]{0,200}$", re.MULTILINE)
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|lrm|rlm|#[0-9]{1,6}|#x[0-9A-Fa-f]{1,5});")
# The last form has lost its brace or its backslash.
_OVERRIDE = re.compile(r"\{\\[^{}]{0,200}\}|\{[a-zA-Z]:[^{}]{0,80}\}|\{\\?an?\d{1,2}\}?")
# The sign of a song in UTF-8 that was taken for cp1252.
_SPOILT_NOTE = re.compile("â™[ª«]")
_HARD_SPACE = re.compile(r"\\h|[\u00a0\u202f]")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
# The last one is that of teletext.
_NOTES = "♪♫♬♩¶"
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
# A name in brackets, told from a sound by the colon behind it.
_NAME_IN_BRACKETS = re.compile(
    r"^([ \t]*(?:[-‐‑–—]{1,2}[ \t]*)?)[\[(]([^\W\d_][^\[\]():,]{0,30})[\])][ \t]*:", re.MULTILINE
)
# A name in front of a line: capitals with at most small particles, such as "DR. McCOY" or "MAN 2".
_NAME = re.compile(
    r"^[ \t]*(?P<name>(?:(?:Mr|Mrs|Ms|Dr|Mc|Mac|De|O')\.?[ ]?)?[^\W\d_a-zß-öø-ÿ][^\W_a-zß-öø-ÿ]*"
    r"(?:[ .'’&#-]{1,2}(?:Mc|Mac|De|O')?[^\W_a-zß-öø-ÿ]+){0,3}\.?)[ \t]*:(?=\s|$|[\"'“¿¡♪(\[]|(?<=[^\W\d_]{3}:)[A-Z])[ \t]*"
)  # fmt: skip
_NARRATOR = re.compile(r"^(?:NARRATOR|NARRATION|VOICE|ANNOUNCER|V\.?O\.?)\b")
_DASH = re.compile(r"^[ \t]*(?:[-‐‑–—―−－]{1,2}|>{2,3})[ \t]*(?=\S)")
# A long dash goes on with a thought; in front of a later line alone it tells no second voice.
_LONG_DASH = re.compile(r"^[ \t]*(?:[—―]|[-‐‑–]{2})")
_ONLY_SIGNS = re.compile(r"^[\s:‐‑–—―−－>-]*$")
# A second voice on the line of the first: "- Where were you? - Out."
_DASH_INSIDE = re.compile(
    r"(?<=[.!?…♪)\]\"”>])[ \t]+(?=(?:<[^<>]{1,40}>)?[-–][ \t]?(?:<[^<>]{1,40}>|[\"“¿¡\[(♪])?(?P<first>[^\W\d_]))"
)
# What downloaded subtitles add for their maker: a whole cue, never a part of a line.
_ADVERT = re.compile(
    r"\b(?:opensubtitles|addic7ed|podnapisi|subscene|yify|yts\.\w{2}|tvsubtitles|subdl|napiprojekt|osdb\.link)\b"
    r"|advertise your product or brand here|support us and become vip|become (?:a )?vip member"
    r"|please rate this subtitle|help (?:other )?users (?:to )?choose the best subtitles"
    r"|^\W*(?:english |original |french |german )?(?:subtitles?|subs|captions?|captioning|captioned|subtitled|subtitling"
    r"|sync(?:ed|hroni[sz]ed)?|re-?sync(?:ed)?|corrected|correction|ripped|encoded|transcripts?|transcribed|timed"
    r"|downloaded|translated|translation|provided|brought to you)(?:(?: (?:and|&) |, ?)\w+)*"
    r" (?:by|from|provided by|made by)\b[^?!]*$",
    re.IGNORECASE,
)


def clean_text(raw: str) -> CleanText:
    """Tell speech from sound, music, off-screen voices and nothing, and keep only what is spoken.

    Markers such as (V.O.), (O.S.), [on phone] or "NAME (off):" make the cue off-screen; `NAME:` in front becomes the
    speaker. Two lines with dashes, or with different names, are two voices. An advert keeps its words, but its kind says
    that nobody speaks them.
    """
    voices = [" ".join(html.unescape(match["name"]).split()) for match in _VOICE_TAG.finditer(raw)]
    text, rules = _bare(raw)
    if not text.strip():
        return CleanText("", TextKind.EMPTY, rules=tuple(rules))
    if is_advert(text):
        return CleanText(" ".join(text.split()), TextKind.EMPTY, rules=("advert", *rules))
    without_song = _SUNG.sub(" ", text)
    has_music = without_song != text
    is_off = _OFF_MARK.search(without_song) is not None
    spoken, has_sound = _without_sounds(without_song)
    lines, found = _voices(spoken)
    names = found or voices
    words = re.sub(r"\s+", " ", " ".join(lines)).strip()
    is_off = is_off or any(_NARRATOR.match(name) for name in names)
    parts = split_voices(raw)
    has_second = len(parts) > 1 and len(set(names)) < 2 and not _DASH.match(_bare(parts[0])[0])
    count = max(1, len(set(names)), len(parts))
    did = {"voice_tag": bool(voices), "music": has_music, "sound": has_sound, "off_screen": is_off}
    did |= {"name": bool(found), "two_voices": count > 1 and not has_second, "second_voice": has_second}
    rules = [rule for rule in RULES if did.get(rule) or rule in rules]
    if not any(character.isalnum() for character in words):
        return CleanText("", _silent_kind(text, has_music, has_sound), rules=tuple(rules))
    speaker = names[0] if len(set(names)) == 1 else None
    kind = TextKind.OFF_SCREEN if is_off else TextKind.SPEECH
    return CleanText(words, kind, speaker, count, tuple(rules))


def is_advert(text: str) -> bool:
    """Whether a text advertises a subtitle, its maker or a site, as no line of an episode does."""
    return len(text) < 400 and _ADVERT.search(_TAG.sub("", text)) is not None


def split_voices(raw: str) -> list[str]:
    """The parts of a cue that several voices share by dashes, one a voice; the whole cue when one voice says it."""
    if is_advert(_bare(raw)[0]) or not _has_words(raw):
        return [raw]
    lines = _a_voice_a_line(raw).split("\n")
    bare = [_bare(line)[0] for line in lines]
    spoken = [i for i, line in enumerate(lines) if _has_words(line)]
    starts = [i for i in spoken if _DASH.match(bare[i])]
    if starts and starts[0] != spoken[0]:
        # The first voice has no dash.
        starts = [spoken[0], *(i for i in starts if not _LONG_DASH.match(bare[i]))]
    if len(starts) < 2:
        return [raw]
    starts[0] = 0
    return ["\n".join(lines[a:b]) for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]


def begins_with_dash(raw: str) -> bool:
    """Whether a dash in front tells of another voice than before; a long one goes on with what was said."""
    bare = _bare(raw)[0].lstrip()
    return _DASH.match(bare) is not None and _LONG_DASH.match(bare) is None


def _a_voice_a_line(text: str) -> str:
    """The text with a line end before a voice that begins inside a line which another voice's dash begins."""
    lines = text.split("\n")
    for i, line in enumerate(lines):
        if _DASH.match(_bare(line)[0]):
            lines[i] = _DASH_INSIDE.sub(lambda match: match[0] if match["first"].islower() else "\n", line)
    return "\n".join(lines)


def _has_words(raw: str) -> bool:
    """Whether anything in a part of a cue is spoken."""
    spoken, _ = _without_sounds(_SUNG.sub(" ", _bare(raw)[0]))
    return any(character.isalnum() for line in _voices(spoken)[0] for character in line)


def _bare(raw: str) -> tuple[str, list[str]]:
    """The text without markup, and the rules that took some off."""
    without_tags = _TAG_CUT_OFF.sub("", _TAG.sub("", raw))
    without_overrides = _OVERRIDE.sub("", without_tags)
    text = _ENTITY.sub(lambda match: html.unescape(match[0]), without_overrides)
    did = {
        "tags": _VOICE_TAG.sub("", raw).replace("</v>", "") != without_tags,
        "overrides": without_overrides != without_tags,
        "entities": text != without_overrides,
    }
    text = _SPOILT_NOTE.sub("♪", _INVISIBLE.sub("", _HARD_SPACE.sub(" ", text)).replace("\\N", "\n"))
    return text, [rule for rule, done in did.items() if done]


def _without_sounds(text: str) -> tuple[str, bool]:
    """The text without what stands in brackets, one inside another too, and whether there was any; names stay."""
    named = _NAME_IN_BRACKETS.sub(_unbracketed, text)
    spoken = named
    for _ in range(3):
        spoken = _BRACKETS.sub(" ", spoken)
    spoken = _CUT_BRACKET.sub(" ", spoken)
    return spoken, spoken != named


def _unbracketed(match: re.Match[str]) -> str:
    return match[0] if _OFF_MARK.search(match[0]) else f"{match[1]}{match[2].upper()}:"


def _voices(text: str) -> tuple[list[str], list[str]]:
    """The lines without names and dashes, and the names in order."""
    lines, names = [], []
    for line in _a_voice_a_line(text).split("\n"):
        bare = _DASH.sub("", line)
        match = _NAME.match(bare)
        if match and sum(character.isalpha() for character in match["name"]) >= 2:
            names.append(re.sub(r"\s+", " ", match["name"]).strip())
            bare = bare[match.end() :]
        lines.append("" if _ONLY_SIGNS.match(bare) else bare.strip().removeprefix(":").lstrip())
    return lines, names


def _silent_kind(text: str, has_music: bool, has_sound: bool) -> TextKind:
    if has_music or (has_sound and _MUSIC_MARK.search(text)):
        return TextKind.MUSIC
    return TextKind.SOUND if has_sound else TextKind.EMPTY
