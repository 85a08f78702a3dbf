"""How reviewed faces look: the grid of tracks, and the one that is in focus."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from mmemo.labels import EKMAN7
from mmemo.store.labels import REJECT
from mmemo.ui.html import card, chip, clock, empty, file_url, opinion, opinions, page_part, percent, tone
from mmemo.ui.review import words_for

# Clicks carry the number of the track that they mean, so a late click never lands on another face.
GRID_SCRIPT = """
element.addEventListener('click', (event) => {
  const tile = event.target.closest('[data-track]');
  if (!tile) return;
  element.querySelectorAll('.mm-tile.chosen').forEach((other) => other.classList.remove('chosen'));
  tile.classList.add('chosen');
  trigger('select', {track: Number(tile.dataset.track)});
  if (window.innerWidth < 700) document.getElementById('mm-focus')?.scrollIntoView({behavior: 'smooth'});
});
"""
FOCUS_SCRIPT = """
element.addEventListener('click', (event) => {
  const key = event.target.closest('button[data-do]');
  if (!key || key.disabled) return;
  const cut = key.closest('[data-cut]').dataset.cut;
  trigger('select', {track: Number(key.dataset.track), word: key.dataset.do, cut});
});
"""
PREVIOUS, NEXT, UNDO = "previous", "next", "undo"
NO_CHOICE = empty("No face chosen", "Choose one to see its line, the four opinions, and to correct it.")
NO_MATCH = empty("Nothing matches", "Loosen the filters above.")
_OPINION_TITLES = {
    "teacher": "Text teacher",
    "image": "Baseline, not adapted",
    "student": "Student, adapted",
    "target": "Training target",
}
_ABSENT = {
    "teacher": "has not read this line",
    "image": "has not seen this face",
    "student": "not trained on this face",
    "target": "no target: not trained on",
}


def grid_html(rows: pd.DataFrame, source: str, chosen: int | None) -> str:
    """A grid of tiles: face, whose label, and the line."""
    if rows.empty:
        return NO_MATCH
    tiles = "".join(_tile(row, source, row.track_id == chosen) for row in rows.itertuples())
    return f'<div class="mm"><div class="mm-grid">{tiles}</div></div>'


def _tile(row: Any, source: str, is_chosen: bool) -> str:
    said = None if pd.isna(row.human_label) else str(row.human_label)
    css = "mm-tile" + (" chosen" if is_chosen else "") + (" rejected" if said == REJECT else "")
    chips = "" if source == "human" else _source_chip(row, source)
    if said is not None:
        chips += chip(said, f"you: {words_for(said)}", human=True)
    return (
        f'<button class="{css}" type="button" data-track="{row.track_id}" '
        f'aria-label="Face {row.track_id}: {escape(str(row.text), quote=True)}">'
        f'<img src="{file_url(Path(row.crop))}" alt="" loading="lazy" width="138" height="138">'
        f'<span class="body"><span class="chips">{chips}</span><span class="line">{escape(str(row.text))}</span></span></button>'
    )


def _source_chip(row: Any, source: str) -> str:
    label, confidence = getattr(row, f"{source}_label"), getattr(row, f"{source}_confidence")
    return "" if pd.isna(label) else chip(str(label), f"{label} {percent(float(confidence))}")


def focus_html(
    row: Any, before: pd.DataFrame, after: pd.DataFrame, votes: Mapping[str, Mapping[str, float] | None]
) -> str:
    """One track large: its line between its neighbours, four opinions kept apart, and the keys to correct it."""
    said = None if pd.isna(row.human_label) else str(row.human_label)
    lines = "".join(f"<span>{escape(str(text))}</span>" for text in before["text"])
    lines += f'<span class="said">{escape(str(row.text))}</span>'
    lines += "".join(f"<span>{escape(str(text))}</span>" for text in after["text"])
    top = (
        f'<div class="mm-focus-top"><img src="{file_url(Path(row.crop))}" alt="Face {row.track_id}">'
        f'<div class="mm-lines"><span class="small">face {row.track_id} at {clock(int(row.start_ms))}</span>{lines}</div></div>'
    )
    bars = opinions([opinion(title, votes.get(key), absent=_ABSENT[key]) for key, title in _OPINION_TITLES.items()])
    # A track's number means nothing in another cut: what is clicked says in which it was shown.
    keys = f'<div data-cut="{escape(str(row.cut_key), quote=True)}">{keys_html(int(row.track_id), said)}</div>'
    return page_part(card(top, keys, bars))


def keys_html(track_id: int, said: str | None) -> str:
    """Buttons for seven labels, rejection, undo and the neighbours; the one in force is pressed."""
    labels = "".join(_key(track_id, label, label, said == label, tone(label)) for label in EKMAN7.labels)
    labels += _key(track_id, REJECT, "no usable face", said == REJECT)
    moves = _key(track_id, PREVIOUS, "← previous") + _key(track_id, NEXT, "next →")
    moves += _key(track_id, UNDO, "undo", disabled=said is None)
    asked = "What does this face show?" if said is None else f"You said: {escape(words_for(said))}"
    return (
        f'<div class="mm-stack" style="gap:8px"><h3 role="status">{asked}</h3>'
        f'<div class="mm-keys">{labels}</div><div class="mm-keys">{moves}</div></div>'
    )


def _key(
    track_id: int, word: str, text: str, pressed: bool | None = None, style: str = "", disabled: bool = False
) -> str:
    mark = f'<i style="{style}"></i>' if style else ""
    state = "" if pressed is None else f' aria-pressed="{str(pressed).lower()}"'
    state += " disabled" if disabled else ""
    return f'<button class="mm-key" type="button" data-do="{word}" data-track="{track_id}"{state}>{mark}{escape(text)}</button>'
