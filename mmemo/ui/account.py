"""The account of cues, drawn: what became of every line, kept and dropped and all."""

from __future__ import annotations

from html import escape

import pandas as pd

from mmemo.episode.account import DropReason
from mmemo.ui.cut_tables import CutTables
from mmemo.ui.html import percent
from mmemo.ui.lines import cue_lines, line_list

KEPT = "gives training faces"
_KEPT_TONE = "var(--mm-accent)"
# Tones of one grey ramp: reasons are told apart by their order and words, not by hue.
_DROP_TONES = ("#64748b", "#94a3b8", "#475569", "#a8b3c4", "#7c8aa0", "#b9c3d1", "#566479", "#cbd5e1")
_MEANINGS = {reason.value: reason.meaning for reason in DropReason}


def account_of(cues: pd.DataFrame) -> list[tuple[str, int]]:
    """What became of the cues: kept first, then the reasons by size; the counts add up to all cues."""
    dropped = cues["drop_reason"].dropna().value_counts()
    kept = int(cues["drop_reason"].isna().sum())
    return [(KEPT, kept), *((str(reason), int(n)) for reason, n in dropped.items())]


def account_html(tables: CutTables) -> str:
    """A bar and a table of the same counts, with the sum that must hold; every outcome opens the list of its lines."""
    cues = tables.cues
    parts = account_of(cues)
    total = len(cues)
    tones = [_KEPT_TONE, *(_DROP_TONES[i % len(_DROP_TONES)] for i in range(len(parts) - 1))]
    kept, dropped = parts[0][1], total - parts[0][1]
    segments = "".join(
        f'<i style="flex:{n} 0 0;--tone:{tone}" title="{escape(reason_words(reason))}: {n}"></i>'
        for (reason, n), tone in zip(parts, tones, strict=True)
        if n
    )
    rows = "".join(_outcome(tables, reason, n, total, tone) for (reason, n), tone in zip(parts, tones, strict=True))
    return (
        f'<div class="mm-account-bar" role="img" aria-label="{kept} of {total} lines give training faces">{segments}</div>'
        '<table class="mm-table"><thead><tr><th>What became of the line</th><th class="num">lines</th>'
        f'<th class="num">share</th></tr></thead><tbody>{rows}'
        f'<tr class="sum"><th scope="row">{kept} kept + {dropped} dropped</th><td class="num">{total}</td>'
        '<td class="num">= all</td></tr></tbody></table>'
    )


def _outcome(tables: CutTables, reason: str, n: int, total: int, tone: str) -> str:
    """Two rows: the count, and the lines behind it, which are out of sight until they are asked for."""
    key, words = f'<i class="key" style="--tone:{tone}"></i>', escape(reason_words(reason))
    share = percent(n / total) if total else "–"
    lines = f"mm-lines-{escape(reason.replace(' ', '-'), quote=True)}"
    name = f'<button type="button" class="mm-open" aria-expanded="false" aria-controls="{lines}">{key}{words}</button>'
    cues = tables.cues[tables.cues["drop_reason"].isna() if reason == KEPT else tables.cues["drop_reason"] == reason]
    return (
        f'<tr><th scope="row">{name if n else key + words}{_meaning(reason)}</th>'
        f'<td class="num">{n}</td><td class="num">{share}</td></tr>'
        f'<tr id="{lines}" class="lines" hidden><td colspan="3">{line_list(cue_lines(tables, cues), n)}</td></tr>'
    )


def reason_words(reason: str) -> str:
    """A drop reason as people read it: "no_face" -> "no face"."""
    return reason.replace("_", " ")


def outcome_words(reason: str | None) -> str:
    """What became of a line in one phrase; None is kept."""
    if reason is None:
        return f"kept: {KEPT}"
    meaning = _MEANINGS.get(reason)
    return f"dropped, {reason_words(reason)}" + (f": {meaning}" if meaning else "")


def _meaning(reason: str) -> str:
    return f'<span class="why">{escape(_MEANINGS[reason])}</span>' if reason in _MEANINGS else ""
