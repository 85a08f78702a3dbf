"""What a comparison shows, in sentences of the reader's language; in English those of the report."""

from __future__ import annotations

from mmemo.errors import MmemoError
from mmemo.evaluate.calibration import Reliability
from mmemo.evaluate.comparison import Comparison
from mmemo.evaluate.details import Details
from mmemo.evaluate.rows import MAJORITY, Row
from mmemo.evaluate.slices import FEW_FACES
from mmemo.evaluate.statistics import FEW_UNITS, direction
from mmemo.evaluate.words import points
from mmemo.flow.runs.choice import recipe_name, run_state, trained_ms
from mmemo.flow.runs.promotion import Chosen, Promotion, other_in_use, promotion_of
from mmemo.labels import EKMAN7
from mmemo.store.workspace import Workspace
from mmemo.ui.text import amount, say, words
from mmemo.ui.text.figures import as_written, figure, moment_words
from mmemo.ui.text.library import retold
from mmemo.ui.work import comparison_of

# Less than this on average is neither too sure nor not sure enough.
_HARDLY = 0.005


def verdict_words(comparison: Comparison) -> str:
    """One sentence: is the student better than the baseline, by how much, and how sure is that."""
    gain = comparison.gain
    units = units_words(gain.units, comparison.unit)
    accuracy = say(
        "compare.verdict.accuracy", value=as_written(points(gain.accuracy)), interval=_percent(gain.accuracy_ci95)
    )
    macro_f1 = say(
        "compare.verdict.macro_f1", value=figure(gain.macro_f1, 3, sign=True), interval=_plain(gain.macro_f1_ci95)
    )
    kind = str(gain.outcome)
    if kind == "none" and direction(gain.macro_f1_ci95) > 0:
        kind = "none_but"
    if kind == "unknown":
        kind = "unknown.one" if gain.units == 1 else "unknown.many"
    over = say("compare.verdict.over", units=units)
    return say(f"compare.verdict.{kind}", accuracy=accuracy, macro_f1=macro_f1, over=over, units=units, few=FEW_UNITS)


def units_words(n: int, unit: str) -> str:
    """A number of independent units: "20 tracks"."""
    return say(f"compare.unit.{unit}.{'one' if n == 1 else 'many'}", n=amount(n))


def row_title(row: Row) -> str:
    """A system's name; the majority row says which class it is, and one without a name of its own keeps what it has."""
    key = f"compare.row.{row.name}"
    if key not in words():
        return row.title
    if row.name == MAJORITY:
        return say(key, label=EKMAN7.labels[int(row.scores.confusion.sum(axis=0).argmax())])
    return say(key)


def row_why(row: Row) -> str:
    """What a system is, in a few words; empty for one that the app does not know."""
    key = f"compare.why.row.{row.name}"
    return say(key) if key in words() else ""


def sure_words(found: Reliability) -> str:
    """How well a system's own certainty can be believed, in one sentence."""
    if found.error <= 1.5 * found.by_chance:
        kind = "fits"
    elif abs(found.overconfidence) < _HARDLY:
        kind = "both"
    else:
        kind = "over" if found.overconfidence > 0 else "under"
    return say(
        f"compare.sure.{kind}",
        name=say(f"compare.row.{found.name}"),
        error=figure(100 * found.error, 1),
        chance=figure(100 * found.by_chance, 1),
        by=f"{100 * abs(found.overconfidence):.0f}",
        n=amount(found.n),
    )


def parts_words(details: Details) -> str:
    """How to read the table of parts."""
    told = [part for part in details.slices if not part.is_small]
    small = len(details.slices) - len(told)
    said = [say("compare.parts_why")]
    if small:
        said.append(say("compare.parts_small", small=small, all=len(details.slices), few=FEW_FACES))
    if len(told) > 1:
        said.append(say("compare.parts_chance", n=len(told)))
    return " ".join(said)


def slice_word(text: str) -> str:
    """A word of the table of parts in the reader's language; names of people and emotions stay as they are."""
    return translated("compare.slice.").get(text, text)


def translated(prefix: str) -> dict[str, str]:
    """{what the library says in English: what the reader's language says} for the keys of a group without values."""
    keys = [key for key in words() if key.startswith(prefix) and "{" not in words()[key]["en"]]
    return {words()[key]["en"]: say(key) for key in keys}


def run_title(workspace: Workspace, run_id: str) -> str:
    """A run in a menu, what tells it from others first: "proven · 20 Nov 13:43 · calibrated fusion"."""
    state = run_state(workspace, run_id)
    recipe = str(workspace.run_config(run_id).get("train", {}).get("recipe", run_id))
    when = moment_words(trained_ms(workspace, run_id))
    return f"{translated('compare.run.').get(state, state)} · {when} · {recipe_name(recipe)}"


def use_words(workspace: Workspace, run_id: str) -> tuple[str, str]:
    """Whether a run's student answers by default, and why; empty where the run's verdict, which stands above it, says so."""
    promotion = promotion_of(workspace, run_id)
    why = "" if _decided_by(workspace, run_id, promotion) else why_words(workspace, run_id, promotion)
    other = other_in_use(workspace, run_id)
    if not promotion.promoted:
        if other is None:
            return say("compare.state.aside"), why
        return say("compare.state.aside_other", other=moment_words(trained_ms(workspace, other.run_id))), why
    if other is not None:
        key = "compare.state.behind_chosen" if promotion.by_person else "compare.state.behind"
        state = say(key, other=moment_words(trained_ms(workspace, other.run_id)))
        of_this = f" {say('compare.why.of_this', why=why)}" if why else ""
        return state, f"{chosen_words(workspace, other)}{of_this}"
    return say("compare.state.used" if promotion.measured else "compare.state.unmeasured"), why


def chosen_words(workspace: Workspace, chosen: Chosen) -> str:
    """Why a run answers by default, in one or two sentences."""
    first = say(f"compare.why.{chosen.reason}", n=chosen.among) + ". " if chosen.reason in ("best", "newest") else ""
    return f"{first}{why_words(workspace, chosen.run_id, promotion_of(workspace, chosen.run_id))}"


def why_words(workspace: Workspace, run_id: str, promotion: Promotion) -> str:
    """Why a student is promoted or not, in one sentence."""
    if promotion.by_person:
        return say("compare.why.promoted" if promotion.promoted else "compare.why.taken_back") + "."
    if not promotion.measured:
        alarm = workspace.run_config(run_id).get("collapse")
        return f"{_capital(retold(promotion.why)) if alarm else say('compare.why.uncompared')}."
    comparison = _decided_by(workspace, run_id, promotion)
    return f"{_capital(retold(promotion.why))}." if comparison is None else verdict_words(comparison)


def _decided_by(workspace: Workspace, run_id: str, promotion: Promotion) -> Comparison | None:
    """The comparison whose verdict is the reason of a promotion; None where the reason is another."""
    try:
        comparison = comparison_of(workspace, run_id)
    except MmemoError:
        return None
    if comparison is None or promotion.why.lower() != comparison.verdict().rstrip(".").lower():
        return None
    return comparison


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _percent(interval: tuple[float, float] | None) -> str:
    return (
        say("compare.interval", low=as_written(points(interval[0])), high=as_written(points(interval[1])))
        if interval
        else ""
    )


def _plain(interval: tuple[float, float] | None) -> str:
    return (
        say("compare.interval", low=figure(interval[0], 3, sign=True), high=figure(interval[1], 3, sign=True))
        if interval
        else ""
    )
