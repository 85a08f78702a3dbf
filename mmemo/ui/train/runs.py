"""The runs of an episode as a list: what each did and gained, a note, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from mmemo.errors import InputError
from mmemo.evaluate.words import points
from mmemo.flow.runs.choice import recipe_name
from mmemo.flow.runs.listing import RunCard, run_cards
from mmemo.flow.runs.notes import MAX_NOTE_CHARACTERS, write_note
from mmemo.flow.runs.promotion import promote
from mmemo.store.workspace import Workspace
from mmemo.ui.html import card, page_part
from mmemo.ui.roles import FOR_ANNOTATORS, FOR_LEADS
from mmemo.ui.text import amount, say
from mmemo.ui.text.figures import as_written, moment_words
from mmemo.ui.train.form import network_words

SHOW, AGAINST, USE, STOP, NOTE = "show", "against", "use", "stop", "note"
# A note is sent with the run that it was typed for. The page is patched, not rebuilt, when the answer comes, so fields
# take what is kept, but for the one that somebody is typing in by then; a button that has the focus keeps it.
RUNS_SCRIPT = """
let typedFor = null, focused = null;
element.addEventListener('focusin', (event) => {
  const button = event.target.closest('button[data-act]');
  focused = button ? [button.dataset.run, button.dataset.act] : null;
});
element.addEventListener('focusout', (event) => { if (event.relatedTarget) focused = null; });
element.addEventListener('click', (event) => {
  const button = event.target.closest('button[data-act]');
  if (button) trigger('select', {act: button.dataset.act, run: button.dataset.run, note: ''});
});
element.addEventListener('input', (event) => { typedFor = event.target.dataset.run; });
element.addEventListener('keydown', (event) => { if (event.key === 'Enter' && event.target.matches('input')) event.target.blur(); });
element.addEventListener('change', (event) => {
  const field = event.target.closest('input[data-run]');
  if (field && field.dataset.run === typedFor) trigger('select', {act: 'note', run: field.dataset.run, note: field.value});
});
watch('value', () => {
  for (const field of element.querySelectorAll('input[data-run]'))
    if (field !== document.activeElement || field.dataset.run !== typedFor) field.value = field.getAttribute('value');
  if (focused && document.activeElement === document.body)
    element.querySelector(`button[data-run="${focused[0]}"][data-act="${focused[1]}"]`)?.focus({preventScroll: true});
});
"""


@dataclass(frozen=True, slots=True)
class RunAct:
    """What a person did in the list: the act, the run that it is about, and the note that was typed."""

    act: str
    run_id: str
    note: str = ""


def show_runs(workspace: Workspace, episode_id: str | None, run_id: str | None) -> str:
    """The list of an episode's runs; nothing without any."""
    cards = run_cards(workspace, episode_id) if episode_id is not None else []
    return runs_html(cards, run_id) if cards else ""


def runs_html(cards: Sequence[RunCard], shown: str | None) -> str:
    """A row a run, the newest first."""
    rows = "".join(_row(one, one.run_id == shown) for one in cards)
    return page_part(card(f'<ul class="mm-runs">{rows}</ul>', title=say("train.runs")))


def change_run(workspace: Workspace, asked: RunAct, who: str) -> None:
    """Keep what the list says of a run: a note, or whether its student is used by default. InputError for nonsense."""
    if asked.act == NOTE:
        write_note(workspace, asked.run_id, asked.note, who)
    elif asked.act in (USE, STOP):
        promote(workspace, asked.run_id, asked.act == USE, who)
    else:
        raise InputError(f"nothing here does {asked.act[:40]!r}", hint="reload the page")


def gain_words(one: RunCard) -> str:
    """What a run gained over the baseline, with its interval."""
    if one.gain is None:
        return say("train.unmeasured_why")
    interval = ""
    if one.gain.accuracy_ci95 is not None:
        low, high = (as_written(points(bound)) for bound in one.gain.accuracy_ci95)
        interval = say("train.interval", low=low, high=high)
    return say(
        "train.gain_is", accuracy=as_written(points(one.gain.accuracy)), interval=interval, n=amount(one.gain.units)
    )


def outcome(one: RunCard) -> str:
    """In one word what was proven of a run: a key below train.gain."""
    return "unmeasured" if one.gain is None else one.gain.outcome


def _row(one: RunCard, shown: bool) -> str:
    what = outcome(one)
    chips = _chip(what, say(f"train.gain.{what}"))
    chips += _chip("used", say("train.in_use")) if one.in_use else ""
    chips += _chip("shown", say("train.shown")) if shown else ""
    facts = [recipe_name(one.recipe), network_words(one)]
    if one.corrections is not None:
        key = "train.corrections.one" if one.corrections == 1 else "train.corrections.many"
        facts.append(say(key, n=amount(one.corrections)))
    facts.append(say("train.seed_is", n=one.seed))
    listed = "".join(f"<span>{escape(fact)}</span>" for fact in facts)
    current = ' aria-current="true"' if shown else ""
    return (
        f'<li{current}><div class="mm-run-head"><strong>{escape(moment_words(one.trained_ms))}</strong>{chips}</div>'
        f'<div class="mm-stats">{listed}</div><p class="small">{escape(gain_words(one))}{_by_person(one)}</p>'
        f'{_note(one)}<div class="mm-acts">{_acts(one, shown)}</div></li>'
    )


def _chip(css: str, words: str) -> str:
    return f'<span class="mm-state run-{css}">{escape(words)}</span>'


def _by_person(one: RunCard) -> str:
    if not one.promotion.by_person:
        return ""
    key = "train.person.use" if one.promotion.promoted else "train.person.stop"
    return f" · {escape(say(key))}"


def _note(one: RunCard) -> str:
    note = "" if one.note is None else one.note.note
    by = (
        ""
        if one.note is None
        else f'<span class="small soft">{escape(say("train.note_by", name=one.note.annotator))}</span>'
    )
    name = escape(say("train.note_of", when=moment_words(one.trained_ms)), quote=True)
    return (
        f'<div class="mm-run-note"><span class="{FOR_ANNOTATORS}">{escape(note)}</span>'
        f'<input type="text" class="{FOR_LEADS}" value="{escape(note, quote=True)}" aria-label="{name}" '
        f'placeholder="{escape(say("train.note_hint"), quote=True)}" maxlength="{MAX_NOTE_CHARACTERS}" autocomplete="off" '
        f'data-run="{escape(one.run_id, quote=True)}">{by}</div>'
    )


def _acts(one: RunCard, shown: bool) -> str:
    used = (STOP, "train.stop") if one.promotion.promoted and one.in_use else (USE, "train.use")
    acts = [(SHOW, "train.show"), (AGAINST, "train.put_against")]
    acts = acts[1:] if shown else acts
    return "".join(_button(one, act, say(key)) for act, key in [*acts, used])


def _button(one: RunCard, act: str, words: str) -> str:
    name = escape(f"{words}: {moment_words(one.trained_ms)}, {recipe_name(one.recipe)}", quote=True)
    run_id = escape(one.run_id, quote=True)
    css = "" if act in (SHOW, AGAINST) else f' class="{FOR_LEADS}"'
    return (
        f'<button type="button"{css} data-act="{act}" data-run="{run_id}" aria-label="{name}">{escape(words)}</button>'
    )
