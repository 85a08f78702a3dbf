"""The list of jobs on the Episode tab: every one that was ever asked for and not removed, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from mmemo.store.jobs import Job
from mmemo.ui.html import card
from mmemo.ui.jobs.words import address_of, bar_html, facts_of, message_of, resume_word, state_chip, title_of
from mmemo.ui.roles import FOR_LEADS
from mmemo.ui.text import say

LISTED = 100
# The list is drawn anew while a job works: a button that has the keyboard's focus keeps it.
LIST_SCRIPT = """
let focused = null;
element.addEventListener('focusin', (event) => {
  const button = event.target.closest('[data-act]');
  focused = button ? [button.dataset.job, button.dataset.act] : null;
});
element.addEventListener('focusout', (event) => { if (event.relatedTarget) focused = null; });
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-act]');
  if (button) trigger('select', {job: Number(button.dataset.job), act: button.dataset.act});
});
watch('value', () => {
  if (!focused || document.activeElement !== document.body) return;
  element.querySelector(`[data-job="${focused[0]}"][data-act="${focused[1]}"]`)?.focus({preventScroll: true});
});
"""


def list_html(jobs: Sequence[Job]) -> str:
    """A row a job with what can be done about it; nothing while there are none."""
    if not jobs:
        return ""
    rows = "".join(_row(job) for job in jobs)
    # A list that scrolls must be reached by the keyboard.
    name = say("jobs.jobs")
    listed = f'<ul class="mm-jobs" tabindex="0" aria-label="{escape(name, quote=True)}">{rows}</ul>'
    return f'<div class="mm">{card(listed, title=name)}</div>'


def _row(job: Job) -> str:
    address = address_of(job)
    title = f'<a href="{escape(address)}">{escape(title_of(job))}</a>' if address else escape(title_of(job))
    facts = "".join(f"<span>{escape(fact)}</span>" for fact in facts_of(job))
    told = message_of(job)
    message = f'<p class="small {"bad" if job.state == "failed" else "soft"}">{escape(told)}</p>' if told else ""
    return (
        f'<li data-state="{job.state}"><div class="mm-job-head"><strong>{title}</strong>{state_chip(job)}</div>'
        f'{bar_html(job)}<div class="mm-stats">{facts}</div>{message}<div class="mm-acts">{_acts(job)}</div></li>'
    )


def _acts(job: Job) -> str:
    if job.active:
        stopping = " disabled" if job.state == "cancelling" else ""
        return _button(job, "cancel", say("jobs.cancel"), stopping)
    resume = _button(job, "resume", resume_word(job)) if job.resumable else ""
    return resume + _button(job, "remove", say("jobs.remove"))


def _button(job: Job, act: str, word: str, more: str = "") -> str:
    name = escape(f"{word}: {title_of(job)}", quote=True)
    return f'<button type="button" class="{FOR_LEADS}" data-job="{job.job_id}" data-act="{act}" aria-label="{name}"{more}>{escape(word)}</button>'
