"""Small pieces of page: everything that came from a file or a person is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from mmemo.labels import EKMAN7
from mmemo.ui.text import say


def file_url(path: Path) -> str:
    """Address of a served file, relative to the page, so that it holds behind a proxy too."""
    return f"gradio_api/file={quote(str(path.resolve()))}"


def card(*parts: str, title: str = "") -> str:
    """A framed box with an optional heading."""
    heading = f"<h3>{escape(title)}</h3>" if title else ""
    return f'<div class="mm-card mm-stack">{heading}{"".join(parts)}</div>'


def page_part(*parts: str) -> str:
    """The outermost element of every piece that a tab shows."""
    return f'<div class="mm mm-stack">{"".join(parts)}</div>'


def empty(title: str, advice: str) -> str:
    """What a place says while it has nothing to show, and what to do about it."""
    return f'<div class="mm"><div class="mm-empty"><strong>{escape(title)}</strong>{escape(advice)}</div></div>'


def notice(words: str) -> str:
    """What must be known of the numbers beneath it; nothing for no words."""
    return f'<p class="mm-notice"><strong>{escape(say("page.synthetic"))}</strong> {escape(words)}</p>' if words else ""


def warning(words: str) -> str:
    """One sentence that a person should have read before using what stands around it."""
    title = escape(say("page.worth_knowing"))
    return f'<p class="mm-notice"><strong>{title}</strong> {escape(words[:1].upper() + words[1:])}.</p>'


def tone(label: str) -> str:
    """Inline style that gives an element the colour of an emotion; other names stay grey."""
    return f"--tone: var(--emo-{label if label in EKMAN7.labels else 'neutral'})"


def chip(label: str, text: str | None = None, *, human: bool = False) -> str:
    """An emotion as a coloured mark with its name."""
    css = "mm-chip human" if human else "mm-chip"
    return f'<span class="{css}"><i style="{tone(label)}"></i>{escape(label if text is None else text)}</span>'


def percent(share: float) -> str:
    """0.634 -> "63 %"."""
    return f"{100 * share:.0f} %"


def opinion(title: str, probs: Mapping[str, float] | None, *, absent: str | None = None) -> str:
    """Seven bars of one source under its name; a source that did not speak says so, or `absent`."""
    if probs is None:
        return (
            f'<div class="mm-opinion absent"><h4>{escape(title)}</h4>{escape(absent or say("page.no_opinion"))}</div>'
        )
    top = max(probs, key=lambda label: probs[label])
    rows = "".join(_bar(label, probs[label], label == top) for label in EKMAN7.labels)
    head = f"<h4>{escape(title)} <span>{escape(top)}</span></h4>"
    return f'<div class="mm-opinion" data-top="{escape(top)}">{head}<dl class="mm-bars">{rows}</dl></div>'


def _bar(label: str, share: float, is_top: bool) -> str:
    css = " top" if is_top else ""
    return (
        f'<dt class="{css.strip()}">{label}</dt>'
        f'<dd class="track"><i style="width:{100 * share:.1f}%;{tone(label)}"></i></dd>'
        f'<dd class="value{css}">{percent(share)}</dd>'
    )


def opinions(parts: Sequence[str]) -> str:
    """Several sources side by side."""
    return f'<div class="mm-opinions">{"".join(parts)}</div>'


def clock(ms: int) -> str:
    """83 000 ms -> "1:23"; from an hour on "1:02:03"."""
    minutes, seconds = divmod(ms // 1000, 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours}:{rest:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def duration(seconds: float) -> str:
    """How long, in words: "8 s", "2 min 5 s"."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
