"""Text of unknown encoding: byte order marks, UTF-8, UTF-16 and UTF-32, then the single-byte code pages."""

from __future__ import annotations

import codecs

# The longer marks first: the UTF-32 mark begins with the UTF-16 one.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What subtitles outside Unicode are written in; a longer list makes short files look like rare code pages.
_CODE_PAGES = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "koi8_r", "iso8859_2",
]  # fmt: skip
_DAMAGED_UTF8_SHARE = 0.02
_LAST_RESORT = "cp1252"
_ZERO_SHARE = 0.9
# Differences of charset-normalizer's two measures, both 0 to 1, that decide nothing in a file of a few lines.
_SAME_COHERENCE, _SAME_CHAOS = 0.02, 0.1


def decode_text(data: bytes) -> tuple[str, str]:
    """The text of a file and the name of its encoding; every byte string has an answer.

    Bytes that fit nowhere become U+FFFD and the name then ends in "with damage".
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _lenient(data[len(mark) :], name)
    # Latin letters in UTF-16 are valid UTF-8 too, with a zero byte after each.
    for name in (*_wide_encodings(data), "utf-8"):
        try:
            return data.decode(name), name
        except UnicodeDecodeError:
            continue
    text = data.decode("utf-8", errors="replace")
    if _looks_like_damaged_utf8(text):
        return text, "utf-8 with damage"
    return _from_code_page(data)


def _lenient(data: bytes, name: str) -> tuple[str, str]:
    try:
        return data.decode(name), name
    except UnicodeDecodeError:
        return data.decode(name, errors="replace"), f"{name} with damage"


def _wide_encodings(data: bytes) -> list[str]:
    """Guess UTF-16 and UTF-32 without a mark from where the zero bytes lie.

    UTF-32 has two in each character of any language, UTF-16 one in each Latin letter, digit and space.
    """
    sample = data[: 4096 - 4096 % 4]
    if not sample or sample.count(0) < len(sample) // 10:
        return []
    zeros = [sample[i::4].count(0) / max(1, len(sample) // 4) for i in range(4)]
    if min(zeros[2:]) > _ZERO_SHARE:
        return ["utf-32-le"]
    if min(zeros[:2]) > _ZERO_SHARE:
        return ["utf-32-be"]
    return ["utf-16-le", "utf-16-be"] if zeros[1] > zeros[0] else ["utf-16-be", "utf-16-le"]


def _looks_like_damaged_utf8(text: str) -> bool:
    foreign = sum(1 for character in text if ord(character) > 127)
    bad = text.count("\ufffd")
    return foreign >= 20 and bad / foreign <= _DAMAGED_UTF8_SHARE


def _from_code_page(data: bytes) -> tuple[str, str]:
    from charset_normalizer import from_bytes

    matches = from_bytes(data, cp_isolation=_CODE_PAGES)
    best = matches.best()
    if best is None:
        return _lenient(data, _LAST_RESORT)
    # In a short Western text the other code pages look alike; the common one wins unless another is clearly better.
    for match in matches:
        if (
            _LAST_RESORT in match.could_be_from_charset
            and match.coherence >= best.coherence - _SAME_COHERENCE
            and match.chaos <= best.chaos + _SAME_CHAOS
        ):
            return _lenient(data, _LAST_RESORT)
    return _lenient(data, best.encoding.replace("_", "-"))
