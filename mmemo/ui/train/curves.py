"""The curves of a training as a small drawing that takes the page's own colours, while it goes on and afterwards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import pandas as pd

from mmemo.flow.student.live_curves import Curves, kept_curves, live_curves
from mmemo.store.jobs import Job
from mmemo.store.workspace import Workspace
from mmemo.ui.html import card, page_part
from mmemo.ui.text import say
from mmemo.ui.text.figures import figure

_WIDTH, _HEIGHT = 640, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 28, 44
_ALL = -1
_TICKS = 4
_LINES = (("train_loss", "train"), ("val_loss", "held"))


def show_curves(workspace: Workspace, run_id: str | None, job: Job | None, when: str) -> str:
    """The curves of the job at work, else those that the run keeps; nothing without either."""
    live = live_curves(workspace, job) if job is not None else None
    if live is not None:
        return _framed(_now(live), live)
    if run_id is None:
        return ""
    kept = kept_curves(workspace, run_id)
    if kept is None:
        return page_part(card(f'<p class="soft">{escape(say("train.curves_none"))}</p>', title=say("train.curves")))
    return _framed(say("train.curves_of", when=when), kept)


def curves_svg(table: pd.DataFrame) -> str:
    """Losses by epoch as one <svg>: a thin line a fold, a thick one for the student of all faces, a dot where it is kept."""
    frame = _Frame.of(table)
    lines = []
    for column, css in _LINES:
        for fold, part in table.groupby("fold"):
            known = part.dropna(subset=[column])
            if not known.empty:
                lines.append(_line(frame, known, column, f"{css} all" if fold == _ALL else css))
    name = escape(say("train.curves"), quote=True)
    return (
        f'<svg class="mm-curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{name}">'
        f"{_axes(frame)}{''.join(lines)}</svg>"
    )


def figures_html(table: pd.DataFrame) -> str:
    """The same in figures: of every student how many epochs it took, and its losses."""
    heads = "".join(f'<th scope="col" class="num">{escape(say(key))}</th>' for key in _FIGURES)
    order = sorted(table["fold"].unique().tolist(), key=lambda fold: (fold == _ALL, fold))
    rows = "".join(_figures_row(table[table["fold"] == fold], int(fold)) for fold in order)
    return (
        f'<div class="mm-scroll" tabindex="0" role="region" aria-label="{escape(say("train.figures"), quote=True)}">'
        f'<table class="mm-table"><thead><tr><th scope="col">{escape(say("train.student"))}</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


_FIGURES = ("train.epochs", "train.loss_last", "train.loss_best")


def _figures_row(part: pd.DataFrame, fold: int) -> str:
    name = say("train.all_faces") if fold == _ALL else say("train.fold", n=fold + 1)
    held = part["val_loss"].dropna()
    cells = (str(len(part)), figure(part["train_loss"].iloc[-1], 3), figure(held.min(), 3) if len(held) else "–")
    return (
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"""<td class="num">{cell}</td>""" for cell in cells)}</tr>'
    )


def _framed(title: str, curves: Curves) -> str:
    css = "mm-live" if curves.running else ""
    table = curves.table
    head = f'<p class="small {css}" role="status">{escape(title)}</p>'
    if table.empty:
        return page_part(card(head, title=say("train.curves")))
    held = table["val_loss"].notna().any()
    key = _key("held", "train.held_out") + _key("train", "train.in_training") if held else _key("train", "train.loss")
    why = say("train.curves_why") if held else say("train.nothing_held_out")
    details = f"<details><summary>{escape(say('train.figures'))}</summary>{figures_html(table)}</details>"
    return page_part(
        card(
            head,
            f'<p class="mm-curve-key small">{key}</p>',
            curves_svg(table),
            f'<p class="small soft">{escape(why)}</p>',
            details,
            title=say("train.curves"),
        )
    )


def _key(css: str, words: str) -> str:
    return f'<span><i class="{css}"></i>{escape(say(words))}</span>'


def _now(live: Curves) -> str:
    if live.table.empty:
        return say("train.curves_begin")
    last = live.table.iloc[-1]
    done = live.table["fold"].nunique()
    return say("train.curves_live", done=done, students=live.students, epoch=int(last["epoch"]) + 1)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What the axes span, in epochs and in loss."""

    epochs: int
    low: float
    high: float

    @classmethod
    def of(cls, table: pd.DataFrame) -> _Frame:
        values = pd.concat([table["train_loss"], table["val_loss"]]).dropna()
        low, high = float(values.min()), float(values.max())
        room = max(high - low, 1e-3) * 0.06
        return cls(max(int(table["epoch"].max()), 1), max(low - room, 0.0), high + room)

    def x(self, epoch: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * epoch / self.epochs

    def y(self, loss: float) -> float:
        return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (self.high - loss) / (self.high - self.low)


def _line(frame: _Frame, part: pd.DataFrame, column: str, css: str) -> str:
    places = [(frame.x(e), frame.y(v)) for e, v in zip(part["epoch"], part[column], strict=True)]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    drawn = f'<polyline class="{css}" points="{points}"/>'
    if column == "val_loss":
        x, y = places[int(part[column].to_numpy().argmin())]
        drawn += f'<circle class="{css}" cx="{x:.1f}" cy="{y:.1f}" r="{4 if "all" in css else 2.5}"/>'
    elif len(places) == 1:  # a line of one point is not seen
        drawn += f'<circle class="{css}" cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="2.5"/>'
    return drawn


def _axes(frame: _Frame) -> str:
    bottom = _HEIGHT - _BOTTOM
    losses = [frame.low + (frame.high - frame.low) * n / _TICKS for n in range(_TICKS + 1)]
    digits = max(1, min(3, 1 - math.floor(math.log10(max(frame.high - frame.low, 1e-6)))))
    rows = "".join(
        f'<path class="grid" d="M{_LEFT} {frame.y(v):.1f}H{_WIDTH - _RIGHT}"/>'
        f'<text x="{_LEFT - 6}" y="{frame.y(v) + 4:.1f}" text-anchor="end">{figure(v, digits)}</text>'
        for v in losses
    )
    columns = "".join(
        f'<text x="{frame.x(e):.1f}" y="{bottom + 17}" text-anchor="middle">{e + 1}</text>'
        for e in _whole(frame.epochs)
    )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    names = (
        f'<text x="{middle:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(say("train.epoch"))}</text>'
        f'<text x="{_LEFT}" y="16">{escape(say("train.loss"))}</text>'
    )
    return f"{rows}{columns}{names}"


def _whole(last: int) -> Sequence[int]:
    """Some epochs from the first to the last, evenly apart."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 10_000) if last / step <= 9)
    return range(0, last + 1, step)
