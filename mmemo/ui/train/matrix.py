"""From what the text teacher says to what the face shows: a table of figures whose cells are as dark as they are large."""

from __future__ import annotations

from html import escape

import numpy as np

from mmemo.flow.review.teacher_matrix import TeacherMatrix, teacher_matrix
from mmemo.labels import EKMAN7
from mmemo.store.workspace import Workspace
from mmemo.teacher.resemblance import AUTO
from mmemo.ui.html import page_part
from mmemo.ui.text import amount, say

# The text in a cell keeps its contrast up to this much of the colour.
_DARKEST = 72


def show_matrix(workspace: Workspace, run_id: str | None) -> str:
    """The matrix of a run with everything that was said until now; nothing without a run."""
    if run_id is None:
        return ""
    found = teacher_matrix(workspace, run_id)
    if found is None:
        return page_part(f'<p class="small soft">{escape(say("train.matrix_none"))}</p>')
    words = [counts_words(found), say("train.matrix_how"), say("train.matrix_prior_why")]
    if found.corrections:
        words.append(say("train.matrix_bias"))
    paragraphs = "".join(f'<p class="small soft">{escape(one)}</p>' for one in words[1:])
    return page_part(f'<p class="small">{escape(words[0])}</p>', matrix_html(found), paragraphs)


def counts_words(found: TeacherMatrix) -> str:
    """How many corrections are in it, and on what they rest."""
    anchor = f" ({found.anchor})" if found.anchor not in ("", AUTO) else ""
    key = {0: "none", 1: "one"}.get(found.corrections, "many")
    return say(f"train.matrix_counts.{key}", n=amount(found.corrections), anchor=anchor)


def matrix_html(found: TeacherMatrix) -> str:
    """Rows = what the text says, columns = what the face shows, in %; the prior beneath."""
    heads = "".join(f'<th scope="col"><span>{name}</span></th>' for name in EKMAN7.labels)
    rows = "".join(_row(found, row) for row in range(len(EKMAN7)))
    prior = "".join(_cell(share, 0.0) for share in found.prior)
    corner = f'<th class="corner" rowspan="2">{escape(say("train.matrix_said"))}</th>'
    over = f'<th class="over" scope="colgroup" colspan="{len(EKMAN7)}">{escape(say("train.matrix_shows"))}</th>'
    name = escape(say("train.matrix"), quote=True)
    return (
        f'<div class="mm-scroll" tabindex="0" role="region" aria-label="{name}"><table class="mm-matrix mm-said">'
        f"<thead><tr>{corner}{over}</tr><tr>{heads}</tr></thead><tbody>{rows}"
        f'<tr class="prior"><th scope="row">{escape(say("train.matrix_prior"))}</th>{prior}</tr></tbody></table></div>'
    )


def _row(found: TeacherMatrix, row: int) -> str:
    corrected = float(found.counts[row].sum())
    counted = f" <small>({_whole(corrected)})</small>" if corrected >= 0.5 else ""
    cells = "".join(
        _cell(share, count, agrees=column == row)
        for column, (share, count) in enumerate(zip(found.shares[row], found.counts[row], strict=True))
    )
    return f'<tr><th scope="row">{EKMAN7.labels[row]}{counted}</th>{cells}</tr>'


def _cell(share: float, count: float, *, agrees: bool = False) -> str:
    css = ' class="agrees"' if agrees else ""
    counted = f"<small>({_whole(count)})</small>" if count >= 0.5 else ""
    colour = f"color-mix(in srgb, var(--mm-accent) {_DARKEST * float(share):.0f}%, var(--mm-sunk))"
    return f'<td{css} style="background:{colour}">{100 * share:.0f}{counted}</td>'


def _whole(count: float) -> str:
    return amount(int(np.rint(count)))
