"""Numbers and moments as people of the language write them: 1,234.5 and 20 Nov 13:43, or 1.234,5 and 20. Nov. 13:43."""

from __future__ import annotations

from datetime import datetime

from mmemo.ui.text import say, spoken

_SWAP = str.maketrans(",.", ".,")


def as_written(number: str) -> str:
    """A number that is written in English, such as "+1,234.5", in the signs of the language that is spoken."""
    return number.translate(_SWAP) if spoken() == "de" else number


def figure(value: float, digits: int = 0, *, sign: bool = False) -> str:
    """1234.56 with one digit: "1,234.6", "1.234,6"; with `sign` also a plus is written."""
    return as_written(f"{value:{'+' if sign else ''},.{digits}f}")


def moment_words(ms: int) -> str:
    """A moment in ms since 1970, in the server's time: "20 Nov 13:43", "20. Nov. 13:43"."""
    moment = datetime.fromtimestamp(ms / 1000)
    months = say("figures.months").split()
    return say("figures.moment", day=moment.day, month=months[moment.month - 1], time=f"{moment:%H:%M}")
