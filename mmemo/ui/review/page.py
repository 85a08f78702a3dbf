"""The unchanging frame of Review: filters, tools, grid, panel and the legend of keys; the script fills it.

The frame is the same for every browser: what it says stands in it in English, and the script puts the words of the
browser's language in its place.
"""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

from mmemo.flow.review.tracks import SOURCES
from mmemo.flow.review.words import STATUSES
from mmemo.ui.review.matching import ANY, DISAGREEMENTS, ORDERS
from mmemo.ui.roles import FOR_LEADS
from mmemo.ui.text import for_script, say

_HERE = Path(__file__).parent
SCRIPTS = ("words.js", "redraw.js", "save.js", "review.js", "panel.js")
# Keys, and what they do in the words of the legend.
LEGEND = (
    (("1–7",), "label"),
    (("shift", "1–7"), "line"),
    (("A",), "accept"),
    (("R",), "reject"),
    (("S",), "skip"),
    (("J", "K"), "move"),
    (("U",), "undo"),
    (("F",), "focus"),
    (("← →",), "pictures"),
    (("X",), "select"),
    (("P",), "play"),
    (("B",), "blind"),
    (("Esc",), "escape"),
)
# Fields of the filter: name, kind of control, whether it stands among the first, and whether it tells of line,
# opinions or other people's words. A new filter is a line here, words for it, and a field of review.Filters.
FIELDS = (
    ("all", "select", True, False),
    ("use", "select", True, False),
    ("status", "select", True, False),
    ("character", "select", True, False),
    ("assigned", "tick", True, False),
    ("order", "select", True, True),
    ("text", "search", True, True),
    *((name, "select", False, True) for name in SOURCES),
    ("person", "select", False, True),
    ("annotator", "select", False, True),
    ("differ", "select", False, True),
    ("source", "select", False, True),
    ("from", "share", False, True),
    ("to", "share", False, True),
    ("issues", "tick", False, True),
)
_CONTROLS = {
    "search": '<input name="{name}" type="search" maxlength="200" autocomplete="off">',
    "share": '<input name="{name}" type="number" min="0" max="100" step="5" value="{value}">',
    "tick": '<input name="{name}" type="checkbox">',
}
# Choices that are always the same; the script fills in the others.
_CHOICES = {
    "status": [(ANY, "any"), *((name, f"status.{name}") for name in STATUSES)],
    "order": [(name, f"order.{name}") for name in ORDERS],
    "differ": [(ANY, "any"), *((name, f"differ.{name}") for name in DISAGREEMENTS)],
    "source": [(name, f"source.{name}") for name in dict.fromkeys(("target", *SOURCES))],
}


