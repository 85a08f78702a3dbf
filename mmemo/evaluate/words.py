"""What the figures mean, in plain sentences that claim no more than was shown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmemo.evaluate.metrics import Scores
from mmemo.evaluate.rows import MAJORITY, Row
from mmemo.evaluate.statistics import FEW_UNITS, Gain, Interval, Outcome, direction
from mmemo.labels import EKMAN7

WEAK_CLASS_EXAMPLES = 5

HEADLINES: dict[Outcome, str] = {
    "gain": "Proven gain",
    "loss": "Proven loss",
    "mixed": "No proven gain",
    "none": "No proven gain",
    "unknown": "No proven gain",
}


@dataclass(frozen=True, slots=True)
class SyncSaid:
    """What the sync check says to people: a tone ("good", "amber", "bad", ""), a headline, a sentence, and the parts
    {from_ms, offset_ms, ratio} when times were or might be moved.
    """

    tone: str
    headline: str
    sentence: str
    parts: tuple[Mapping[str, Any], ...] = ()


_SYNC_HEADLINES = {
    "not_checked": ("", "Not checked", "Nothing was moved"),
    "in_sync": ("good", "In sync", "Nothing was moved"),
    "shifted": ("amber", "Seems to be off", "Nothing was moved, as asked"),
    "unsure": ("amber", "Not sure", "Nothing was moved"),
    "hopeless": ("bad", "Does not belong to this sound", "Nothing was moved"),
}


def sync_said(sync: Mapping[str, Any] | None) -> SyncSaid:
    """what an account says of the sync check; None when there was none."""
    if sync is None:
        return SyncSaid("", "Not checked", "The times were not held against the speech. Nothing was moved.")
    outcome = str(sync.get("outcome"))
    tone, headline, moved = _SYNC_HEADLINES.get(outcome, ("", outcome.replace("_", " "), ""))
    parts = tuple(sync.get("parts") or ())
    if sync.get("applied"):
        tone, headline, moved = "good", "Moved to fit the sound", "All cues were moved as the table says"
    why = str(sync.get("why") or "").strip().rstrip(".")
    said = ". ".join(filter(None, [f"{why[:1].upper()}{why[1:]}", moved]))
    return SyncSaid(tone, headline, f"{said}.", () if outcome in ("in_sync", "not_checked") else parts)


def verdict(gain: Gain, unit: str) -> str:
    """One sentence: is the student better than the baseline, by how much, and how sure is that."""
    over = f"over {counted(gain.units, unit)}"
    accuracy = f"{points(gain.accuracy)} points of accuracy{_percent_interval(gain.accuracy_ci95)}"
    macro_f1 = f"{gain.macro_f1:+.3f} macro-F1{_plain_interval(gain.macro_f1_ci95)}"
    head = HEADLINES[gain.outcome]
    if gain.outcome == "gain":
        return f"{head}: {accuracy} and {macro_f1}, {over}."
    if gain.outcome == "loss":
        return f"{head}: {accuracy} and {macro_f1}, {over}. The baseline is the better choice here."
    if gain.outcome == "mixed":
        return f"{head}: {accuracy}, but {macro_f1}, {over}: one rose and one fell beyond chance."
    if gain.outcome == "unknown":
        few = f"{counted(gain.units, unit)} {'is' if gain.units == 1 else 'are'} too few units to tell"
        return f"{head}: {few} (at least {FEW_UNITS} are needed); measured were {accuracy} and {macro_f1}."
    tail = "; macro-F1 alone rose beyond chance" if direction(gain.macro_f1_ci95) > 0 else ""
    return f"{head}: {accuracy} and {macro_f1}, {over}: the interval of the accuracy gain contains 0{tail}."


def notes_on(
    rows: Sequence[Row], gain: Gain, unit: str, student: str, baseline: str, alarm: str | None
) -> tuple[str, ...]:
    """What a reader must know before trusting the table, the most serious first."""
    by_name = {row.name: row for row in rows}
    majority, trained, rival = by_name[MAJORITY], by_name[student], by_name[baseline]
    notes = [f"On this gold, {alarm}."] if alarm else []
    notes += [_below_majority(row, majority) for row in (trained, rival) if row.scores.accuracy < _accuracy(majority)]
    notes += _thin_gold(trained.scores)
    if gain.units < FEW_UNITS:
        notes.append(
            f"Only {counted(gain.units, unit)}: intervals over fewer than {FEW_UNITS} independent units are too "
            "narrow to be trusted, so nothing is called proven."
        )
    notes.append(f"The majority row always says {_majority_label(majority)}, the most common label of this very gold.")
    notes += [
        f"{row.title} has an opinion on {row.scores.n} of {trained.scores.n} examples and is scored on those."
        for row in rows
        if row.scores.n < trained.scores.n
    ]
    return tuple(notes)


def counted(n: int, noun: str) -> str:
    """A number and its noun: "1 track", "20 tracks"."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def points(share: float) -> str:
    """A difference of shares in signed percentage points, one decimal: 0.123 -> "+12.3"."""
    text = f"{100 * share:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def typographic(text: str) -> str:
    """The text with a true minus sign before figures."""
    return re.sub(r"-(?=\d)", "\u2212", text)


def percent(share: float | None) -> str:
    """A share in percent, one decimal: 0.123 -> "12.3"; None -> a dash."""
    return "–" if share is None else f"{100 * share:.1f}"


def _percent_interval(interval: Interval | None) -> str:
    return f" [95 % CI {points(interval[0])} to {points(interval[1])}]" if interval else ""


def _plain_interval(interval: Interval | None) -> str:
    return f" [95 % CI {interval[0]:+.3f} to {interval[1]:+.3f}]" if interval else ""


def _accuracy(row: Row) -> float:
    return row.scores.accuracy


def _majority_label(majority: Row) -> str:
    return EKMAN7.labels[int(majority.scores.confusion.sum(axis=0).argmax())]


def _below_majority(row: Row, majority: Row) -> str:
    return (
        f"{row.title} ({percent(_accuracy(row))} %) is below the majority class "
        f"({percent(_accuracy(majority))} %): always saying the same word would be right more often."
    )


def _thin_gold(scores: Scores) -> list[str]:
    support = dict(zip(EKMAN7.labels, scores.confusion.sum(axis=1).tolist(), strict=True))
    present = {label: n for label, n in support.items() if n}
    notes = []
    if len(present) < 2:
        notes.append(f"Gold holds only {next(iter(present))}: telling classes apart was not tested.")
    weak = [f"{label} ({n})" for label, n in present.items() if n < WEAK_CLASS_EXAMPLES]
    if weak:
        notes.append(f"Fewer than {WEAK_CLASS_EXAMPLES} gold examples of {', '.join(weak)}: their recall says little.")
    absent = [label for label, n in support.items() if not n]
    if absent and len(present) > 1:
        notes.append(f"Gold holds no {', '.join(absent)}: macro-F1 averages over the other {len(present)} classes.")
    return notes
