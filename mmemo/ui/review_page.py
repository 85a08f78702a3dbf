"""The unchanging frame of Review: filters, tools, grid, panel and the legend of keys; the script fills it."""

from __future__ import annotations

from pathlib import Path

from mmemo.flow.read import SOURCES
from mmemo.flow.review_words import STATUSES
from mmemo.ui.html import empty
from mmemo.ui.review import DISAGREEMENTS, ORDERS

_HERE = Path(__file__).parent
_SCRIPTS = ("review_save.js", "review.js", "review_panel.js")
_NO_EPISODE = empty("Nothing to review yet", "Adapt to an episode first: its faces appear here.")
_SOURCE_NAMES = {"teacher": "text teacher", "image": "baseline", "target": "training target", "student": "student"}
_DIFFER = {
    "teacher-image": "text and baseline",
    "teacher-student": "text and student",
    "student-image": "student and baseline",
    "any": "any two",
}
# What a key does, in the words of the legend.
LEGEND = (
    ("1–7", "label"),
    ("Shift+1–7", "whole line"),
    ("A", "accept the proposal"),
    ("R", "unusable face"),
    ("S", "skip"),
    ("J K", "next, back"),
    ("U", "undo"),
    ("F", "one face large"),
    ("← →", "one picture of it"),
    ("X", "select"),
    ("P", "play"),
    ("B", "hide the line"),
    ("Esc", "back"),
)


def review_script() -> str:
    """The whole script of the page; its parts share one scope."""
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in _SCRIPTS)


def review_frame() -> str:
    """The HTML that the script fills, with its style; nothing in it comes from an episode."""
    return (
        f"<style>{(_HERE / 'review.css').read_text(encoding='utf-8')}</style>"
        f'<div class="mm mm-review" data-mode="grid" data-empty="yes"><div class="mm-nothing">{_NO_EPISODE}</div>'
        f'<div class="mm-stack mm-something">{_filters()}{_tools()}{_legend()}<div class="mm-work"><div class="mm-gridside">'
        f'<div id="mm-grid" class="mm-grid" role="group" aria-label="Faces"></div>{_pager()}</div>'
        f'<div id="mm-focus" class="mm-panel" role="region" aria-label="Face"></div></div></div></div>'
    )


def _filters() -> str:
    first = [
        _select("all", "Episode", []),
        _select("use", "Faces", []),
        _select("status", "Status", [("", "any"), *((name, name) for name in STATUSES)]),
        _select("character", "Character", []),
        _select("order", "Order", [*ORDERS.items()], tells=True),
        _field(
            "text", "Words in the line", '<input name="text" type="search" maxlength="200" autocomplete="off">', True
        ),
    ]
    sources = [(name, _SOURCE_NAMES[name]) for name in SOURCES]
    more = [
        *(_select(name, f"{title[:1].upper()}{title[1:]} says", [], tells=True) for name, title in sources),
        _select("person", "A person says", [], tells=True),
        _select("annotator", "Labelled by", [], tells=True),
        _select(
            "differ", "Who disagree", [("", "any"), *((name, _DIFFER[name]) for name in DISAGREEMENTS)], tells=True
        ),
        _select("source", "Confidence of", [("target", "training target"), *sources], tells=True),
        _field("from", "At least %", '<input name="from" type="number" min="0" max="100" step="5" value="0">', True),
        _field("to", "At most %", '<input name="to" type="number" min="0" max="100" step="5" value="100">', True),
        _field("issues", "Only labels that look wrong", '<input name="issues" type="checkbox">', True),
    ]
    return (
        f'<form id="mm-filters" class="mm-filters" role="search" aria-label="Which faces">'
        '<button type="button" class="mm-key mm-open-filters" data-do="filters" aria-expanded="false">Filters</button>'
        f"{''.join(first)}"
        f'<details><summary data-part="more">More filters</summary><div class="mm-filters">{"".join(more)}</div></details></form>'
    )


def _select(name: str, title: str, choices: list[tuple[str, str]], *, tells: bool = False) -> str:
    options = "".join(f'<option value="{value}">{words}</option>' for value, words in dict(choices).items())
    return _field(name, title, f'<select name="{name}">{options}</select>', tells)


def _field(name: str, title: str, control: str, tells: bool) -> str:
    """One labelled control; one that `tells` of line, opinions or other people's words is off while they are hidden."""
    css = f"mm-field {name}"
    return f'<label class="{css}"{" data-tells" if tells else ""}><span>{title}</span>{control}</label>'


def _tools() -> str:
    buttons = (
        ("undo", "Undo", "U", False),
        ("focus", "One face large", "F", True),
        ("select", "Select", "X", True),
        ("blind", "Gold: hide line and opinions", "B", True),
        ("stay", "Move on after a label", "", True),
    )
    made = "".join(
        f'<button type="button" class="mm-key" data-part="{name}" data-do="{name}"{" aria-pressed=false" if toggles else ""}>'
        f"{f'<kbd aria-hidden=true>{key}</kbd>' if key else ''}{words}</button>"
        for name, words, key, toggles in buttons
    )
    bulk = "".join(
        f'<button type="button" class="mm-key" data-do="{name}">{words}</button>'
        for name, words in (
            ("page", "Select page"),
            ("accept", "Accept all"),
            ("reject", "Reject all"),
            ("none", "Cancel"),
        )
    )
    return (
        '<div class="mm-hits"><strong id="mm-position" data-part="hits" role="status"></strong>'
        '<span data-part="chips" class="mm-chosen"></span>'
        '<span data-part="saved" id="mm-saved" class="mm-saved" role="status" data-state="saved">All saved</span></div>'
        '<p id="mm-resting" data-part="resting" class="small soft" hidden></p>'
        f'<div class="mm-tools" role="toolbar" aria-label="Tools">{made}'
        '<span class="mm-told" data-part="told" role="status" aria-live="polite"></span>'
        '<button type="button" class="mm-key" id="mm-retrain" data-part="retrain" data-do="retrain" disabled></button></div>'
        f'<div class="mm-tools mm-bulk" data-part="bulk" hidden><span data-part="picked" role="status"></span>{bulk}</div>'
    )


def _pager() -> str:
    return (
        '<div id="mm-pager" class="mm-pager"><button type="button" class="mm-key" data-part="back" data-do="back" '
        'id="mm-page-back" aria-label="Previous page">← Page</button><span data-part="pages" class="small soft"></span>'
        '<button type="button" class="mm-key" data-part="forward" data-do="forward" id="mm-page-forward" '
        'aria-label="Next page">Page →</button></div>'
    )


def _legend() -> str:
    keys = "".join(f"<li><kbd>{key}</kbd> {words}</li>" for key, words in LEGEND)
    return f'<ul class="mm-legend" aria-label="Keys">{keys}</ul>'