def review_script() -> str:
    """The whole script of the page with its words in all languages; its parts share one scope."""
    parts = "\n".join((_HERE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    return f"const WORDS = {json.dumps(for_script('review'), ensure_ascii=False)};\n{parts}"


def review_frame() -> str:
    """The HTML that the script fills, with its style; nothing in it comes from an episode."""
    nothing = (
        f'<div class="mm"><div class="mm-empty">{_word("empty.title", "strong")}{_word("empty.advice")}</div></div>'
    )
    return (
        f"<style>{(_HERE / 'review.css').read_text(encoding='utf-8')}</style>"
        f'<div class="mm mm-review" data-mode="grid" data-empty="yes"><div class="mm-nothing">{nothing}</div>'
        f'<div class="mm-stack mm-something">{_filters()}{_tools()}{_legend()}{_bar()}<div class="mm-work">'
        f'<div class="mm-gridside"><div id="mm-grid" class="mm-grid" role="group"{_name("grid")}></div>{_pager()}</div>'
        f'<div id="mm-focus" class="mm-panel" role="region"{_name("panel")}></div></div></div></div>'
    )


def _word(key: str, tag: str = "span") -> str:
    """An element of which the script knows which words it shows."""
    return f'<{tag} data-say="{key}">{escape(say(f"review.{key}"))}</{tag}>'


def _name(key: str) -> str:
    """The same for the name of an element that shows no words."""
    return f' data-label="{key}" aria-label="{escape(say(f"review.{key}"), quote=True)}"'


def _title(key: str) -> str:
    """The same for what is shown when a mouse rests on it."""
    return f' data-title="{key}" title="{escape(say(f"review.{key}"), quote=True)}"'


def _filters() -> str:
    first, more = ("".join(_field(*field) for field in FIELDS if field[2] is among) for among in (True, False))
    summary = f'<summary data-part="more">{escape(say("review.filters.more"))}</summary>'
    return (
        f'<form id="mm-filters" class="mm-filters" role="search"{_name("which")}>'
        f'<button type="button" class="mm-key mm-open-filters" data-do="filters" aria-expanded="false">{_word("filters")}</button>'
        f'{first}<details>{summary}<div class="mm-filters">{more}</div></details></form>'
        '<div data-part="chips" class="mm-chosen" hidden></div>'
    )


def _field(name: str, kind: str, _first: bool, tells: bool) -> str:
    """One labelled control; one that `tells` of line, opinions or other people's words is off while they are hidden."""
    if kind == "select":
        options = (
            f'<option value="{value}" data-say="{key}">{escape(say(f"review.{key}"))}</option>'
            for value, key in _CHOICES.get(name, ())
        )
        control = f'<select name="{name}">{"".join(options)}</select>'
    else:
        control = _CONTROLS[kind].format(name=name, value=100 if name == "to" else 0)
    return f'<label class="mm-field {name}"{" data-tells" if tells else ""}>{_word(f"filter.{name}")}{control}</label>'


def _tools() -> str:
    buttons = (
        ("undo", "U", False, ""),
        ("focus", "F", True, ""),
        ("select", "X", True, ""),
        ("blind", "B", True, _title("tool.blind.why")),
        ("stay", "", True, ""),
    )
    made = "".join(
        f'<button type="button" class="mm-key" data-part="{name}" data-do="{name}"{" aria-pressed=false" if toggles else ""}{why}>'
        f"{f'<kbd aria-hidden=true>{key}</kbd>' if key else ''}{_word(f'tool.{name}')}</button>"
        for name, key, toggles, why in buttons
    )
    return (
        '<p id="mm-resting" data-part="resting" class="small soft" hidden></p>'
        f'<div class="mm-tools" role="toolbar"{_name("tools")}>{made}'
        f'<button type="button" class="mm-key {FOR_LEADS}" id="mm-retrain" data-part="retrain" data-do="retrain" disabled>'
        f"{_word('retrain.unknown')}</button></div>"
    )


def _bar() -> str:
    """What stays in sight while the faces scroll: how many there are, what a key just did, whether it is saved."""
    bulk = "".join(
        f'<button type="button" class="mm-key" data-do="{name}">{_word(f"bulk.{name}")}</button>'
        for name in ("page", "accept", "reject", "none")
    )
    return (
        '<div class="mm-bar" data-part="bar"><div class="mm-hits">'
        '<strong id="mm-position" data-part="hits" role="status"></strong>'
        '<span class="mm-told" data-part="told" role="status" aria-live="polite"></span>'
        f'<span data-part="saved" id="mm-saved" class="mm-saved" role="status" data-state="saved" data-shown="saved">{escape(say("review.saved"))}'
        f'</span></div><div class="mm-tools mm-bulk" data-part="bulk" hidden><span data-part="picked" role="status"></span>{bulk}'
        "</div></div>"
    )


def _pager() -> str:
    return (
        '<div id="mm-pager" class="mm-pager"><button type="button" class="mm-key" data-part="back" data-do="back" '
        f'id="mm-page-back"{_name("pager.back.name")}>{_word("pager.back")}</button>'
        '<span data-part="pages" class="small soft"></span>'
        '<button type="button" class="mm-key" data-part="forward" data-do="forward" id="mm-page-forward"'
        f"{_name('pager.forward.name')}>{_word('pager.forward')}</button></div>"
    )


def _legend() -> str:
    """The keys, and one line for each word that a newcomer does not know."""
    keys = "".join(f"<li>{' '.join(map(_key, names))} {_word(f'key.{does}')}</li>" for names, does in LEGEND)
    means = '<span data-part="cards"></span> ' + " ".join(_word(f"means.{name}") for name in ("target", "unusable"))
    return f'<div class="mm-means"><ul class="mm-legend"{_name("legend")}>{keys}</ul><p class="mm-legend">{means}</p></div>'


def _key(name: str) -> str:
    return _word("key.shift", "kbd") if name == "shift" else f"<kbd>{name}</kbd>"
