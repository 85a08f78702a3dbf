"""Text of unknown encoding: byte order marks, UTF-8, UTF-16 and UTF-32, then the code pages of one and two bytes."""

from __future__ import annotations

import codecs
from math import inf

from mmemo.episode.letters import page_fits

# The longer marks first: the UTF-32 mark begins with the UTF-16 one.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DAMAGED_UTF8_SHARE = 0.02
_LAST_RESORT = "cp1252"
_ZERO_SHARE = 0.9
# So much of a file tells what it is written in.
_SAMPLE_BYTES = 1 << 17
# A page is told for certain when the next text is e^10 times less likely, and none fits below this mean log-likelihood.
_CERTAIN, _FITS = 10.0, -9.5
GUESS = ", a guess"


def decode_text(data: bytes) -> tuple[str, str]:
    """The text of a file and the name of its encoding; every byte string has an answer.

    Byte order marks and Unicode come first, then what is likeliest by its letters. Bytes that fit nowhere become
    U+FFFD and the name then ends in "with damage"; it ends in "a guess" when another encoding is hardly less likely.
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
    sample = data[:4096]
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
    sample = data[:_SAMPLE_BYTES]
    if len(data) > len(sample):
        sample = sample[: sample.rfind(b"\n") + 1] or sample
    fits = page_fits(sample)
    best = fits[0]
    if best.mean < _FITS:
        return _from_rare_page(data)
    text, name = _lenient(data, best.page)
    others = (fit.likelihood for fit in fits if fit.text != best.text)
    certain = best.likelihood - next(others, -inf) >= _CERTAIN
    return text, name if certain else name + GUESS


def _from_rare_page(data: bytes) -> tuple[str, str]:
    """What is in none of the languages that are known here: the best of all encodings by shape alone."""
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE_BYTES]).best()
    text, name = _lenient(data, _LAST_RESORT if best is None else best.encoding.replace("_", "-"))
    return text, name + GUESS
