"""Two runs against each other, in one sentence and one table."""

from __future__ import annotations

from html import escape

from mmemo.evaluate.rows import Row
from mmemo.evaluate.statistics import FEW_UNITS
from mmemo.evaluate.words import percent, points
from mmemo.flow.runs.choice import TwoRuns, compare_runs
from mmemo.store.workspace import Workspace
from mmemo.ui.compare.table import rows_html
from mmemo.ui.compare.words import run_title
from mmemo.ui.html import card, page_part
from mmemo.ui.text import amount, say
from mmemo.ui.text.figures import as_written


def against_html(workspace: Workspace, first: str, second: str) -> str:
    """What tells two runs apart. InputError when they share no face."""
    two = compare_runs(workspace, first, second)
    parts = [f"<h3>{escape(verdict_words(two))}</h3>", f'<p class="small soft">{escape(shares_words(two))}</p>']
    if two.scores is not None:
        keys = ("compare.two.first_run", "compare.two.second_run")
        names = [say(key, name=run_title(workspace, run)) for key, run in zip(keys, (first, second), strict=True)]
        rows = [Row(name, scores) for name, scores in zip(names, two.scores, strict=True)]
        parts.append(rows_html(rows, say("compare.two.title")))
    return page_part(card(*parts))


def verdict_words(two: TwoRuns) -> str:
    """Which one is better, by how much, and how sure is that, in one sentence."""
    if two.gain is None:
        return say("compare.two.no_gold")
    interval = ""
    if two.gain.accuracy_ci95 is not None:
        low, high = (as_written(points(bound)) for bound in two.gain.accuracy_ci95)
        interval = say("compare.interval", low=low, high=high)
    by = say(
        "compare.two.by", accuracy=as_written(points(two.gain.accuracy)), interval=interval, n=amount(two.gain.units)
    )
    return say(f"compare.two.{two.gain.outcome}", by=by, few=FEW_UNITS)


def shares_words(two: TwoRuns) -> str:
    """How alike two runs are, in one sentence."""
    return say(
        "compare.two.shares",
        n=amount(two.faces),
        agree=as_written(percent(two.agree)),
        apart=as_written(percent(two.apart)),
    )
