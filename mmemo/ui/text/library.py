"""What the library says, in the language of the reader: its sentences are English, and known ones are said again here.

`library.json` holds the sentences with {names} where the library puts values. A sentence that is not there stays as
it is: English that is right stands before no words at all.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from functools import cache

from mmemo.ui.text import LANGUAGES, say, spoken, words
from mmemo.ui.text.figures import as_written

_PART = "library."
_NUMBER = re.compile(r"[+-]?\d[\d,]*(\.\d+)?")


def retold(sentence: str) -> str:
    """A sentence of the library, or a part of one, in the language that is spoken; unknown ones as they are."""
    if spoken() == LANGUAGES[0]:
        return sentence
    if _NUMBER.fullmatch(sentence):
        return as_written(sentence)
    bare, dot = (sentence[:-1], ".") if sentence.endswith(".") else (sentence, "")
    for key, pattern in _known():
        if found := pattern.fullmatch(bare):
            said = say(key, **{name: retold(value) for name, value in found.groupdict().items()})
            return f"{said[:1].upper() if sentence[:1].isupper() else said[:1]}{said[1:]}{dot}"
    return sentence


@cache
def _known() -> Sequence[tuple[str, re.Pattern[str]]]:
    """The sentences with the most words of their own first, since a shorter one may fit a longer one too."""
    found = [(key, text["en"]) for key, text in words().items() if key.startswith(_PART)]
    found.sort(key=lambda one: -len(re.sub(r"{\w+}", "", one[1])))
    return [(key, re.compile(_pattern(text))) for key, text in found]


def _pattern(text: str) -> str:
    parts = [
        f"{re.escape(own)}{f'(?P<{name}>.+?)' if name else ''}" for own, name, _, _ in string.Formatter().parse(text)
    ]
    first = text[:1]
    return f"[{first.lower()}{first.upper()}]{''.join(parts)[1:]}" if first.isalpha() else "".join(parts)
