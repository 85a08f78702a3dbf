"""Lists of places in an episode: time, sentence and a small picture, each a button that plays the place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from mmemo.ui.episode.cut_tables import CutTables
from mmemo.ui.html import clock, file_url
from mmemo.ui.text import amount, say

# As many as people read, and as the page stays quick with.
LIST_LINES = 150
# Opens and closes lists and tells the timeline what to play.
LIST_SCRIPT = """
element.addEventListener('click', (event) => {
  const place = event.target.closest('[data-play]');
  if (place) document.dispatchEvent(new CustomEvent('mm-play', {detail: Number(place.dataset.play)}));
  const opener = event.target.closest('.mm-open');
  if (!opener) return;
  const lines = element.querySelector('#' + CSS.escape(opener.getAttribute('aria-controls')));
  lines.hidden = !lines.hidden;
  opener.setAttribute('aria-expanded', String(!lines.hidden));
});
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One place: where it begins, its sentence, what else is known of it, and the address of a picture."""

    start_ms: int
    text: str
    more: str = ""
    picture: str | None = None


def cue_lines(tables: CutTables, cues: pd.DataFrame) -> list[Line]:
    """The first LIST_LINES rows of some cues as places."""
    rows: Iterator[Any] = cues.head(LIST_LINES).itertuples()
    return [Line(int(cue.start_ms), sentence(cue.text, cue.raw_text), picture=picture_of(tables, cue)) for cue in rows]


def picture_of(tables: CutTables, cue: object) -> str | None:
    """Address of the small picture of a cue, a row of the cue table as a tuple."""
    scene = tables.scene_of(cue)
    return None if scene is None else file_url(tables.folder / scene)


def line_list(lines: Iterable[Line], total: int) -> str:
    """Buttons in order, of which no more than LIST_LINES should come: the end says how many there are besides."""
    more = total - LIST_LINES
    rest = f'<p class="small soft">{escape(say("lines.more", n=amount(more)))}</p>' if more > 0 else ""
    return f'<div class="mm-linelist">{"".join(_button(line) for line in lines)}</div>{rest}'


def _button(line: Line) -> str:
    picture = f'<img src="{line.picture}" alt="" loading="lazy" width="64" height="36">' if line.picture else ""
    more = f'<span class="soft">{escape(line.more)}</span>' if line.more else ""
    return (
        f'<button type="button" class="mm-lineplay" data-play="{line.start_ms}">{picture}'
        f'<span class="at">{clock(line.start_ms)}</span><span class="words">{escape(line.text)}{more}</span></button>'
    )


def sentence(text: object, raw_text: object) -> str:
    """What is spoken, else what the file says: a sound has no words of its own."""
    return " ".join(str(text or raw_text).split()) or say("lines.no_words")
