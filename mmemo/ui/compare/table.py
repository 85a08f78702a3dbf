"""Systems under each other, and baseline and student by emotion, as tables that a phone can show whole."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from mmemo.evaluate.comparison import Comparison
from mmemo.evaluate.rows import IMAGE_ONLY, STUDENT, Row
from mmemo.evaluate.words import percent, points
from mmemo.labels import EKMAN7
from mmemo.ui.compare.words import row_title, row_why, units_words
from mmemo.ui.html import card
from mmemo.ui.text import amount, say
from mmemo.ui.text.figures import as_written, figure
from mmemo.ui.text.library import retold


def table_html(comparison: Comparison) -> str:
    """All systems on the same gold, in percent, the gain with its intervals beneath."""
    gain = comparison.gain
    accuracy = as_written(points(gain.accuracy)) + _interval(gain.accuracy_ci95, 100, 1)
    macro_f1 = figure(gain.macro_f1, 3, sign=True) + _interval(gain.macro_f1_ci95, 1, 3)
    units = units_words(gain.units, comparison.unit)
    line = say("compare.gain_line", accuracy=accuracy, macro_f1=macro_f1, units=units)
    return (
        f"{rows_html(comparison.rows, say('compare.systems'), why=True)}"
        f'<p class="small">{escape(line)}</p><p class="small soft">{escape(say("compare.terms"))}</p>'
    )


def rows_html(rows: Sequence[Row], name: str, *, why: bool = False) -> str:
    """Systems under each other; on a phone each one is a block with all its figures, so that none is out of sight."""
    heads = "".join(f'<th scope="col" class="num">{escape(label)}</th>' for label in EKMAN7.labels)
    figures = "".join(
        f'<th scope="col" class="num">{escape(say(key))}</th>'
        for key in ("compare.faces", "compare.accuracy", "compare.macro_f1")
    )
    body = "".join(_row_html(row, why) for row in rows)
    return (
        f'<div class="mm-scroll mm-systems" tabindex="0" role="region" aria-label="{escape(name, quote=True)}">'
        f'<table class="mm-table mm-stacked"><thead><tr><th scope="col">{escape(say("compare.recall_in"))}</th>{figures}'
        f"{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def classes_html(comparison: Comparison) -> str:
    """Baseline and student by emotion: how much is found, and how much of what is said is right."""
    both = [comparison.row(name) for name in (IMAGE_ONLY, STUDENT)]
    confusions = [row.scores.confusion.astype(np.float64) for row in both if row is not None]
    if len(confusions) < 2:
        return ""
    keys = ("compare.class.gold", "compare.class.found", "compare.class.right")
    heads = "".join(f'<th scope="col" class="num">{escape(say(key))}</th>' for key in keys)
    rows = "".join(_class_html(label, n, confusions, keys) for n, label in enumerate(EKMAN7.labels))
    title = say("compare.classes")
    table = (
        f'<div class="mm-scroll" tabindex="0" role="region" aria-label="{escape(title, quote=True)}">'
        f'<table class="mm-table mm-stacked mm-three"><thead><tr><th scope="col">{escape(say("compare.class"))}</th>{heads}</tr>'
        f"</thead><tbody>{rows}</tbody></table></div>"
    )
    return card(f'<p class="small soft">{escape(say("compare.classes_why"))}</p>', table, title=title)


def _class_html(label: str, n: int, confusions: Sequence[np.ndarray], keys: Sequence[str]) -> str:
    found = [_share(confusion[n, n], confusion[n].sum()) for confusion in confusions]
    right = [_share(confusion[n, n], confusion[:, n].sum()) for confusion in confusions]
    figures = (amount(int(confusions[0][n].sum())), " → ".join(found), " → ".join(right))
    cells = "".join(
        f'<td class="num" data-head="{escape(say(key), quote=True)}">{figure}</td>'
        for key, figure in zip(keys, figures, strict=True)
    )
    return f'<tr><th scope="row">{escape(label)}</th>{cells}</tr>'


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "–"


def _row_html(row: Row, why: bool) -> str:
    css = ' class="sum"' if row.name == STUDENT else ""
    figures = [
        (say("compare.faces"), amount(row.scores.n)),
        (say("compare.accuracy"), as_written(percent(row.scores.accuracy))),
        (say("compare.macro_f1"), figure(row.scores.macro_f1, 3)),
        *((label, as_written(percent(row.scores.recall[label]))) for label in EKMAN7.labels),
    ]
    cells = "".join(f'<td class="num" data-head="{escape(head, quote=True)}">{figure}</td>' for head, figure in figures)
    said = [one for one in (row_why(row) if why else "", retold(row.note)) if one]
    note = f'<span class="why">{escape("; ".join(said))}</span>' if said else ""
    return f'<tr{css}><th scope="row">{escape(row_title(row))}{note}</th>{cells}</tr>'


def _interval(interval: tuple[float, float] | None, scale: float, digits: int) -> str:
    if not interval:
        return ""
    low, high = (figure(scale * bound, digits, sign=True) for bound in interval)
    return f" [{low}{'; ' if ',' in low else ', '}{high}]"
