"""The account of cues, drawn: what became of every line, kept and dropped and all."""

from __future__ import annotations

from html import escape

import pandas as pd

from mmemo.ui.episode.cut_tables import CutTables
from mmemo.ui.episode.lines import cue_lines, line_list
from mmemo.ui.html import percent
from mmemo.ui.text import say, words

# What a kept line is called in `account_of`; people read its words.
KEPT = "gives training faces"
_KEPT_TONE = "var(--mm-accent)"
# Tones of one grey ramp: reasons are told apart by their order and words, not by hue.
_DROP_TONES = ("#64748b", "#94a3b8", "#475569", "#a8b3c4", "#7c8aa0", "#b9c3d1", "#566479", "#cbd5e1")


def account_of(cues: pd.DataFrame) -> list[tuple[str, int]]:
    """What became of the cues: kept first, then the reasons by size; the counts add up to all cues."""
    dropped = cues["drop_reason"].dropna().value_counts()
    kept = int(cues["drop_reason"].isna().sum())
    return [(KEPT, kept), *((str(reason), int(n)) for reason, n in dropped.items())]


def said(name: str, /, **values: object) -> str:
    """Words of the Episodes tab for use inside HTML, also inside an attribute."""
    return escape(say(f"episode.{name}", **values), quote=True)


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
        f'<div class="mm-account-bar" role="img" aria-label="{said("bar", kept=kept, total=total)}">{segments}</div>'
        f'<table class="mm-table"><thead><tr><th>{said("became")}</th><th class="num">{said("lines")}</th>'
        f'<th class="num">{said("share")}</th></tr></thead><tbody>{rows}'
        f'<tr class="sum"><th scope="row">{said("sum", kept=kept, dropped=dropped)}</th><td class="num">{total}</td>'
        f'<td class="num">{said("all")}</td></tr></tbody></table>'
    )


def _outcome(tables: CutTables, reason: str, n: int, total: int, tone: str) -> str:
    """Two rows: the count, and the lines behind it, which are out of sight until they are asked for."""
    key, name = f'<i class="key" style="--tone:{tone}"></i>', escape(reason_words(reason))
    share = percent(n / total) if total else "–"
    lines = f"mm-lines-{escape(reason.replace(' ', '-'), quote=True)}"
    button = f'<button type="button" class="mm-open" aria-expanded="false" aria-controls="{lines}">{key}{name}</button>'
    cues = tables.cues[tables.cues["drop_reason"].isna() if reason == KEPT else tables.cues["drop_reason"] == reason]
    return (
        f'<tr><th scope="row">{button if n else key + name}{_meaning(reason)}</th>'
        f'<td class="num">{n}</td><td class="num">{share}</td></tr>'
        f'<tr id="{lines}" class="lines" hidden><td colspan="3">{line_list(cue_lines(tables, cues), n)}</td></tr>'
    )


def reason_words(reason: str) -> str:
    """An outcome as people read it: "no_face" -> "no face"; one that the app has no words for is spelled out."""
    key = "episode.kept" if reason == KEPT else f"episode.{reason}"
    return say(key) if key in words() else reason.replace("_", " ")


def outcome_words(reason: str | None) -> str:
    """What became of a line in one phrase; None is kept."""
    if reason is None:
        return say("episode.outcome_kept", what=reason_words(KEPT))
    why = why_words(reason)
    return say("episode.outcome_dropped", what=reason_words(reason)) + (f": {why}" if why else "")


def why_words(reason: str) -> str:
    """What a drop reason means; empty for any other outcome."""
    key = f"episode.{reason}_why"
    return say(key) if key in words() else ""


def _meaning(reason: str) -> str:
    why = why_words(reason)
    return f'<span class="why">{escape(why)}</span>' if why else ""
