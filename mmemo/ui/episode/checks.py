"""What is worth a look before an episode is trusted: suspicious lines and places by kind, each one click away."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from mmemo.ui.episode.account import said
from mmemo.ui.episode.cut_tables import CutTables
from mmemo.ui.episode.lines import LIST_LINES, Line, line_list, picture_of, sentence
from mmemo.ui.html import card, page_part
from mmemo.ui.text import say, words


def kind_words(kind: str) -> str:
    """A kind of suspicion as people read it: "long_cue" -> "long cue"."""
    key = f"episode.{kind}"
    return say(key) if key in words() else kind.replace("_", " ")


def _why_words(kind: str) -> str:
    """What a kind means; empty for one that the app has no words for. A place may be out of the video by a part."""
    key = f"episode.check_{kind}_why" if kind == "out_of_video" else f"episode.{kind}_why"
    return say(key) if key in words() else ""


def checks_html(tables: CutTables) -> str:
    """The suspicious places by kind, the most frequent first; nothing for a cut that was not looked over."""
    if tables.checks is None:
        return ""
    title = say("episode.checks")
    if tables.checks.empty:
        return page_part(card(f'<p class="soft">{said("checks_none")}</p>', title=title))
    kinds = "".join(_kind(tables, str(kind), rows) for kind, rows in _by_size(tables.checks))
    advice = f'<p class="small soft">{said("checks_advice")}</p>'
    return page_part(card(advice, f'<div class="mm-kinds">{kinds}</div>', title=f"{title}: {len(tables.checks):,}"))


def _by_size(checks: pd.DataFrame) -> list[tuple[object, pd.DataFrame]]:
    return sorted(checks.groupby("kind", sort=True), key=lambda part: -len(part[1]))


def _kind(tables: CutTables, kind: str, rows: pd.DataFrame) -> str:
    shown = rows.head(LIST_LINES)
    cues = {int(cue.cue_id): cue for cue in tables.cues[tables.cues["cue_id"].isin(shown["cue_id"])].itertuples()}  # type: ignore[arg-type]
    lines = [_place(tables, row, cues.get(int(row.cue_id))) for row in shown.itertuples()]  # type: ignore[arg-type]
    why = _why_words(kind)
    meaning = f'<span class="why">{escape(why)}</span>' if why else ""
    return (
        f'<details data-kind="{escape(kind)}"><summary><span>{escape(kind_words(kind))}{meaning}</span>'
        f"<b>{len(rows):,}</b></summary>{line_list(lines, len(rows))}</details>"
    )


def _place(tables: CutTables, row: Any, cue: Any | None) -> Line:
    """A suspicious place with the sentence that is said there, if there is one; both are rows as tuples."""
    if cue is None:
        return Line(int(row.start_ms), str(row.what))
    return Line(int(row.start_ms), sentence(cue.text, cue.raw_text), str(row.what), picture_of(tables, cue))
